//! Events that are planned as they come.

use super::*;

#[test]
fn a_selected_event_is_answered_once_its_deliveries_are_stored() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![alert()]).await;
        rig.outbox.hold_appends(true);
        let mut answer = rig.submit(event());
        rig.until(async || rig.snapshot().await.deliveries == 1).await;
        assert!(answer.try_recv().is_err());
        rig.outbox.hold_appends(false);
        assert_eq!(answer.await.unwrap(), Ok(()));
        let deliveries = rig.deliveries().await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].alert, alert().key);
        assert_eq!(deliveries[0].object, "Kustomization/apps/podinfo");
    });
}

#[test]
fn an_event_that_nobody_wants_is_answered_at_once_and_not_stored() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![alert()]).await;
        rig.outbox.fail_appends(Some(OutboxError::Closed));
        assert_eq!(rig.submit(of_kind("Bucket")).await.unwrap(), Ok(()));
        let missing = Alert { provider: ObjectKey::new("apps", "missing"), ..alert() };
        rig.change(Changes { alerts: applied(vec![missing]), ..Changes::default() }).await;
        assert_eq!(rig.submit(event()).await.unwrap(), Ok(()));
        assert!(rig.deliveries().await.is_empty());
        let snapshot = rig.snapshot().await;
        assert_eq!(snapshot.events, EventCounts { selected: 1, discarded: 1, ..EventCounts::default() });
        assert_eq!(snapshot.drops.into_iter().collect::<Vec<_>>(), [("provider-missing", 1)]);
    });
}

#[test]
fn a_refusal_of_the_outbox_is_the_answer() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![alert()]).await;
        for (failure, expected) in [
            (OutboxError::Full("it is full"), SubmitError::Full),
            (OutboxError::Store("disk I/O error".into()), SubmitError::Store("disk I/O error".into())),
            (OutboxError::Closed, SubmitError::Unavailable),
        ] {
            rig.outbox.fail_appends(Some(failure));
            assert_eq!(rig.submit(event()).await.unwrap(), Err(expected));
        }
    });
}

#[test]
fn a_change_holds_from_the_next_event_on() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![]).await;
        rig.submit(reason("before")).await.unwrap().unwrap();
        rig.change(Changes { alerts: applied(vec![alert()]), ..Changes::default() }).await;
        rig.submit(reason("with")).await.unwrap().unwrap();
        rig.change(Changes { alerts: vec![Change::Deleted(alert().key)], ..Changes::default() }).await;
        rig.submit(reason("after")).await.unwrap().unwrap();
        assert_eq!(rig.delivered().await, ["with"]);
    });
}

#[test]
fn a_new_initial_batch_replaces_everything() {
    run(|ward| async move {
        let rig =
            Rig::open(&ward, vec![alert(), Alert { key: ObjectKey::new("apps", "gone"), ..alert() }]).await;
        rig.load(vec![alert()]).await;
        let snapshot = rig.snapshot().await;
        assert_eq!((snapshot.phase, snapshot.alerts, snapshot.providers), (RouterPhase::Open, 1, 1));
        rig.submit(event()).await.unwrap().unwrap();
        assert_eq!(rig.deliveries().await.len(), 1);
    });
}

#[test]
fn a_snapshot_is_what_operators_read() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![Alert { exclusion: vec!["^x".into()], ..alert() }]).await;
        rig.submit(event()).await.unwrap().unwrap();
        rig.settle().await;
        let snapshot = serde_json::to_value(rig.snapshot().await).unwrap();
        let expected = serde_json::json!({
            "phase": "open", "loadedAt": noon().to_string(), "alerts": 1, "providers": 1, "patterns": 1,
            "events": {"selected": 1, "discarded": 0, "deferred": 0, "setAside": 0},
            "deliveries": 1, "drops": {}, "queued": 0, "waiting": 0, "matchedElsewhere": 1, "matching": 0,
        });
        assert_eq!(snapshot, expected);
    });
}
