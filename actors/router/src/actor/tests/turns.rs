//! Namespaces that take turns at being planned (issue 17, section 1).

use super::*;

fn of_namespace(namespace: &str, reason: &str) -> Event {
    let involved_object = ObjectRef { namespace: namespace.into(), ..event().involved_object };
    Event { involved_object, ..super::reason(reason) }
}

/// An Alert on objects of these namespaces.
fn on(namespaces: &[&str]) -> Alert {
    let of = |namespace: &&str| EventSource { namespace: (*namespace).into(), ..source() };
    Alert { sources: namespaces.iter().map(of).collect(), ..alert() }
}

/// What the router is flooded with before it comes to anything: all of it is in its mailbox at once.
fn flood(rig: &Rig, count: usize) -> Vec<oneshot::Receiver<Result<(), SubmitError>>> {
    (0..count).map(|at| rig.submit(of_namespace("flood", &format!("flood {at}")))).collect()
}

#[test]
fn issue_17_an_event_waits_for_one_of_a_flood_and_not_for_all() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![on(&["flood", "web"])]).await;
        let mut answers = flood(&rig, 100);
        answers.extend(["small", "smaller"].map(|name| rig.submit(of_namespace("web", name))));
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        let delivered = rig.delivered().await;
        assert_eq!(delivered[..5], ["flood 0", "small", "flood 1", "smaller", "flood 2"]);
        let of_flood: Vec<_> = (0..100).map(|at| format!("flood {at}")).collect();
        let is_of_flood = |name: &String| name.starts_with("flood");
        assert_eq!(delivered.into_iter().filter(is_of_flood).collect::<Vec<_>>(), of_flood, "in their order");
        assert_eq!(rig.snapshot().await.queued, 0);
    });
}

#[test]
fn issue_17_an_event_that_comes_while_a_flood_is_planned_waits_for_one_turn() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![on(&["web"])]).await;
        let mut answers = flood(&rig, 2000);
        let (first, router) = (answers.remove(0), rig.router.clone());
        let late = tokio::task::spawn_local(async move {
            first.await.unwrap().unwrap();
            let planned = async || router.send(GetSnapshot::new()).await.unwrap().events.discarded;
            let before = planned().await;
            let (reply, answer) = oneshot::channel();
            let event = Arc::new(of_namespace("web", "late"));
            router.do_send(Submit {
                event,
                peer: None,
                accepted_at: noon(),
                reply,
                span: tracing::Span::none(),
            });
            answer.await.unwrap().unwrap();
            (before, planned().await)
        });
        let (before, after) = late.await.unwrap();
        assert!(before < 500, "others get the thread in between: {before}");
        assert!(
            after - before < 500,
            "and an event that comes then does not wait for all: {before} to {after}"
        );
        assert_eq!(rig.delivered().await, ["late"]);
    });
}

#[test]
fn issue_17_an_event_does_not_wait_for_a_flood_that_the_disk_is_behind_with() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![on(&["flood", "web"])]).await;
        rig.outbox.hold_appends(true);
        let mut answers = flood(&rig, 600);
        while rig.snapshot().await.queued < 300 {
            tokio::task::yield_now().await;
        }
        answers.push(rig.submit(of_namespace("web", "small")));
        rig.snapshot().await;
        rig.outbox.hold_appends(false);
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        let delivered = rig.delivered().await;
        let place = delivered.iter().position(|name| name == "small").unwrap();
        assert!(
            (1..300).contains(&place),
            "it waits for what was given to the disk before, and for no more: {place}"
        );
        assert_eq!(delivered.len(), 601);
    });
}

#[test]
fn issue_17_of_too_many_that_wait_those_of_the_flood_are_refused() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![]).await;
        let first = rig.submit(of_namespace("web", "first"));
        let mut answers = flood(&rig, 4096);
        let late: Vec<_> = (0..50).map(|at| rig.submit(of_namespace("web", &format!("late {at}")))).collect();
        answers.extend(flood(&rig, 1));
        for answer in late.into_iter().chain([first]) {
            assert_eq!(answer.await.unwrap(), Ok(()), "who has less is not refused");
        }
        let mut refused = 0;
        for answer in answers {
            refused += usize::from(answer.await.unwrap() == Err(SubmitError::Unavailable));
        }
        assert_eq!(refused, 1 + 50 + 1, "and no more of the flood than there is no room for");
    });
}

#[test]
fn issue_17_events_of_no_namespace_count_for_the_addresses_that_they_come_from() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![on(&[""])]).await;
        let from = |last: u8, name: &str| {
            let (reply, answer) = oneshot::channel();
            let event = Arc::new(of_namespace("", name));
            let (peer, span) = (Some([10, 0, 0, last].into()), tracing::Span::none());
            rig.router.do_send(Submit { event, peer, accepted_at: noon(), reply, span });
            answer
        };
        let mut answers: Vec<_> = (0..9).map(|at| from(1, &format!("flood {at}"))).collect();
        answers.push(from(2, "small"));
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        assert_eq!(rig.delivered().await[..3], ["flood 0", "small", "flood 1"]);
    });
}
