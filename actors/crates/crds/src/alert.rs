//! Alert in v1beta1, v1beta2, v1beta3 and v1 (contract, control plane 1.4).

use campanile_domain::{Alert, EventSource, ObjectKey, Severity};
use serde_json::Value as Json;

use crate::checker::Checker;
use crate::{Map, Metadata, Version};

/// The longest summary, in characters; v1beta1 has no bound.
const LONGEST_SUMMARY: usize = 255;

/// Fields that version `v1beta1` does not have.
pub(crate) const LATER_FIELDS: &[&str] = &["inclusionList", "eventMetadata"];

/// Reads `spec`. What a version does not have is ignored, as the API server prunes it.
pub(crate) fn read(metadata: &Metadata<'_>, spec: &Map, version: Version, checker: &mut Checker) -> Alert {
    let namespace = &metadata.key.namespace;
    let later = version > Version::V1beta1;
    checker.demand(spec, "providerRef");
    checker.demand(spec, "eventSources");
    let provider = checker.reference(spec, "providerRef").unwrap_or_default();
    let longest = if later { LONGEST_SUMMARY } else { usize::MAX };
    Alert {
        key: metadata.key.clone(),
        uid: metadata.uid.clone(),
        generation: metadata.generation,
        provider: ObjectKey::new(namespace.clone(), provider),
        severity: severity(spec, checker),
        sources: sources(spec, namespace, version, checker),
        inclusion: if later { checker.texts(spec, "inclusionList") } else { Vec::new() },
        exclusion: checker.texts(spec, "exclusionList"),
        event_metadata: if later { checker.text_map(spec, "eventMetadata") } else { None }
            .unwrap_or_default(),
        summary: checker.bounded(spec, "summary", longest),
        suspend: checker.flag(spec, "suspend"),
        object: metadata.written(),
    }
}

fn severity(spec: &Map, checker: &mut Checker) -> Severity {
    match checker.text(spec, "eventSeverity") {
        None | Some("info") => Severity::Info,
        Some("error") => Severity::Error,
        Some(_) => {
            checker.add("eventSeverity", "must be 'info' or 'error'");
            Severity::Info
        }
    }
}

fn sources(spec: &Map, namespace: &str, version: Version, checker: &mut Checker) -> Vec<EventSource> {
    let items = checker.list(spec, "eventSources");
    checker.within("eventSources", |checker| {
        let read = |(index, item): (usize, &Json)| match item.as_object() {
            Some(entry) => Some(checker.within(index, |checker| source(entry, namespace, version, checker))),
            None => {
                checker.add(index, "must be a mapping with kind and name");
                None
            }
        };
        let mut sources = Vec::with_capacity(items.len());
        sources.extend(items.iter().enumerate().filter_map(read));
        sources
    })
}

fn source(entry: &Map, namespace: &str, version: Version, checker: &mut Checker) -> EventSource {
    // Any kind: others bring their own, and the definition in the cluster says which it takes.
    checker.nonempty(entry, "kind");
    checker.demand(entry, "name");
    let own = checker.name(entry, "namespace", version.longest_name());
    EventSource {
        kind: entry.get("kind").and_then(Json::as_str).unwrap_or_default().to_owned(),
        name: checker.name(entry, "name", version.longest_name()).unwrap_or_default(),
        namespace: own.unwrap_or_else(|| namespace.to_owned()),
        match_labels: checker.text_map(entry, "matchLabels"),
    }
}
