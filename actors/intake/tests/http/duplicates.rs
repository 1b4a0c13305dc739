//! The duplicate window as senders see it (contract, control plane 14.2), and what it does while an event is being
//! stored.

use campanile_domain::{Event, ObjectRef, Severity};
use campanile_protocol::SubmitError;
use campanile_testkit::event;

use crate::bench::{Bench, Script, about, post, run};

fn object(number: &str) -> Event {
    let object = ObjectRef { name: number.into(), namespace: number.into(), ..event().involved_object };
    Event { involved_object: object, message: "Health check passed".into(), ..event() }
}

fn with(mut event: Event, key: &str, value: &str) -> Event {
    event.metadata.insert(format!("kustomize.toolkit.fluxcd.io/{key}"), value.into());
    event
}

async fn accepted(bench: &Bench, event: &Event) -> bool {
    let answer = bench.post(event).await;
    match answer.status {
        202 => true,
        429 => {
            assert_eq!(answer.header("X-Ratelimit-Remaining"), Some("0"));
            false
        }
        status => panic!("unexpected status {status}"),
    }
}

#[test]
fn r01_to_r05_events_are_told_apart_by_object_and_message() {
    run(|bench| async move {
        assert!(accepted(&bench, &object("1")).await, "R01");
        let repeated = Event { reason: "Other".into(), timestamp: None, ..object("1") };
        assert!(!accepted(&bench, &repeated).await, "R02");
        // A deliberate difference: otherwise a forged event of another severity had the real one refused.
        let error = Event { severity: Severity::Error, ..object("1") };
        assert!(accepted(&bench, &error).await && !accepted(&bench, &error).await);
        let failed = Event { message: "Health check failed".into(), ..object("1") };
        assert!(accepted(&bench, &failed).await, "R03");
        assert!(accepted(&bench, &object("2")).await, "R04");
        assert!(accepted(&bench, &object("3")).await, "R04");
        assert!(!accepted(&bench, &object("2")).await, "R05");
    });
}

#[test]
fn r06_to_r08_events_are_told_apart_by_revision_origin_revision_and_token() {
    run(|bench| async move {
        for key in ["revision", "originRevision", "token"] {
            assert!(accepted(&bench, &with(object("4"), key, "1")).await, "{key}");
            assert!(!accepted(&bench, &with(object("4"), key, "1")).await, "{key}");
            assert!(accepted(&bench, &with(object("4"), key, "2")).await, "{key}");
        }
    });
}

#[test]
fn a_duplicate_of_a_pending_event_waits_for_its_result() {
    run(|bench| async move {
        bench.router.plays(Script::Hold);
        let (mut first, mut second) = (bench.connect().await, bench.connect().await);
        first.send(&post(&event())).await;
        bench.router.has_seen(1).await;
        second.send(&post(&event())).await;
        bench.shows(|shown| shown.open_requests == 2).await;
        bench.router.answer_held(&Ok(()));
        assert_eq!(first.response().await.status, 202);
        assert_eq!(second.response().await.status, 429);
        assert_eq!(bench.router.seen().len(), 1);
    });
}

#[test]
fn a_duplicate_of_an_event_that_fails_takes_its_place() {
    run(|bench| async move {
        bench.router.plays(Script::Hold);
        let (mut first, mut second) = (bench.connect().await, bench.connect().await);
        first.send(&post(&event())).await;
        bench.router.has_seen(1).await;
        second.send(&post(&event())).await;
        bench.shows(|shown| shown.open_requests == 2).await;
        bench.router.answer_held(&Err(SubmitError::Full));
        assert_eq!(first.response().await.status, 503);
        bench.router.has_seen(2).await;
        bench.router.answer_held(&Ok(()));
        assert_eq!(second.response().await.status, 202);
    });
}

#[test]
fn an_event_that_was_not_stored_may_be_posted_again() {
    run(|bench| async move {
        bench.router.plays(Script::Refuse(SubmitError::Store("disk".into())));
        assert_eq!(bench.post(&event()).await.status, 503);
        assert_eq!(bench.snapshot().await.window_keys, 0);
        bench.router.plays(Script::Store);
        assert_eq!(bench.post(&event()).await.status, 202);
    });
}

#[test]
fn an_event_whose_sender_left_still_counts_once_it_is_stored() {
    run(|bench| async move {
        bench.router.plays(Script::Hold);
        let mut leaver = bench.connect().await;
        leaver.send(&post(&event())).await;
        bench.router.has_seen(1).await;
        leaver.reset();
        bench.shows(|shown| shown.open_requests == 0).await;
        assert!(bench.snapshot().await.open_body_bytes > 0, "its bytes count until it is stored");
        bench.router.answer_held(&Ok(()));
        bench.shows(|shown| shown.open_body_bytes == 0).await;
        assert_eq!(bench.post(&event()).await.status, 429);
    });
}

#[test]
fn other_events_pass_while_one_is_pending() {
    run(|bench| async move {
        bench.router.plays(Script::Hold);
        let mut held = bench.connect().await;
        held.send(&post(&about("held", "m"))).await;
        bench.router.has_seen(1).await;
        bench.router.plays(Script::Store);
        assert_eq!(bench.post(&about("other", "m")).await.status, 202);
        bench.router.answer_held(&Ok(()));
        assert_eq!(held.response().await.status, 202);
    });
}
