//! Events as real controllers posted them, and what the contract says of each (control plane 4.6, 4.7).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

/// What annotations are called in events.
pub(crate) const EVENT_PREFIX: &str = "event.toolkit.fluxcd.io/";

/// What the controllers of a version of Flux posted.
#[derive(Clone, Copy)]
pub(crate) struct Recording {
    file: &'static str,
    events: usize,
}

/// Events without action.
pub(crate) const FLUX_2_9: Recording = Recording { file: "flux-2.9.json", events: 118 };
/// Events with an action, and most of Kustomizations with a related object.
pub(crate) const FLUX_2_10: Recording = Recording { file: "flux-2.10.json", events: 110 };

impl Recording {
    /// The bodies of the events in their order.
    pub(crate) fn bodies(self) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events").join(self.file);
        let text = std::fs::read_to_string(&path).expect("the recording can be read");
        let entries: Vec<Value> = serde_json::from_str(&text).expect("the recording is a list");
        assert_eq!(entries.len(), self.events);
        entries.iter().map(|entry| entry["body"].as_str().expect("a body is text").to_owned()).collect()
    }
}

/// A field's text; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The API group of the object.
pub(crate) fn group(event: &Value) -> String {
    match text(&event["involvedObject"], "apiVersion").split('/').collect::<Vec<_>>()[..] {
        [group, _version] => group.to_owned(),
        _ => String::new(),
    }
}

/// Metadata that survives the cleanup (4.6).
pub(crate) fn cleaned(event: &Value) -> BTreeMap<String, Value> {
    let own = format!("{}/", group(event));
    let entries = event["metadata"].as_object().cloned().unwrap_or_default();
    let survives = |key: &str| {
        let is = |name: &str| key.eq_ignore_ascii_case(&format!("{own}{name}"));
        (key.starts_with(&own) || key.starts_with(EVENT_PREFIX)) && !is("checksum") && !is("digest")
    };
    entries.into_iter().filter(|(key, _)| survives(key)).collect()
}

/// What makes two events equal (4.7).
pub(crate) fn duplicate_key(event: &Value) -> Vec<String> {
    let (object, metadata, group) = (&event["involvedObject"], cleaned(event), group(event));
    let mut key = vec![format!("message={}", text(event, "message"))];
    key.extend(["name", "namespace", "kind"].map(|field| format!("{field}={}", text(object, field))));
    for name in ["originRevision", "revision", "token"] {
        key.extend(metadata.get(&format!("{group}/{name}")).map(|value| format!("{name}={value}")));
    }
    key
}

/// The recorded bodies as values.
pub(crate) fn parsed(bodies: &[String]) -> Vec<Value> {
    bodies.iter().map(|body| serde_json::from_str(body).expect("a body is JSON")).collect()
}

/// Sources for every namespace and kind that occurs.
pub(crate) fn sources_of(events: &[Value]) -> Vec<Value> {
    let place = |event: &Value| {
        let object = &event["involvedObject"];
        (text(object, "kind").to_owned(), text(object, "namespace").to_owned())
    };
    let places: BTreeSet<_> = events.iter().map(place).collect();
    let source = |(kind, namespace)| json!({ "kind": kind, "name": "*", "namespace": namespace });
    places.into_iter().map(source).collect()
}
