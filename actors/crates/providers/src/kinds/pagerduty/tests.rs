use crate::testing::{
    answer, credentials, delivery, error, failed, info, json, long, request, spec, verdict_of,
};
use crate::{BuiltProvider, Step};
use campanile_domain::{Delivery, Event, FailureClass as C, ProviderSpec, Response, Severity, Verdict};
use campanile_testkit::{event, noon};
use serde_json::Value;

fn with_key(routing_key: &str) -> BuiltProvider {
    let address = "https://user:pass@events.example:8443/ignored/path?x=1";
    let spec = ProviderSpec { channel: routing_key.into(), address: address.into(), ..spec("pagerduty") };
    credentials(&[]).build(&spec).unwrap()
}

fn pagerduty() -> BuiltProvider {
    with_key("R0UT1NGK3Y")
}

/// What is sent to which path if each request is answered by `answer`, and what follows.
fn run(delivery: &Delivery, answer: &Response) -> (Vec<(String, Value)>, Verdict) {
    let mut exchange = pagerduty().provider.begin(delivery).unwrap();
    let (mut sent, mut response) = (Vec::new(), None);
    loop {
        match exchange.next(response.take(), noon()) {
            Step::Send(request) => {
                sent.push((request.url, serde_json::from_slice(&request.body).unwrap()));
                response = Some(answer.clone());
            }
            Step::Done(verdict) => return (sent, verdict),
            Step::Publish(publication) => panic!("no HTTP: {publication:?}"),
        }
    }
}

#[test]
fn s23_18_an_info_event_resolves_and_is_told_as_a_change() {
    let (sent, verdict) = run(&info(), &answer(202, &[], r#"{"status":"success"}"#));
    assert_eq!(verdict, Verdict::Delivered);
    let urls: Vec<&str> = sent.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(
        urls,
        ["https://events.example:8443/v2/enqueue", "https://events.example:8443/v2/change/enqueue"]
    );
    let expected = r#"{"routing_key":"R0UT1NGK3Y","payload":{"summary":"reconciliation succeeded: kustomization/podinfo","source":"Flux kustomize-controller","timestamp":"2026-08-07T10:15:30Z","custom_details":{"message":"Reconciliation finished in 1.2s, next run in 10m0s","metadata":{"cluster":"prod-eu","revision":"main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738","summary":"podinfo impacted"}}}}"#;
    assert_eq!(sent[1].1, serde_json::from_str::<Value>(expected).unwrap());
}

#[test]
fn s23_18_the_change_follows_only_a_successful_request() {
    let (sent, verdict) = run(&info(), &answer(400, &[], r#"{"status":"invalid event"}"#));
    assert_eq!((sent.len(), failed(verdict).1), (1, C::Rejected));
}

#[test]
fn s23_18_a_change_that_is_refused_is_told_apart() {
    let mut exchange = pagerduty().provider.begin(&info()).unwrap();
    assert!(matches!(exchange.next(None, noon()), Step::Send(_)));
    assert!(matches!(exchange.next(Some(answer(202, &[], "")), noon()), Step::Send(_)));
    let Step::Done(Verdict::RetryAfter(_, failure)) =
        exchange.next(Some(answer(429, &[("retry-after", "3")], "")), noon())
    else {
        panic!("no pause")
    };
    assert!(failure.message.starts_with("failed sending change event: request failed with"), "{failure}");
    let first = verdict_of(&pagerduty(), &error(), answer(500, &[], ""));
    assert!(
        matches!(first, Verdict::Failed(failure) if failure.message.starts_with("failed sending event: "))
    );
}

#[test]
fn s23_18_severities_and_reasons_decide_what_is_sent() {
    let accepted = answer(202, &[], "");
    let with = |severity, reason: &str| {
        run(&delivery(Event { severity, reason: reason.into(), ..event() }, &[]), &accepted)
    };
    assert_eq!(with(Severity::Info, "Progressing"), (Vec::new(), Verdict::Skipped));
    assert_eq!(with(Severity::Error, "Failed").0.len(), 1);
    for other in [Severity::Trace, Severity::Other("odd".into())] {
        let (sent, _) = with(other, "Failed");
        assert_eq!((sent.len(), &sent[0].1["event_action"]), (1, &"resolve".into()));
    }
}

#[test]
fn s23_18_what_is_empty_is_left_out() {
    let empty = delivery(Event { severity: Severity::Error, ..Event::default() }, &[]);
    let sent = json(&with_key("k"), &empty);
    assert_eq!(sent.get("dedup_key"), None);
    assert_eq!((sent["payload"].get("component"), sent["payload"].get("group")), (None, None));
    assert_eq!(sent["payload"]["summary"], ": /");
}

#[test]
fn the_key_of_an_incident_is_the_object_and_stable_over_tries() {
    let key = |delivery: &Delivery| json(&pagerduty(), delivery)["dedup_key"].clone();
    assert_eq!(key(&error()), key(&Delivery { attempts: 4, ..error() }));
    assert_eq!(key(&error()), key(&info()), "an info event closes what an error opened");
}

#[test]
fn s24_an_event_keeps_within_512_kb_and_its_summary_within_1024_characters() {
    let big = "\"<".repeat(200_000);
    let mut odd = Event::clone(&long(10).event);
    odd.reason = "ab".repeat(2_000);
    odd.message = big.clone();
    let values: Vec<String> = (0..20).map(|n| format!("k{n}")).collect();
    let metadata: Vec<(&str, &str)> = values.iter().map(|key| (key.as_str(), big.as_str())).collect();
    let delivery = delivery(odd, &metadata);
    assert!(request(&pagerduty(), &delivery).body.len() < 512_000);
    let payload = json(&pagerduty(), &delivery)["payload"].clone();
    assert!(payload["summary"].as_str().unwrap().chars().count() <= 1024);
    assert!(payload["custom_details"]["message"].as_str().unwrap().ends_with(" more characters)"));
    let whole = json(&pagerduty(), &long(39_000))["payload"]["custom_details"]["message"].clone();
    assert_eq!(whole.as_str().unwrap().chars().count(), 39_000, "no less than possible");
}

#[test]
fn a_bad_routing_key_waits_for_a_human_and_is_not_shown() {
    let body = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' R0UT1NGK3Y is incorrect (should be 32 characters)"]}"#;
    let Verdict::Failed(failure) = verdict_of(&pagerduty(), &error(), answer(400, &[], body)) else {
        panic!("no failure")
    };
    assert_eq!(failure.class, C::Credentials);
    assert!(
        failure.message.contains("correct spec.channel") && !failure.message.contains("R0UT1NGK3Y"),
        "{failure}"
    );
}

#[test]
fn s23_18_an_address_that_fails_the_check_is_refused() {
    let spec = ProviderSpec { address: "not a url".into(), ..spec("pagerduty") };
    let text = credentials(&[]).build(&spec).unwrap_err().to_string();
    assert!(text.starts_with("invalid PagerDuty endpoint URL *****"), "{text}");
}

#[test]
fn item_13_a_routing_key_is_needed() {
    for channel in ["", " \n"] {
        let spec = ProviderSpec { channel: channel.into(), ..spec("pagerduty") };
        let text = credentials(&[]).build(&spec).unwrap_err().to_string();
        assert_eq!(text, "empty PagerDuty routing key, which every event needs: write it in spec.channel");
    }
}
