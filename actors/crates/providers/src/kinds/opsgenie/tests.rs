use crate::testing::{
    answer, credentials, delivery, error, failed, header, info, json, long, request, spec, special, verdict,
};
use crate::{BuiltProvider, ConfigError};
use campanile_domain::{Delivery, Event, FailureClass as C, ObjectRef, ProviderSpec};
use campanile_testkit::event;
use serde_json::Value;
use std::time::Duration;

fn of_uid(uid: &str) -> BuiltProvider {
    let spec = ProviderSpec { uid: uid.into(), ..spec("opsgenie") };
    credentials(&[("token", b"genie-key\n")]).build(&spec).unwrap()
}

fn sent(delivery: &Delivery) -> Value {
    json(&of_uid("u"), delivery)
}

fn characters(text: &Value) -> usize {
    text.as_str().unwrap().encode_utf16().count()
}

#[test]
fn s23_15_the_key_is_needed_and_sent() {
    assert_eq!(header(&request(&of_uid("u"), &info()), "authorization"), Some("GenieKey genie-key"));
    let refused = credentials(&[]).build(&spec("opsgenie")).unwrap_err();
    assert_eq!(refused, ConfigError::NoToken("empty Opsgenie apikey/token"));
}

#[test]
fn s25_the_alias_of_the_test_vector_and_who_has_another() {
    let alias = |uid: &str, event: Event| json(&of_uid(uid), &delivery(event, &[]))["alias"].clone();
    let object = ObjectRef {
        kind: "GitRepository".into(),
        namespace: "gitops-system".into(),
        name: "webapp".into(),
        ..ObjectRef::default()
    };
    let event = Event { involved_object: object, reason: "reason".into(), ..event() };
    let expected = "fe0de7c3e730984dc8fa97aa4e3564e679cce5c2fa3103734a603115c16f7156";
    assert_eq!(alias("test-provider-uid-123", event.clone()), expected);
    assert_eq!(alias("test-provider-uid-123", Event { message: "other".into(), ..event.clone() }), expected);
    assert_ne!(alias("other", event.clone()), expected);
    assert_ne!(alias("test-provider-uid-123", Event { reason: "other".into(), ..event }), expected);
}

#[test]
fn s23_15_the_severity_overrides_metadata_of_that_name() {
    let event = Event::clone(&error().event);
    let details = sent(&delivery(event, &[("severity", "forged"), ("a", "b")]))["details"].clone();
    assert_eq!(details, serde_json::json!({"a": "b", "severity": "error"}));
}

#[test]
fn html_in_foreign_text_is_escaped() {
    let alert = sent(&special());
    assert!(alert["description"].as_str().unwrap().contains("&lt;b>html&lt;/b> & \"double\""));
    let mut event = event();
    event.involved_object.name = "<img>".into();
    assert_eq!(sent(&delivery(event, &[]))["message"], "Kustomization/&lt;img>");
}

#[test]
fn s24_fields_keep_within_opsgenies_limits() {
    let value = "v".repeat(3_000);
    let mut event = Event::clone(&long(40_000).event);
    event.involved_object.name = "n".repeat(500);
    let alert = sent(&delivery(event, &[("a", &value), ("b", &value), ("c", &value)]));
    assert!(characters(&alert["message"]) <= 130);
    let description = alert["description"].as_str().unwrap();
    assert!(
        characters(&alert["description"]) <= 15_000 && description.ends_with(" more characters)"),
        "{description}"
    );
    assert!(alert["details"].to_string().len() <= 8_000);
    assert_eq!(alert["details"]["…"], "1 more left out");
    assert_eq!(
        sent(&long(14_000))["description"].as_str().unwrap().chars().count(),
        14_000,
        "no less than possible"
    );
}

#[test]
fn a_rate_limit_lasts_for_its_period() {
    let limited = answer(429, &[("x-ratelimit-state", "THROTTLED"), ("x-ratelimit-period-in-sec", "60")], "");
    assert_eq!(failed(verdict(&of_uid("u"), limited)), (Some(Duration::from_secs(60)), C::Throttled));
    let both = answer(429, &[("x-ratelimit-period-in-sec", "60"), ("retry-after", "7")], "");
    assert_eq!(failed(verdict(&of_uid("u"), both)).0, Some(Duration::from_secs(7)));
    assert_eq!(failed(verdict(&of_uid("u"), answer(422, &[], r#"{"message":"invalid"}"#))).1, C::Rejected);
}
