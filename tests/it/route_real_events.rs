//! Events as real controllers posted them, replayed in order. What must arrive is computed here from the recorded
//! text alone (contract, control plane 4.6, 4.7, 6.2 and providers 12).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::support::{Sink, Site, alert, provider};

const EVENT_PREFIX: &str = "event.toolkit.fluxcd.io/";
const RECORDED: usize = 118;

/// The bodies of the recording; none where it is absent and that is said to be fine.
fn recording() -> Option<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/real-events.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        let excused = std::env::var("CAMPANILE_WITHOUT_SHARED").is_ok_and(|value| value == "1");
        assert!(
            excused,
            "../shared/conformance/real-events.json is absent: put the shared folder beside the project, or set CAMPANILE_WITHOUT_SHARED=1 to do without"
        );
        println!("not run: the replay of real events, ../shared/conformance/real-events.json is absent");
        return None;
    };
    let entries: Vec<Value> = serde_json::from_str(&text).expect("the recording is a list");
    Some(entries.iter().map(|entry| entry["body"].as_str().expect("a body is text").to_owned()).collect())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn group(event: &Value) -> String {
    match text(&event["involvedObject"], "apiVersion").split('/').collect::<Vec<_>>()[..] {
        [group, _version] => group.to_owned(),
        _ => String::new(),
    }
}

/// Metadata that survives the cleanup (4.6).
fn cleaned(event: &Value) -> BTreeMap<String, Value> {
    let own = format!("{}/", group(event));
    let entries = event["metadata"].as_object().cloned().unwrap_or_default();
    let survives = |key: &str| {
        let is = |name: &str| key.eq_ignore_ascii_case(&format!("{own}{name}"));
        (key.starts_with(&own) || key.starts_with(EVENT_PREFIX)) && !is("checksum") && !is("digest")
    };
    entries.into_iter().filter(|(key, _)| survives(key)).collect()
}

/// What makes two events equal (4.7).
fn duplicate_key(event: &Value) -> Vec<String> {
    let (object, metadata, group) = (&event["involvedObject"], cleaned(event), group(event));
    let mut key = vec![format!("message={}", text(event, "message"))];
    key.extend(["name", "namespace", "kind"].map(|field| format!("{field}={}", text(object, field))));
    for name in ["originRevision", "revision", "token"] {
        key.extend(metadata.get(&format!("{group}/{name}")).map(|value| format!("{name}={value}")));
    }
    key
}

/// The body that a generic destination gets.
fn forwarded(event: &Value) -> Value {
    let own = format!("{}/", group(event));
    let metadata = cleaned(event);
    let mut combined = Map::new();
    for prefix in [EVENT_PREFIX, own.as_str()] {
        let stripped = metadata.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
        combined.extend(stripped.map(|(key, value)| (key.to_owned(), value.clone())));
    }
    if metadata.contains_key(&format!("{own}token")) {
        combined.remove("token");
    }
    let mut forwarded = event.clone();
    let fields = forwarded.as_object_mut().expect("an event is an object");
    fields.remove("metadata");
    if !combined.is_empty() {
        fields.insert("metadata".to_owned(), combined.into());
    }
    forwarded
}

fn object_of(event: &Value) -> String {
    event["involvedObject"].to_string()
}

/// One Alert for every namespace and kind that occurs.
fn site(sink: &Sink, events: &[Value]) -> Site {
    let place = |event: &Value| {
        let object = &event["involvedObject"];
        (text(object, "kind").to_owned(), text(object, "namespace").to_owned())
    };
    let places: BTreeSet<_> = events.iter().map(place).collect();
    let source = |(kind, namespace)| json!({ "kind": kind, "name": "*", "namespace": namespace });
    let sources: Vec<Value> = places.into_iter().map(source).collect();
    Site::with(&[
        provider("hook", "generic", json!({ "address": sink.url("/hook") })),
        alert("everything", "hook", json!({ "eventSources": sources })),
    ])
}

#[test]
fn real_events_arrive_once_cleaned_and_in_order() {
    let Some(bodies) = recording() else { return };
    assert_eq!(bodies.len(), RECORDED);
    let events: Vec<Value> =
        bodies.iter().map(|body| serde_json::from_str(body).expect("a body is JSON")).collect();
    let sink = Sink::start();
    let site = site(&sink, &events);
    let instance = site.start(&[]);
    let (mut seen, mut expected) = (BTreeSet::new(), BTreeMap::<String, Vec<Value>>::new());
    for (body, event) in bodies.iter().zip(&events) {
        let new = seen.insert(duplicate_key(event));
        let answer = instance.post_bytes(body.as_bytes());
        assert_eq!(answer.status, if new { 202 } else { 429 }, "{body}");
        if new {
            expected.entry(object_of(event)).or_default().push(forwarded(event));
        }
    }
    let state = instance.settle();
    assert_eq!(state["delivery"]["delivered"], seen.len(), "each once");
    let mut arrived = BTreeMap::<String, Vec<Value>>::new();
    for arrival in sink.arrivals() {
        let event = arrival.json();
        assert_eq!(arrival.header("gotk-component"), event["reportingController"].as_str());
        arrived.entry(object_of(&event)).or_default().push(event);
    }
    assert_eq!(arrived, expected);
}
