//! The event that a controller reports, and the two forms in which it is written down.
//!
//! The wire form ([`EventJson`], [`to_wire_json`]) is what destinations get: it is fixed byte for byte by the
//! contract (providers 12; flux-2.10, section 2). The stored form is the derived `Serialize` of [`Event`], which keeps fractions
//! of a second. Fields that came with Flux 2.10 are absent from it where an event has none, as in what version 0.1.0 stored.

mod action;
mod clean;
mod decode;
mod unknown_fields;
mod wire;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ObjectRef;
pub use action::Action;
pub use decode::{DecodeError, Received};
pub use unknown_fields::{MOST_UNKNOWN_BYTES, UnknownFields};
pub use wire::{EventJson, to_wire_json};

/// The severity of an event. Senders use `trace`, `info` and `error`; any other text is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Severity {
    /// Detail that Flux's own controllers do not post.
    Trace,
    /// The event tells of normal progress.
    Info,
    /// The event tells of a failure.
    Error,
    /// Anything else, the empty text included.
    Other(String),
}

impl Severity {
    /// The text as the sender wrote it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Trace => "trace",
            Self::Info => "info",
            Self::Error => "error",
            Self::Other(text) => text,
        }
    }
}

impl Default for Severity {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl From<String> for Severity {
    fn from(text: String) -> Self {
        match text.as_str() {
            "trace" => Self::Trace,
            "info" => Self::Info,
            "error" => Self::Error,
            _ => Self::Other(text),
        }
    }
}

impl From<Severity> for String {
    fn from(severity: Severity) -> Self {
        severity.as_str().to_owned()
    }
}

/// One report of a controller about one object. No field is mandatory (contract, control plane 4.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// What the event is about.
    pub involved_object: ObjectRef,
    /// The severity that the controller gave it.
    pub severity: Severity,
    /// When it happened; none if the sender gave none, or the zero time.
    pub timestamp: Option<Timestamp>,
    /// What happened, in words. Senders keep it below 39,000 characters.
    pub message: String,
    /// What happened, in one camel-case word.
    pub reason: String,
    /// Facts by key. As received the keys carry a prefix (`<group>/` or `event.toolkit.fluxcd.io/`).
    pub metadata: BTreeMap<String, String>,
    /// The sender, for example `kustomize-controller`.
    pub reporting_controller: String,
    /// The name of the controller's pod.
    pub reporting_instance: String,
    /// A second object that the event tells of, such as the source of a Kustomization. From Flux 2.10 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_object: Option<Box<ObjectRef>>,
    /// What the sender was doing. None from senders older than Flux 2.10, which is not the same as an empty one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Whatever else the sender wrote beside these fields.
    #[serde(skip_serializing_if = "UnknownFields::is_empty")]
    pub unknown_fields: UnknownFields,
    /// How often it was forwarded from one Campanile to another; zero comes from a controller.
    #[serde(skip_serializing_if = "is_zero")]
    pub hops: u8,
}

fn is_zero(count: &u8) -> bool {
    *count == 0
}

impl Event {
    /// Whether the severity is exactly `error`.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The metadata value of `<object group>/<name>`.
    pub fn group_metadata(&self, name: &str) -> Option<&str> {
        let group = self.involved_object.group();
        let key = |k: &str| k.strip_prefix(group).and_then(|k| k.strip_prefix('/')) == Some(name);
        self.metadata.iter().find(|(k, _)| key(k)).map(|(_, value)| value.as_str())
    }

    /// A rough count of the bytes this event keeps in memory.
    pub fn weight(&self) -> usize {
        let metadata: usize = self.metadata.iter().map(|(k, v)| k.len() + v.len() + 48).sum();
        let unknown = self.unknown_fields.as_json().map_or(0, str::len);
        let related = self.related_object.as_ref().map_or(0, |_| size_of::<ObjectRef>() + 256);
        let action = self.action.as_ref().map_or(0, |action| action.as_str().len());
        size_of::<Self>()
            + self.message.len()
            + self.reason.len()
            + metadata
            + unknown
            + related
            + action
            + 256
    }
}
