use crate::testing::{credentials, delivery, error, header, info, json, long, request, spec, special};
use crate::{BuiltProvider, ConfigError, Step};
use campanile_domain::{Delivery, Event, ObjectRef, ProviderSpec, Severity, Verdict};
use campanile_testkit::{event, noon};
use serde_json::Value;

fn incident_io() -> BuiltProvider {
    credentials(&[("token", b"inc-token\n")]).build(&spec("incident.io")).unwrap()
}

fn sent(delivery: &Delivery) -> Value {
    json(&incident_io(), delivery)
}

#[test]
fn s23_24_the_token_is_needed_and_sent() {
    assert_eq!(header(&request(&incident_io(), &info()), "authorization"), Some("Bearer inc-token"));
    let refused = credentials(&[]).build(&spec("incident.io")).unwrap_err();
    assert_eq!(refused, ConfigError::NoToken("empty incident.io API token"));
    let spec = ProviderSpec { address: String::new(), ..spec("incident.io") };
    let text = credentials(&[]).build(&spec).unwrap_err().to_string();
    assert!(text.starts_with("invalid incident.io alert source URL ''"), "{text}");
}

#[test]
fn s23_24_work_in_progress_is_skipped() {
    let progressing = delivery(Event { reason: "Progressing".into(), ..event() }, &[]);
    let mut exchange = incident_io().provider.begin(&progressing).unwrap();
    assert_eq!(exchange.next(None, noon()), Step::Done(Verdict::Skipped));
}

#[test]
fn s23_24_errors_fire_and_all_else_resolves_under_the_same_key() {
    let (fired, resolved) = (sent(&error()), sent(&info()));
    assert_eq!((&fired["status"], &resolved["status"]), (&"firing".into(), &"resolved".into()));
    assert_eq!(fired["deduplication_key"], resolved["deduplication_key"]);
    assert_eq!(sent(&Delivery { attempts: 2, ..error() }), fired);
    let trace = Event { severity: Severity::Trace, ..event() };
    assert_eq!(sent(&delivery(trace, &[]))["status"], "resolved");
}

#[test]
fn s23_24_what_the_event_is_overrides_metadata_and_what_is_empty_is_left_out() {
    let forged = [("severity", "x"), ("reason", "x"), ("reportingController", "mine")];
    let bare = Event {
        message: String::new(),
        reporting_controller: String::new(),
        involved_object: ObjectRef::default(),
        ..event()
    };
    let alert = sent(&delivery(bare, &forged));
    assert_eq!(
        alert["metadata"],
        serde_json::json!({"reason": "ReconciliationSucceeded", "reportingController": "mine", "severity": "info"})
    );
    assert_eq!((alert.get("description"), &alert["deduplication_key"]), (None, &"".into()));
}

#[test]
fn markdown_in_the_message_is_escaped_and_elsewhere_it_is_none() {
    let alert = sent(&special());
    let description = alert["description"].as_str().unwrap();
    assert!(
        description.starts_with("\\*bold* \\_it\\_ [a]\\(http://x.example/?q=1&r=2) \\`code\\` "),
        "{description}"
    );
    assert_eq!(alert["metadata"]["odd"], "a:b, *c* <d> & [e](f)");
}

#[test]
fn one_event_can_not_fill_an_alert() {
    let alert = sent(&long(400_000));
    let description = alert["description"].as_str().unwrap();
    assert!(description.chars().count() <= 40_000 && description.ends_with(" more characters)"));
    assert_eq!(sent(&long(39_000))["description"].as_str().unwrap().chars().count(), 39_000);
}
