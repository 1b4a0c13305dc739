use super::*;
use crate::testing::{
    answer, credentials, delivery, error, failed, header, info, long, request, spec, verdict,
};
use crate::{BuiltProvider, DsnError};
use campanile_domain::{Delivery, DeliveryId, Event, FailureClass, ProviderSpec, Severity, Verdict};
use campanile_testkit::{event, noon};
use serde_json::Value;
use std::time::Duration;

fn endpoint(dsn: &str) -> BuiltProvider {
    credentials(&[])
        .build(&ProviderSpec { address: dsn.into(), channel: "staging".into(), ..spec("sentry") })
        .unwrap()
}

fn sentry() -> BuiltProvider {
    endpoint("https://public@sentry.example/42")
}

/// Header of the envelope, header of the item, payload.
fn lines(delivery: &Delivery) -> [Value; 3] {
    let body = request(&sentry(), delivery).body;
    let text = str::from_utf8(&body).unwrap();
    assert!(text.ends_with('\n'));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let length = text.lines().last().unwrap().len();
    assert_eq!(lines[1]["length"], length);
    lines.try_into().unwrap()
}

fn payload(delivery: &Delivery) -> Value {
    let [_, _, payload] = lines(delivery);
    payload
}

#[test]
fn s23_10_a_dsn_gives_the_url_and_the_header() {
    let table = [
        ("https://public@sentry.example/42", "https://sentry.example/api/42/envelope/", "sentry_key=public"),
        (
            "http://public:private@127.0.0.1:9000/base/more/42",
            "http://127.0.0.1:9000/base/more/api/42/envelope/",
            "sentry_key=public, sentry_secret=private",
        ),
        ("https://k@[::1]/1", "https://[::1]/api/1/envelope/", "sentry_key=k"),
        ("https://k@[::1]:8443/1?x=1#y", "https://[::1]:8443/api/1/envelope/", "sentry_key=k"),
    ];
    for (dsn, url, keys) in table {
        let request = request(&endpoint(dsn), &info());
        assert_eq!(request.url, url);
        let authorization = format!("Sentry sentry_version=7, sentry_client={CLIENT}, {keys}");
        assert_eq!(header(&request, "x-sentry-auth"), Some(authorization.as_str()));
        assert_eq!(header(&request, "content-type"), Some("application/x-sentry-envelope"));
        assert_eq!(header(&request, "user-agent"), Some(CLIENT));
    }
}

#[test]
fn s23_10_a_text_that_is_no_dsn_is_refused_by_what_is_wrong() {
    let table = [
        ("", DsnError::Empty),
        ("https://public@sentry.example/4 2", DsnError::Url),
        ("https://pübl@sentry.example/42", DsnError::Url),
        ("https://public@sentry.example|/42", DsnError::Url),
        ("public@sentry.example/42", DsnError::Scheme),
        ("ftp://public@sentry.example/42", DsnError::Scheme),
        ("https://sentry.example/42", DsnError::Username),
        ("https://@sentry.example/42", DsnError::Username),
        ("https://:private@sentry.example/42", DsnError::Username),
        ("https://public@/42", DsnError::Host),
        ("https://public@:80/42", DsnError::Host),
        ("https://public@sentry.example:http/42", DsnError::Port),
        ("https://public@sentry.example:70000/42", DsnError::Port),
        ("https://public@sentry.example", DsnError::Project),
        ("https://public@sentry.example/", DsnError::Project),
        ("https://public@sentry.example/base/", DsnError::Project),
    ];
    for (dsn, problem) in table {
        let spec = ProviderSpec { address: dsn.into(), ..spec("sentry") };
        let refused = credentials(&[]).build(&spec).unwrap_err();
        assert_eq!(refused.to_string(), format!("{problem}; correct spec.address"), "{dsn}");
    }
    assert_eq!(DsnError::Empty.to_string(), "DSN cannot be empty");
    assert_eq!(DsnError::Project.to_string(), "[Sentry] DsnParseError: empty project id");
}

#[test]
fn s23_10_every_severity_but_error_is_a_transaction() {
    let kind = |severity: Severity| lines(&delivery(Event { severity, ..event() }, &[]))[1]["type"].clone();
    assert_eq!(kind(Severity::Error), "event");
    for severity in [Severity::Info, Severity::Trace, Severity::Other("odd".into())] {
        assert_eq!(kind(severity), "transaction");
    }
}

#[test]
fn s23_10_the_channel_is_the_environment_or_else_the_processs() {
    assert_eq!(payload(&error())["environment"], "staging");
    let variables = Environment { sentry_environment: Some("x".into()), ..Environment::default() };
    assert_eq!(environment_of("staging", &variables).as_deref(), Some("staging"));
    assert_eq!(environment_of("", &variables).as_deref(), Some("x"));
    assert_eq!(environment_of("", &Environment::default()), None);
}

#[test]
fn s12_times_keep_their_fraction_and_an_unset_one_is_that_of_acceptance() {
    let at = |timestamp: Option<&str>| {
        let timestamp = timestamp.map(|text| text.parse().unwrap());
        payload(&delivery(Event { timestamp, severity: Severity::Error, ..event() }, &[]))["timestamp"]
            .clone()
    };
    assert_eq!(at(Some("2026-08-07T12:16:00.987654321+02:00")), "2026-08-07T10:16:00.987654321Z");
    assert_eq!(at(None), "2026-08-07T12:00:00Z");
}

#[test]
fn s23_10_metadata_overrides_the_tags_of_the_same_name() {
    let delivery = delivery(event(), &[("flux_reason", "mine"), ("cluster", "prod-eu")]);
    let payload = payload(&delivery);
    assert_eq!(payload["tags"]["flux_reason"], "mine");
    assert_eq!(payload["tags"]["flux_reporting_instance"], "kustomize-controller-0");
    assert_eq!(payload["tags"], payload["spans"][0]["tags"]);
}

#[test]
fn ids_stay_over_tries_and_differ_between_deliveries() {
    let id = |delivery: &Delivery| lines(delivery)[0]["event_id"].as_str().unwrap().to_owned();
    let first = info();
    assert_eq!(id(&first), id(&Delivery { attempts: 3, ..info() }));
    assert_eq!(id(&first), payload(&first)["event_id"]);
    assert_eq!(id(&first).len(), 32);
    let another = Delivery { id: DeliveryId::numbered(2), ..info() };
    let of_a_new_store = Delivery { accepted_at: noon() + Duration::from_secs(1), ..info() };
    assert_ne!(id(&first), id(&another));
    assert_ne!(id(&first), id(&of_a_new_store));
}

#[test]
fn the_time_of_sending_is_that_of_the_try() {
    let mut exchange = sentry().provider.begin(&info()).unwrap();
    let Step::Send(request) = exchange.next(None, noon() + Duration::from_secs(90)) else {
        panic!("nothing sent")
    };
    let text = str::from_utf8(&request.body).unwrap().to_owned();
    assert!(text.contains(r#""sent_at":"2026-08-07T12:01:30Z""#), "{text}");
}

#[test]
fn s24_what_passes_sentrys_limits_is_cut_and_says_so() {
    let message = payload(&long(20_000))["message"].as_str().unwrap().to_owned();
    assert!(message.encode_utf16().count() <= 8192 && message.ends_with(" more characters)"));
    let kept = payload(&long(8_000))["message"].as_str().unwrap().chars().count();
    assert_eq!(kept, 8_000);
    let value = "line\n".repeat(100);
    let tags = payload(&delivery(event(), &[("log", &value)]))["tags"].clone();
    let tag = tags["log"].as_str().unwrap();
    assert!(tag.len() <= 200 && !tag.contains('\n') && tag.ends_with(" more characters)"), "{tag}");
}

#[test]
fn s24_an_envelope_stays_far_below_a_megabyte() {
    let value = "ü\u{1}".repeat(10_000);
    let keys: Vec<String> = (0..2_000).map(|n| format!("key-{n:04}")).collect();
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), value.as_str())).collect();
    for severity in [Severity::Error, Severity::Info] {
        let event = Event { severity, message: value.clone(), ..event() };
        let body = request(&sentry(), &delivery(event, &metadata)).body;
        assert!(body.len() < 250_000, "{}", body.len());
        assert!(str::from_utf8(&body).unwrap().contains(" more left out"));
    }
}

#[test]
fn s24_tags_that_are_left_out_are_counted_in_one_whose_name_sentry_keeps() {
    let keys: Vec<String> = (0..60).map(|n| format!("key-{n:02}")).collect();
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    let tags = payload(&delivery(event(), &metadata))["tags"].clone();
    assert_eq!(tags["metadata_left_out"], "17 more left out");
    assert_eq!(tags.as_object().unwrap().len(), 50);
}

#[test]
fn rate_limits_are_read_by_category() {
    let limits = "60:transaction:key, 2700:default;error;security:organization, 5::key:quota";
    let paused = |endpoint: &BuiltProvider, delivery: &Delivery, headers: &[(&str, &str)]| {
        let mut exchange = endpoint.provider.begin(delivery).unwrap();
        assert!(matches!(exchange.next(None, noon()), Step::Send(_)));
        match exchange.next(Some(answer(429, headers, "")), noon()) {
            Step::Done(verdict) => failed(verdict),
            _ => panic!("it goes on"),
        }
    };
    let both = [("retry-after", "7"), ("x-sentry-rate-limits", limits)];
    let seconds = |seconds| (Some(Duration::from_secs(seconds)), FailureClass::Throttled);
    assert_eq!(paused(&sentry(), &error(), &both), seconds(2700));
    assert_eq!(paused(&sentry(), &info(), &both), seconds(60));
    let other = [("retry-after", "7"), ("x-sentry-rate-limits", "60:session:key, x:error:key")];
    assert_eq!(paused(&sentry(), &error(), &other), seconds(7), "then Retry-After counts");
    assert_eq!(paused(&sentry(), &error(), &[]), (None, FailureClass::Throttled));
    let fine = answer(200, &[("x-sentry-rate-limits", limits)], r#"{"id":"1"}"#);
    assert_eq!(verdict(&sentry(), fine), Verdict::Delivered, "a limit for later does not undo a success");
    assert_eq!(failed(verdict(&sentry(), answer(413, &[], ""))).1, FailureClass::Rejected);
}

#[test]
fn s24_a_short_message_leaves_the_context_no_more_than_its_own_room() {
    let value = "v ".repeat(2000);
    let keys = ["a", "b", "c", "d", "e"];
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (*key, value.as_str())).collect();
    let event = Event { message: "short".into(), severity: Severity::Error, ..campanile_testkit::event() };
    let body = request(&sentry(), &delivery(event, &metadata)).body;
    let line = str::from_utf8(&body).unwrap().lines().last().unwrap().to_owned();
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    let context = json["contexts"]["metadata"].to_string();
    assert!((4000..=8192).contains(&context.len()), "{}", context.len());
}
