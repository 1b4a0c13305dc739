//! What the owners of Alerts are told (contract, control plane 7).

use std::collections::{BTreeMap, HashMap};

use campanile_domain::{Failure, FailureClass};

use super::*;

fn missing() -> Alert {
    Alert { provider: ObjectKey::new("apps", "missing"), ..alert() }
}

#[test]
fn a_notification_that_can_not_be_dispatched_is_told_with_its_count() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![missing()]).await;
        for _ in 0..3 {
            rig.submit(event()).await.unwrap().unwrap();
        }
        let message = "NotificationDispatchFailed: failed to dispatch notification for Kustomization/apps/podinfo: \
                       failed to read provider: provider 'apps/missing' not found; create it or correct spec.providerRef";
        assert_eq!(rig.told(1).await, [(message.to_owned(), 3)]);
    });
}

#[test]
fn an_event_for_a_provider_that_does_not_resolve_is_stored_and_told() {
    run(|ward| async move {
        let rig = Rig::open(&ward, vec![alert()]).await;
        let failure = Failure::new(FailureClass::Config, "failed to get secret 'apps/token': not found");
        let unusable = HashMap::from([(provider().key, failure)]);
        rig.router.send(Unusable(Arc::new(unusable))).await.unwrap();
        rig.submit(event()).await.unwrap().unwrap();
        let message = "NotificationDispatchFailed: failed to dispatch notification for Kustomization/apps/podinfo: \
                       failed to get secret 'apps/token': not found";
        assert_eq!(rig.told(1).await, [(message.to_owned(), 1)]);
        assert_eq!(rig.deliveries().await.len(), 1);
        rig.router.send(Unusable::default()).await.unwrap();
        rig.submit(event()).await.unwrap().unwrap();
        rig.change(Changes { alerts: applied(vec![missing()]), ..Changes::default() }).await;
        rig.submit(event()).await.unwrap().unwrap();
        let told = rig.told(1).await;
        assert!(
            told.len() == 1 && told[0].0.contains("apps/missing"),
            "the mended one is not told: {told:?}"
        );
    });
}

#[test]
fn y06_conflicting_metadata_is_told_with_the_sources_of_each_key() {
    run(|ward| async move {
        let event_metadata = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
        let alert = Alert { event_metadata, summary: "s".into(), ..alert() };
        let rig = Rig::open(&ward, vec![alert]).await;
        let metadata = [
            ("event.toolkit.fluxcd.io/region", "us"),
            ("event.toolkit.fluxcd.io/env", "test"),
            ("kustomize.toolkit.fluxcd.io/env", "prod"),
            ("kustomize.toolkit.fluxcd.io/summary", "c"),
            ("kustomize.toolkit.fluxcd.io/revision", "main"),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        rig.submit(Event { metadata, ..event() }).await.unwrap().unwrap();
        rig.until(async || !rig.told.lock().unwrap().is_empty()).await;
        let told = rig.told.lock().unwrap()[0].clone();
        assert!(told.warning && told.reason == "MetadataAppendFailed", "{told:?}");
        assert_eq!(
            told.message,
            "metadata key conflicts detected (please refer to the Alert API docs and Flux RFC 0008 for more information)"
        );
        let expected = [
            ("env", "involved object annotations, involved object controller metadata"),
            ("region", "involved object annotations, Alert object .spec.eventMetadata"),
            ("summary", "Alert object .spec.summary, involved object controller metadata"),
        ];
        let expected = expected.map(|(key, sources)| (key.to_owned(), sources.to_owned()));
        assert_eq!(told.annotations, BTreeMap::from(expected));
    });
}

#[test]
fn an_object_that_does_not_exist_and_a_broken_pattern_are_told() {
    run(|ward| async move {
        let broken = Alert { inclusion: vec!["[".into()], key: ObjectKey::new("apps", "broken"), ..alert() };
        let rig = Rig::open(&ward, vec![broken, labelled()]).await;
        rig.labels.lose();
        rig.submit(event()).await.unwrap().unwrap();
        let expected = [
            "InvalidConfig: failed to compile inclusion regex: [",
            "SourceFetchFailed: error getting source object Kustomization/apps/podinfo",
        ];
        assert_eq!(rig.told(2).await, expected.map(|message| (message.to_owned(), 1)));
    });
}
