use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::{DeliveryId, Event, NewDelivery, ObjectKey, to_wire_json};

const HASH: &str = "5394cb7f48332b2de7c17dd8b8384bbc84b7e738";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn object(name: &str) -> ObjectRef {
    ObjectRef {
        kind: "HelmRelease".into(),
        namespace: "apps".into(),
        name: name.into(),
        ..ObjectRef::default()
    }
}

fn event(name: &str, severity: Severity, message: &str) -> Event {
    Event {
        involved_object: object(name),
        severity,
        message: message.into(),
        reason: "HTTPRequestFailed".into(),
        reporting_controller: "helm-controller".into(),
        ..Event::default()
    }
}

fn delivery(event: Event, metadata: &[(&str, &str)]) -> Delivery {
    let metadata: BTreeMap<_, _> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Delivery {
        id: DeliveryId::numbered(7),
        event: Arc::new(event),
        plan: NewDelivery {
            provider: ObjectKey::new("apps", "chat"),
            alert: AlertRef { key: ObjectKey::new("apps", "on-call"), uid: "a1".into() },
            lane: "lane".into(),
            metadata,
            commit_status: Some("helmrelease/web/0c9c2e41".into()),
            newest_only: false,
            deadline: at("2026-08-07T13:00:00Z"),
        },
        accepted_at: at("2026-08-07T12:00:00Z"),
        attempts: 0,
    }
}

fn web() -> Delivery {
    delivery(event("web", Severity::Info, "done"), &[("cluster", "prod-eu"), ("revision", "v1")])
}

#[test]
fn a_notification_says_what_its_event_says_and_copies_none_of_it() {
    let delivery = web();
    let notification = Notification::of(&delivery);
    assert_eq!(notification.title(), "helmrelease/web.apps");
    assert_eq!(notification.title_as(ObjectRef::path), "HelmRelease/apps/web");
    assert!(std::ptr::eq(notification.text(), delivery.event.message.as_str()));
    assert_eq!((notification.severity(), notification.is_error()), (&Severity::Info, false));
    assert_eq!(notification.object(), &object("web"));
    assert_eq!(
        (notification.reason(), notification.reason_in_words().as_str()),
        ("HTTPRequestFailed", "http request failed")
    );
    assert_eq!((notification.controller(), notification.controller_instance()), ("helm-controller", ""));
    assert_eq!(notification.alert().uid, "a1");
}

#[test]
fn facts_come_in_the_order_of_their_keys_and_tell_who_wrote_them() {
    let mut event = event("web", Severity::Info, "done");
    event.metadata = [("event.toolkit.fluxcd.io/team".to_owned(), "<!here>".to_owned())].into();
    let delivery = delivery(event, &[("team", "<!here>"), ("channel", "<#C1>"), ("summary", "s")]);
    let notification = Notification::of(&delivery);
    let facts: Vec<_> =
        notification.facts().map(|fact| (fact.key, fact.value, fact.is_from_event())).collect();
    assert_eq!(facts, [("channel", "<#C1>", false), ("summary", "s", false), ("team", "<!here>", true)]);
    assert_eq!((notification.fact("summary"), notification.fact("absent")), (Some("s"), None));
}

#[test]
fn revision_and_commit_are_told_apart() {
    let git = format!("main@sha1:{HASH}");
    let origin = [("originRevision", git.as_str()), ("revision", "latest@sha256:0")];
    let delivery = delivery(event("web", Severity::Info, "done"), &origin);
    assert_eq!(Notification::of(&delivery).revision(), Some("latest@sha256:0"));
    assert_eq!(Notification::of(&delivery).commit(), Ok(HASH), "that of the origin");
    assert_eq!(Notification::of(&web()).commit(), Err(RevisionError::NoCommit("v1".into())));
    assert_eq!(Notification::of(&web()).commit_status(), Some("helmrelease/web/0c9c2e41"));
    let mut nameless = web();
    nameless.plan.commit_status = Some(String::new());
    assert_eq!(Notification::of(&nameless).commit_status(), None);
}

#[test]
fn an_event_without_a_time_has_that_of_its_acceptance() {
    let mut timed = event("web", Severity::Info, "done");
    timed.timestamp = Some(at("2026-08-07T11:00:00.5Z"));
    assert_eq!(Notification::of(&delivery(timed, &[])).happened_at(), at("2026-08-07T11:00:00.5Z"));
    assert_eq!(Notification::of(&web()).happened_at(), at("2026-08-07T12:00:00Z"));
}

#[test]
fn only_the_whole_word_tells_of_work_under_way() {
    let is_progress = |reason: &str| {
        let event = Event { reason: reason.into(), ..Event::default() };
        Notification::of(&delivery(event, &[])).is_progress()
    };
    assert!(is_progress("Progressing"));
    assert!(!is_progress("ProgressingWithRetry") && !is_progress("progressing") && !is_progress(""));
}

#[test]
fn an_identity_outlives_tries_and_is_nobody_elses() {
    let identity = |change: fn(&mut Delivery)| {
        let mut delivery = web();
        change(&mut delivery);
        Notification::of(&delivery).identity()
    };
    let first = identity(|_| {});
    assert_eq!(first, "apps/chat a1 7 1786104000000000");
    assert_eq!(identity(|delivery| delivery.attempts = 3), first);
    assert_ne!(identity(|delivery| delivery.id = DeliveryId::numbered(8)), first);
    assert_ne!(identity(|delivery| delivery.accepted_at = at("2026-08-07T12:00:01Z")), first);
    assert_ne!(identity(|delivery| delivery.plan.provider = ObjectKey::new("apps", "mail")), first);
}

#[test]
fn the_event_itself_goes_out_with_the_facts_of_the_notification() {
    let json = to_wire_json(&Notification::of(&web()).event_json()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["message"], "done");
    assert_eq!(json["metadata"], serde_json::json!({ "cluster": "prod-eu", "revision": "v1" }));
}

#[test]
fn several_events_are_one_notification_about_all_their_objects() {
    let delivery = web();
    let earlier = [
        event("web", Severity::Info, "begun"),
        event("shop", Severity::Error, "failed"),
        event("shop", Severity::Info, "again"),
    ]
    .map(Arc::new);
    let notification = Notification::about(Events { newest: &delivery.event, earlier: &earlier }, &delivery);
    assert_eq!(notification.title(), "helmrelease/web.apps and 1 more");
    assert_eq!(notification.text(), "begun\nfailed\nagain\ndone");
    assert!(notification.is_error(), "one of them is");
    let names: Vec<_> = notification.objects().map(|object| object.name.as_str()).collect();
    assert_eq!(names, ["web", "shop"], "the newest event's first");
    assert_eq!(notification.events().newest_first().count(), 4);
}
