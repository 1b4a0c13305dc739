//! Events that are stored before they can be planned.

use campanile_outbox::Outbox;

use super::*;

#[test]
fn a_started_router_asks_for_everything_until_it_gets_it() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        rig.until(async || rig.asked.load(Ordering::Relaxed) >= 3).await;
        rig.load(vec![]).await;
        rig.reach(RouterPhase::Open).await;
        let asked = rig.asked.load(Ordering::Relaxed);
        tokio::time::advance(TICK * 3).await;
        rig.snapshot().await;
        assert_eq!(rig.asked.load(Ordering::Relaxed), asked);
    });
}

#[test]
fn events_before_the_first_batch_are_stored_and_planned_in_order_before_newer_ones() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        let old: Vec<String> = (0..crate::actor::backlog::BATCH + 9).map(|n| format!("old{n}")).collect();
        for name in &old {
            rig.submit(reason(name)).await.unwrap().unwrap();
        }
        assert_eq!((rig.unplanned(), rig.deliveries().await.len()), (old.len() as u64, 0));
        rig.router.do_send(Changes {
            initial: true,
            alerts: applied(vec![alert()]),
            providers: vec![Change::Applied(Arc::new(provider()))],
            ..Changes::default()
        });
        let newer: Vec<_> = (0..3).map(|n| rig.submit(reason(&format!("new{n}")))).collect();
        for answer in newer {
            answer.await.unwrap().unwrap();
        }
        rig.reach(RouterPhase::Open).await;
        let mut expected = old;
        expected.extend(["new0", "new1", "new2"].map(String::from));
        assert_eq!(rig.delivered().await, expected);
        assert_eq!(rig.unplanned(), 0);
    });
}

#[test]
fn the_handover_waits_for_appends_under_way_and_holds_what_comes_meanwhile() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        rig.outbox.hold_appends(true);
        let first = rig.submit(reason("first"));
        rig.load(vec![alert()]).await;
        rig.snapshot().await;
        let mut second = rig.submit(reason("second"));
        let given_up = rig.submit(reason("given up"));
        drop(given_up);
        assert_eq!(rig.snapshot().await.phase, RouterPhase::CatchingUp);
        assert!(second.try_recv().is_err());
        rig.outbox.hold_appends(false);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        assert_eq!(rig.delivered().await, ["first", "second"]);
    });
}

#[test]
fn an_event_that_waits_for_labels_is_planned_when_they_are_known() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![labelled()]).await;
        rig.submit(event()).await.unwrap().unwrap();
        assert_eq!((rig.unplanned(), rig.deliveries().await.len()), (1, 0));
        rig.change(Changes { labels: true, ..Changes::default() }).await;
        rig.until(async || rig.snapshot().await.waiting == 1).await;
        rig.labels.fill();
        rig.change(Changes { labels: true, ..Changes::default() }).await;
        rig.until(async || rig.unplanned() == 0).await;
        assert_eq!(rig.deliveries().await.len(), 1);
        rig.until(async || rig.snapshot().await.waiting == 0).await;
    });
}

#[test]
fn events_behind_those_that_wait_for_labels_are_planned() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        for _ in 0..crate::actor::backlog::BATCH + 5 {
            rig.submit(event()).await.unwrap().unwrap();
        }
        rig.submit(of_kind("Bucket")).await.unwrap().unwrap();
        let buckets = EventSource { kind: "Bucket".into(), ..source() };
        let buckets = Alert { key: ObjectKey::new("apps", "buckets"), sources: vec![buckets], ..alert() };
        rig.load(vec![labelled(), buckets]).await;
        rig.reach(RouterPhase::Open).await;
        assert_eq!(rig.delivered().await, ["Bucket"]);
        assert_eq!(rig.snapshot().await.waiting, crate::actor::backlog::BATCH + 5);
    });
}

#[test]
fn an_event_whose_alert_is_gone_is_no_longer_stored() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![labelled()]).await;
        rig.submit(event()).await.unwrap().unwrap();
        rig.change(Changes { alerts: vec![Change::Deleted(alert().key)], ..Changes::default() }).await;
        rig.until(async || rig.unplanned() == 0).await;
        assert!(rig.deliveries().await.is_empty());
    });
}

#[test]
fn while_the_outbox_fails_nothing_is_accepted_and_the_router_does_not_open() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        rig.outbox.close().await.unwrap();
        rig.load(vec![alert()]).await;
        tokio::time::advance(TICK * 3).await;
        assert_eq!(rig.snapshot().await.phase, RouterPhase::CatchingUp);
        assert_eq!(rig.submit(event()).await.unwrap(), Err(SubmitError::Unavailable));
    });
}

#[test]
fn a_restarted_router_plans_what_its_predecessor_stored() {
    run(|ward| async move {
        let first = Rig::new(&ward);
        first.submit(event()).await.unwrap().unwrap();
        let second = Rig::over(&ward, first.outbox.clone());
        drop(first);
        second.load(vec![alert()]).await;
        second.until(async || second.unplanned() == 0).await;
        assert_eq!(second.deliveries().await.len(), 1);
    });
}

#[test]
fn what_a_predecessor_stores_late_is_found_by_a_tick() {
    run(|ward| async move {
        let first = Rig::new(&ward);
        first.outbox.hold_appends(true);
        let late = first.submit(event());
        first.snapshot().await;
        let second = Rig::over(&ward, first.outbox.clone());
        drop(first);
        second.load(vec![alert()]).await;
        second.reach(RouterPhase::Open).await;
        second.outbox.hold_appends(false);
        late.await.unwrap().unwrap();
        second.until(async || second.unplanned() == 0).await;
        assert_eq!(second.deliveries().await.len(), 1);
    });
}

#[test]
fn a_stored_event_that_panicked_every_router_is_set_aside_and_the_others_are_planned() {
    run(|ward| async move {
        let rig = Rig::new(&ward);
        for name in ["one", "poison", "two"] {
            rig.submit(reason(name)).await.unwrap().unwrap();
        }
        (0..3).for_each(|_| rig.suspects.panicked(&reason("poison")));
        rig.load(vec![alert()]).await;
        rig.reach(RouterPhase::Open).await;
        assert_eq!(rig.delivered().await, ["one", "two"]);
        let stats = rig.outbox.stats();
        assert_eq!((stats.set_aside, stats.unplanned), (1, 0));
        assert_eq!(rig.submit(reason("poison")).await.unwrap(), Err(SubmitError::Poison));
        assert_eq!(rig.snapshot().await.events.set_aside, 2);
    });
}
