//! The metadata of a notification, which an Alert sends beside the event's own fields: taken from four sources in one map (contract,
//! control plane 6.2), and the facts in metadata that decide which Providers an event is for (6.1, steps 4 to 6).

use std::collections::BTreeMap;

use crate::{Alert, Event};

/// Prefix of metadata keys that come from annotations of the object.
const ANNOTATION_PREFIX: &str = "event.toolkit.fluxcd.io/";
/// The key under which the deprecated `spec.summary` goes out.
const SUMMARY: &str = "summary";

/// The sources of a metadata key, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetadataSource {
    /// Event keys with the prefix `event.toolkit.fluxcd.io/`.
    Annotations,
    /// The `spec.eventMetadata` of the Alert.
    EventMetadata,
    /// The deprecated `spec.summary` of the Alert.
    Summary,
    /// Event keys with the group of the object as prefix.
    Controller,
}

impl MetadataSource {
    /// The name in logs and Kubernetes Events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Annotations => "involved object annotations",
            Self::EventMetadata => "Alert object .spec.eventMetadata",
            Self::Summary => "Alert object .spec.summary",
            Self::Controller => "involved object controller metadata",
        }
    }
}

/// A key that more than one source supplied; the last one won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The metadata key, without its group's prefix.
    pub key: String,
    /// Who supplied it, weakest first.
    pub sources: Vec<MetadataSource>,
}

impl Conflict {
    /// The names of those who supplied it, as logs and Kubernetes Events list them.
    pub fn suppliers(&self) -> String {
        let names: Vec<&str> = self.sources.iter().copied().map(MetadataSource::as_str).collect();
        names.join(", ")
    }
}

/// Combined metadata, with the conflicts between its sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Combined {
    /// The metadata that the notification carries.
    pub metadata: BTreeMap<String, String>,
    /// Keys with more than one source, sorted by key. They never block a delivery.
    pub conflicts: Vec<Conflict>,
}

/// Combines the metadata of `event` with that of `alert`: annotations, then the Alert's, then the controller's, where a
/// later source overrides an earlier one. Event keys with any other prefix are left out.
pub fn combine(event: &Event, alert: &Alert) -> Combined {
    let mut metadata = BTreeMap::new();
    let mut overridden = Vec::new();
    let mut put = |key: &str, value: &str| {
        if metadata.insert(key.to_owned(), value.to_owned()).is_some() {
            overridden.push(key.to_owned());
        }
    };
    for (key, value) in &event.metadata {
        if let Some(key) = annotation(key) {
            put(key, value);
        }
    }
    for (key, value) in &alert.event_metadata {
        put(key, value);
    }
    if !alert.summary.is_empty() {
        put(SUMMARY, &alert.summary);
    }
    let group = event.involved_object.group();
    for (key, value) in &event.metadata {
        if let Some(key) = of_group(key, group) {
            put(key, value);
        }
    }
    Combined { metadata, conflicts: conflicts(overridden, event, alert) }
}

fn conflicts(mut keys: Vec<String>, event: &Event, alert: &Alert) -> Vec<Conflict> {
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(|key| Conflict { sources: sources_of(&key, event, alert), key }).collect()
}

fn sources_of(key: &str, event: &Event, alert: &Alert) -> Vec<MetadataSource> {
    let group = event.involved_object.group();
    let supplied = [
        (MetadataSource::Annotations, event.metadata.keys().any(|k| annotation(k) == Some(key))),
        (MetadataSource::EventMetadata, alert.event_metadata.contains_key(key)),
        (MetadataSource::Summary, key == SUMMARY && !alert.summary.is_empty()),
        (MetadataSource::Controller, event.metadata.keys().any(|k| of_group(k, group) == Some(key))),
    ];
    supplied.into_iter().filter(|(_, supplied)| *supplied).map(|(source, _)| source).collect()
}

fn annotation(key: &str) -> Option<&str> {
    key.strip_prefix(ANNOTATION_PREFIX)
}

fn of_group<'k>(key: &'k str, group: &str) -> Option<&'k str> {
    key.strip_prefix(group)?.strip_prefix('/')
}

/// The facts in an event's metadata that decide for which classes of Providers it is (contract, control plane 6.1).
impl Event {
    /// Whether the controller posted it only to update a commit status.
    pub fn is_commit_status_update(&self) -> bool {
        self.group_metadata("commit_status") == Some("update")
    }

    /// Whether the object is annotated with a commit.
    pub fn has_commit(&self) -> bool {
        self.has_annotation("event.toolkit.fluxcd.io/commit")
    }

    /// Whether the object is annotated with a pull or merge request.
    pub fn has_change_request(&self) -> bool {
        self.has_annotation("event.toolkit.fluxcd.io/change_request")
    }

    fn has_annotation(&self, key: &str) -> bool {
        self.metadata.get(key).is_some_and(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests;
