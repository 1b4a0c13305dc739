//! Events as real controllers posted them, replayed in order. What must arrive is computed here from the recorded
//! text alone (contract, control plane 4.6, 4.7, 6.2 and providers 12).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::support::recording::{
    EVENT_PREFIX, FLUX_2_9, FLUX_2_10, Recording, cleaned, duplicate_key, group, parsed, sources_of,
};
use crate::support::{Sink, Site, alert, provider};

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
    Site::with(&[
        provider("hook", "generic", json!({ "address": sink.url("/hook") })),
        alert("everything", "hook", json!({ "eventSources": sources_of(events) })),
    ])
}

fn assert_arrive_once_cleaned_and_in_order(recording: Recording) {
    let bodies = recording.bodies();
    let events = parsed(&bodies);
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

#[test]
fn real_events_arrive_once_cleaned_and_in_order() {
    assert_arrive_once_cleaned_and_in_order(FLUX_2_9);
}

#[test]
fn t08_real_events_of_flux_2_10_arrive_once_whole_and_in_order() {
    let events = parsed(&FLUX_2_10.bodies());
    let related = events.iter().filter(|event| event["relatedObject"].is_object()).count();
    assert!(events.iter().all(|event| event["action"].is_string()) && related > 0);
    assert_arrive_once_cleaned_and_in_order(FLUX_2_10);
}
