//! 9. A message always fits, whatever the event holds: the destination's documented limits are kept, the cut says so, and
//!    what is sent is whole.

use campanile_domain::{Delivery, Event, ObjectRef, Request, Severity};
use campanile_testkit::event;
use serde_json::Value;

use super::every::{complete, first_written, json, line, types};
use crate::testing::delivery;

/// What must not be longer than so many of what.
type Measure = fn(&Request) -> usize;

/// Limits as destinations document them; each type's own file names the page.
const LIMITS: &[(&str, usize, Measure)] = &[
    ("slack", 40_000, |request| longest(request, "/attachments/0/text", utf16)),
    ("discord", 4_096, |request| longest(request, "/attachments/0/text", utf16)),
    ("discord", 6_000, |request| texts(&json(request)["attachments"], utf16)),
    ("discord", 25, |request| json(request)["attachments"][0]["fields"].as_array().unwrap().len()),
    ("msteams", 28_000, |request| request.body.len()),
    ("rocket", 48_600, |request| texts(&json(request)["attachments"], utf16)),
    ("googlechat", 32_000, |request| request.body.len()),
    ("webex", 7_439, |request| json(request)["markdown"].as_str().unwrap().len()),
    ("telegram", 4_096, |request| longest(request, "/text", utf16)),
    ("lark", 20_000, |request| request.body.len()),
    ("matrix", 65_536, |request| request.body.len()),
    ("opsgenie", 130, |request| longest(request, "/message", utf16)),
    ("opsgenie", 15_000, |request| longest(request, "/description", utf16)),
    ("opsgenie", 8_000, |request| texts(&json(request)["details"], utf16)),
    ("grafana", 500, |request| json(request)["tags"].to_string().len()),
    ("pagerduty", 1_024, |request| longest(request, "/payload/summary", utf16)),
    ("pagerduty", 255, |request| longest(request, "/dedup_key", utf16)),
    ("pagerduty", 512_000, |request| request.body.len()),
    ("datadog", 100, |request| longest(request, "/title", utf16)),
    ("datadog", 4_000, |request| longest(request, "/text", utf16)),
    ("datadog", 100, |request| json(request)["tags"].as_array().unwrap().len()),
    ("datadog", 200, |request| longest_of(&json(request)["tags"])),
    ("zulip", 10_000, |request| form(request, "content").chars().count()),
    ("zoom", 4_096, |request| longest(request, "/content/body/0/text", utf16)),
    ("sentry", 8_192, |request| longest_in(&line(request, 2)["message"])),
    ("sentry", 1_000_000, |request| request.body.len()),
    ("alertmanager", 40_000, |request| longest(request, "/0/annotations/message", utf16)),
    ("incident.io", 40_000, |request| longest(request, "/description", utf16)),
    ("githubdispatch", 64_000, |request| request.body.len() - 200),
    ("githubdispatch", 100, |request| longest(request, "/event_type", utf16)),
    ("googlepubsub", 10_000_000, |request| request.body.len()),
    ("azureeventhub", 256 * 1024, |request| request.body.len()),
    ("otel", 20 << 20, |request| request.body.len()),
    ("github", 140, |request| longest(request, "/description", utf16)),
    ("github", 255, |request| longest(request, "/context", utf16)),
    ("gitlab", 255, |request| longest(request, "/name", utf16)),
    ("gitea", 255, |request| longest(request, "/context", utf16)),
    ("bitbucket", 255, |request| longest(request, "/name", utf16)),
    ("bitbucketserver", 255, |request| longest(request, "/name", utf16)),
    ("azuredevops", 255, |request| longest(request, "/context/name", utf16)),
    ("gitlab", 255, |request| longest(request, "/description", utf16)),
    ("gitea", 255, |request| longest(request, "/description", utf16)),
    ("bitbucket", 255, |request| longest(request, "/description", utf16)),
    ("bitbucketserver", 255, |request| longest(request, "/description", utf16)),
    ("azuredevops", 255, |request| longest(request, "/description", utf16)),
    ("githubpullrequestcomment", 65_536, |request| longest(request, "/body", utf16)),
    ("gitlabmergerequestcomment", 1_000_000, |request| longest(request, "/body", utf16)),
    ("giteapullrequestcomment", 65_536, |request| longest(request, "/body", utf16)),
];

/// Who takes an event whole: there is no destination whose limits one could know.
const WHOLE: &[&str] = &["generic", "generic-hmac"];

/// Who has no message to cut: one that shows none of it, or takes it as it is.
const UNCUT: &[&str] = &["grafana", "otel", "googlepubsub"];

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

fn longest(request: &Request, pointer: &str, measure: fn(&str) -> usize) -> usize {
    let json = json(request);
    let value = json.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {json}"));
    measure(value.as_str().unwrap())
}

fn longest_in(value: &Value) -> usize {
    utf16(value.as_str().unwrap())
}

fn longest_of(list: &Value) -> usize {
    list.as_array().unwrap().iter().map(longest_in).max().unwrap()
}

/// All texts and names of fields below `value` together.
fn texts(value: &Value, measure: fn(&str) -> usize) -> usize {
    match value {
        Value::String(text) => measure(text),
        Value::Array(items) => items.iter().map(|item| texts(item, measure)).sum(),
        Value::Object(fields) => fields.values().map(|field| texts(field, measure)).sum(),
        _ => 0,
    }
}

fn form(request: &Request, name: &str) -> String {
    let pairs = url::form_urlencoded::parse(&request.body);
    pairs.into_owned().find(|(key, _)| key == name).map(|(_, value)| value).unwrap()
}

/// Events that are long in one way or another: with words, without, in wide characters, in what has to be escaped, in
/// metadata, in names.
fn huge() -> Vec<Delivery> {
    let texts = [
        "resource is not ready; ".repeat(20_000),
        "x".repeat(300_000),
        "🚀ÄÖÜ".repeat(60_000),
        "*_`[]()<&\"\\\n".repeat(30_000),
        "&amp;<b>".repeat(40_000),
    ];
    let with = |message: &str, metadata: &[(&str, &str)]| {
        let event = Event { message: message.into(), severity: Severity::Error, ..event() };
        complete(delivery(event, metadata))
    };
    let mut all: Vec<Delivery> = texts.iter().map(|text| with(text, &[("summary", "s")])).collect();
    let keys: Vec<String> = (0..1500).map(|n| format!("key-{n:04}")).collect();
    for value in ["v".repeat(1_000), "ü<\"".repeat(300)] {
        let entries: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), value.as_str())).collect();
        all.push(with(&texts[0], &entries));
    }
    all.push(with("short", &[("long", &texts[2])]));
    let involved_object = ObjectRef {
        kind: "K".repeat(63),
        namespace: "n".repeat(63),
        name: "o".repeat(253),
        uid: "u".repeat(400),
        ..event().involved_object
    };
    let event = Event {
        involved_object,
        message: texts[3].clone(),
        reason: "AVeryLongReason".repeat(100),
        severity: Severity::Error,
        reporting_controller: "c".repeat(300),
        ..event()
    };
    let mut long_name = complete(delivery(event, &[("k", "v")]));
    long_name.plan.commit_status = Some("kustomization/".to_owned() + &"o".repeat(600));
    all.push(long_name);
    all
}

#[test]
fn m9_every_message_keeps_within_the_limits_of_its_destination() {
    let (huge, mut beyond) = (huge(), Vec::new());
    for kind in types() {
        let limits: Vec<_> = LIMITS.iter().filter(|(name, _, _)| *name == kind).collect();
        assert!(WHOLE.contains(&kind) == limits.is_empty(), "{kind} has limits, or none");
        for (number, delivery) in huge.iter().enumerate() {
            let request = first_written(kind, delivery);
            for (_, limit, measure) in &limits {
                let measured = measure(&request);
                beyond.extend((measured > *limit).then_some((kind, number, measured, *limit)));
            }
        }
    }
    assert_eq!(beyond, [], "type, number of the event, what was measured, and the limit");
}

#[test]
fn m9_a_cut_message_says_so() {
    let long = huge().into_iter().next().unwrap();
    let comments = ["githubpullrequestcomment", "gitlabmergerequestcomment", "giteapullrequestcomment"];
    let messages = types().filter(|kind| super::messages().any(|message| message == *kind));
    for kind in messages.chain(comments).chain(["githubdispatch"]) {
        if WHOLE.contains(&kind) || UNCUT.contains(&kind) {
            continue;
        }
        let body = first_written(kind, &long).body;
        let text = match kind {
            "zulip" => url::form_urlencoded::parse(&body).map(|(_, value)| value).collect::<String>(),
            _ => String::from_utf8_lossy(&body).replace("\\\\", ""),
        };
        assert!(text.contains("more characters"), "{kind} says that it was cut: {}", text.len());
    }
}

#[test]
fn m9_who_forwards_an_event_forwards_all_of_it() {
    for kind in WHOLE {
        for delivery in huge() {
            let sent = json(&first_written(kind, &delivery));
            assert_eq!(sent["message"], delivery.event.message.as_str(), "{kind}");
            assert_eq!(sent["metadata"].as_object().unwrap().len(), delivery.plan.metadata.len(), "{kind}");
        }
    }
}
