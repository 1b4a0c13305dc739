//! Which events a user wants to hear about, and through which Provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{ObjectKey, Severity};

/// An Alert as the user wrote it, checked for shape but with its patterns not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Namespace and name of the Alert.
    pub key: ObjectKey,
    /// The uid of the Alert object.
    pub uid: Arc<str>,
    /// The generation of its `spec`, from 1.
    pub generation: i64,
    /// The Provider to notify through; it lives in the Alert's namespace.
    pub provider: ObjectKey,
    /// [`Severity::Info`] accepts every event, any other only its like (contract, control plane 5.2 b).
    pub severity: Severity,
    /// At least one of them must match.
    pub sources: Vec<EventSource>,
    /// RE2 patterns of which one must match the message; empty lets everything pass.
    pub inclusion: Vec<String>,
    /// RE2 patterns of which none may match the message.
    pub exclusion: Vec<String>,
    /// Metadata added to every event.
    pub event_metadata: BTreeMap<String, String>,
    /// Deprecated: the same as `event_metadata["summary"]`, which it overrides. Empty if unset.
    pub summary: String,
    /// Whether the Alert is switched off.
    pub suspend: bool,
    /// The object as written (`apiVersion`, `kind`, `metadata`, `spec`) in JSON, which CEL expressions may ask for.
    pub object: Arc<str>,
}

/// One entry of `spec.eventSources`: which objects an Alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    /// The kind, compared with case.
    pub kind: String,
    /// The name, or `*` for every name. No other wildcard exists.
    pub name: String,
    /// The namespace; the Alert's own where the user gave none.
    pub namespace: String,
    /// Labels that the object must carry. `Some` of an empty map still demands that the object exists.
    pub match_labels: Option<BTreeMap<String, String>>,
}

impl EventSource {
    /// The remark on an entry of `spec.eventSources` whose namespace is written as a pattern; it fits after the path of
    /// that field. None if there is nothing to remark. `*` is no name of a namespace, so such an entry matches nothing.
    pub fn namespace_remark(namespace: &str) -> Option<&'static str> {
        (namespace == "*").then_some(
            "'*' names no namespace, so this entry matches nothing; write an entry for each namespace",
        )
    }
}
