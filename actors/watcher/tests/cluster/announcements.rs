//! Kubernetes Events (contract, control plane 7).

use campanile_protocol::{Announce, Subject, reason};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::json;

use crate::api::{Namespace, until};
use crate::rig::{Rig, run};

/// The Events on an object.
pub(crate) async fn events_on(namespace: &Namespace, kind: &str, name: &str) -> Vec<DynamicObject> {
    let all = namespace.core("Event").list(&Default::default()).await.unwrap().items;
    let about = |event: &DynamicObject| {
        event.data["involvedObject"]["kind"] == kind && event.data["involvedObject"]["name"] == name
    };
    all.into_iter().filter(about).collect()
}

#[test]
fn y06_conflicting_metadata_is_annotated_on_the_alert() {
    run("conflicts", async |namespace| {
        namespace.alert("on-call").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let annotations = [
            ("region", "involved object annotations, Alert object .spec.eventMetadata"),
            ("what the API takes for no key", "x"),
        ];
        let on = Subject::Alert(rig.key("on-call"));
        rig.watcher.do_send(Announce {
            annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            ..Announce::warning(on, reason::METADATA_APPEND_FAILED, "metadata key conflicts detected")
        });
        let event = until(async || events_on(&namespace, "Alert", "on-call").await.pop()).await;
        assert_eq!(event.data["reason"], "MetadataAppendFailed");
        let written: Vec<(String, String)> = event.annotations().clone().into_iter().collect();
        assert_eq!(written, [(annotations[0].0.to_owned(), annotations[0].1.to_owned())]);
    });
}

#[test]
fn failures_that_differ_are_ten_events_and_one_that_combines_the_rest() {
    run("storm", async |namespace| {
        namespace.alert("on-call").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        for number in 0..200 {
            let message = format!("failed to send notification for Kustomization/apps/{number}: 500");
            rig.watcher.do_send(Announce::warning(
                Subject::Alert(rig.key("on-call")),
                reason::NOTIFICATION_DISPATCH_FAILED,
                message,
            ));
        }
        let combined = until(async || {
            let events = events_on(&namespace, "Alert", "on-call").await;
            events.into_iter().find(|event| event.data["count"] == 190)
        })
        .await;
        assert_eq!(
            combined.data["message"],
            "(combined from similar events): failed to send notification for Kustomization/apps/199: 500"
        );
        until(async || (events_on(&namespace, "Alert", "on-call").await.len() == 11).then_some(())).await;
        let shown = &rig.objects().await.alerts[0].object.last_error;
        assert_eq!(shown.as_deref(), Some("failed to send notification for Kustomization/apps/199: 500"));
        let status =
            namespace.until_status("Alert", "on-call", |status| !status["lastError"].is_null()).await;
        assert_ne!(status["lastError"], json!(""));
    });
}

#[test]
fn a_provider_has_events_too() {
    run("provider-events", async |namespace| {
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let on = Subject::Provider(rig.key("chat"));
        rig.watcher.do_send(Announce::warning(on, reason::NOTIFICATIONS_EXPIRED, "3 notifications passed"));
        until(async || {
            let events = events_on(&namespace, "Provider", "chat").await;
            events.into_iter().find(|event| event.data["reason"] == "NotificationsExpired")
        })
        .await;
    });
}

#[test]
fn a_full_queue_is_told_in_one_event_and_stands_in_the_status() {
    run("overflow", async |namespace| {
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let on = Subject::Provider(rig.key("chat"));
        rig.watcher.do_send(Announce::warning(on, reason::QUEUE_OVERFLOWED, "7 notifications gave way"));
        until_said(&namespace, "QueueOverflowed: 7 notifications gave way").await;
        assert_eq!(said(&namespace).await.len(), 1);
        let status =
            namespace.until_status("Provider", "chat", |status| !status["lastError"].is_null()).await;
        assert_eq!(status["lastError"], "7 notifications gave way");
        assert_eq!(
            rig.objects().await.providers[0].object.last_error.as_deref(),
            Some("7 notifications gave way")
        );
    });
}

/// The reasons and messages of the Events on a Provider.
async fn said(namespace: &Namespace) -> Vec<String> {
    let events = events_on(namespace, "Provider", "chat").await;
    let text = |event: &DynamicObject, field: &str| event.data[field].as_str().unwrap_or_default().to_owned();
    events.iter().map(|event| format!("{}: {}", text(event, "reason"), text(event, "message"))).collect()
}

async fn until_said(namespace: &Namespace, text: &str) {
    until(async || said(namespace).await.iter().any(|one| one.starts_with(text)).then_some(())).await;
}

#[test]
fn a_provider_says_when_it_fails_becomes_ready_ceases_to_deliver_and_goes_on() {
    run("turns", async |namespace| {
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        rig.unresolved("chat", "failed to get secret 'apps/token'");
        until_said(&namespace, "Failed: failed to get secret 'apps/token'").await;
        rig.resolved("chat", 1);
        until_said(&namespace, "Succeeded: Reconciliation finished").await;
        rig.stopped("chat", "the destination answers 401: renew the token");
        until_said(
            &namespace,
            "NotDelivering: no message gets through, they wait: the destination answers 401",
        )
        .await;
        rig.stopped("chat", "the destination answers 401: renew the token");
        rig.resolved("chat", 1);
        until_said(&namespace, "Delivering: messages get through again").await;
        assert_eq!(said(&namespace).await.len(), 4);
    });
}
