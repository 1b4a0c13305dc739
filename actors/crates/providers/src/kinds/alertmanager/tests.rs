use crate::testing::{
    answer, credentials, delivery, error, failed, header, info, json, long, request, spec, verdict,
};
use crate::{BuiltProvider, Step};
use campanile_domain::{Delivery, Event, FailureClass as C, ProviderSpec, Severity, Verdict};
use campanile_testkit::{event, noon};
use serde_json::Value;

fn alertmanager(data: &[(&str, &[u8])]) -> BuiltProvider {
    credentials(data).build(&spec("alertmanager")).unwrap()
}

fn sent(delivery: &Delivery) -> Value {
    json(&alertmanager(&[]), delivery)[0].clone()
}

#[test]
fn s23_16_a_pair_comes_before_the_token_if_neither_of_it_is_empty() {
    let authorization = |data: &[(&str, &[u8])]| {
        header(&request(&alertmanager(data), &info()), "authorization").map(str::to_owned)
    };
    let token: (&str, &[u8]) = ("token", b"am-token\n");
    let basic = Some("Basic dXNlcjpwYXNz".to_owned());
    let bearer = Some("Bearer am-token".to_owned());
    assert_eq!(authorization(&[("username", b"user"), ("password", b"pass"), token]), basic);
    assert_eq!(authorization(&[("username", b"user"), ("password", b""), token]), bearer);
    assert_eq!(authorization(&[("username", b"user"), token]), bearer, "a lone name takes nothing away");
    assert_eq!(authorization(&[token]), bearer);
    assert_eq!(authorization(&[("username", b"user")]), None);
}

#[test]
fn s23_16_what_the_event_is_overrides_metadata_of_the_same_name() {
    let forged =
        [("severity", "x"), ("alertname", "x"), ("namespace", "x"), ("summary", "s"), ("app-version", "1")];
    let alert = sent(&delivery(Event::clone(&error().event), &forged));
    assert_eq!(alert["labels"]["severity"], "error");
    assert_eq!(alert["labels"]["alertname"], "FluxKustomizationHealthcheckfailed");
    assert_eq!(alert["labels"]["namespace"], "apps");
    assert_eq!(alert["labels"]["app-version"], "1");
    assert_eq!(alert["labels"].get("summary"), None);
    assert_eq!(alert["annotations"]["summary"], "s");
    assert_eq!(sent(&delivery(event(), &[]))["annotations"].get("summary"), None);
}

#[test]
fn repeated_and_later_events_have_the_same_labels() {
    let event = Event::clone(&error().event);
    let later =
        Event { timestamp: "2026-08-07T11:00:00Z".parse().ok(), message: "again".into(), ..event.clone() };
    let (first, second) = (sent(&delivery(event, &[])), sent(&delivery(later, &[])));
    assert_eq!(first["labels"], second["labels"]);
    assert_ne!(first["startsAt"], second["startsAt"]);
}

#[test]
fn no_label_makes_alertmanager_refuse_the_alert() {
    let keys: Vec<String> = (0..150).map(|n| format!("key{n:03}")).collect();
    let mut metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    metadata.push(("", "nameless"));
    let event = Event { severity: Severity::Other("x".repeat(10_000)), ..Event::clone(&long(400_000).event) };
    let alert = sent(&delivery(event, &metadata));
    let labels = alert["labels"].as_object().unwrap();
    assert_eq!(labels["metadata_left_out"], "51 more left out");
    assert!(labels.keys().all(|key| !key.is_empty() && key.is_ascii()), "{labels:?}");
    assert!(labels["severity"].as_str().unwrap().chars().count() <= 4_000);
    let message = alert["annotations"]["message"].as_str().unwrap();
    assert!(message.chars().count() <= 40_000 && message.ends_with(" more characters)"));
}

#[test]
fn s23_16_a_wrong_address_is_refused_and_a_wrong_path_waits_for_a_human() {
    for address in ["http://alertmanager:9093", "http://alertmanager:9093/", "http://alertmanager:9093/?x=1"]
    {
        let spec = ProviderSpec { address: address.into(), ..spec("alertmanager") };
        let text = credentials(&[]).build(&spec).unwrap_err().to_string();
        assert!(
            text.contains("no path") && text.ends_with("/api/v2/alerts/; correct spec.address"),
            "{text}"
        );
    }
    let spec = ProviderSpec { address: "not a url".into(), ..spec("alertmanager") };
    let text = credentials(&[]).build(&spec).unwrap_err().to_string();
    assert!(text.starts_with("invalid Alertmanager URL *****"), "{text}");
    for status in [404, 405, 410] {
        assert_eq!(failed(verdict(&alertmanager(&[]), answer(status, &[], ""))).1, C::Gone, "{status}");
    }
    let refused = answer(400, &[], "\"invalid label set: invalid label name \\\"app-version\\\"\"");
    assert_eq!(failed(verdict(&alertmanager(&[]), refused)).1, C::Rejected);
}

#[test]
fn s23_16_a_version_that_refuses_a_label_gets_it_under_a_plain_name() {
    let metadata = [("app-version", "6.3.5"), ("1st/key", "x"), ("cluster", "prod")];
    let mut exchange = alertmanager(&[]).provider.begin(&delivery(event(), &metadata)).unwrap();
    let Step::Send(first) = exchange.next(None, noon()) else { panic!("it sends") };
    let refusal = answer(400, &[], r#""invalid label set: invalid label name \"app-version\"""#);
    let Step::Send(second) = exchange.next(Some(refusal), noon()) else { panic!("it sends again") };
    let labels = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()[0]["labels"].clone();
    assert_eq!(labels(&first.body)["app-version"], "6.3.5");
    let plain = labels(&second.body);
    assert_eq!((&plain["app_version"], &plain["_1st_key"]), (&"6.3.5".into(), &"x".into()));
    assert_eq!(plain["cluster"], "prod");
    assert_eq!(exchange.next(Some(answer(200, &[], "")), noon()), Step::Done(Verdict::Delivered));
}

#[test]
fn what_no_label_is_to_blame_for_is_sent_once() {
    let refused = verdict(&alertmanager(&[]), answer(400, &[], r#""invalid label set""#));
    assert_eq!(failed(refused).1, C::Rejected, "its labels are plain");
}

#[test]
fn s23_16_reasons_have_the_casing_that_rules_depend_on() {
    let table = [
        ("HealthCheckFailed", "Healthcheckfailed"),
        ("ReconciliationSucceeded", "Reconciliationsucceeded"),
        ("OCIArtifactPullFailed", "Ociartifactpullfailed"),
        ("foo-bar", "Foo-Bar"),
        ("foo_bar", "Foo_bar"),
        ("foo BAR,baz", "Foo Bar,Baz"),
        ("it's a.b:c d. e", "It's A.b:c D. E"),
        ("3rd try", "3Rd Try"),
        ("éTAT", "État"),
        ("", ""),
    ];
    for (reason, titled) in table {
        assert_eq!(super::title_case(reason), titled, "{reason}");
    }
}
