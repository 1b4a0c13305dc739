//! Kubernetes Events as the API server is given them (contract, control plane 7).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// The component that Events come from.
const COMPONENT: &str = "notification-controller";

/// The object that an Event is on.
pub(crate) struct Involved<'a> {
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// None if it is not known.
    pub(crate) uid: Option<&'a str>,
}

/// A Kubernetes Event as it is written.
pub(crate) struct KubeEvent<'a> {
    /// Its own name; it lives in the namespace of the object.
    pub(crate) name: &'a str,
    pub(crate) on: Involved<'a>,
    pub(crate) annotations: &'a BTreeMap<String, String>,
    /// Whether it is a `Warning`; else it is `Normal`.
    pub(crate) warning: bool,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    /// When it happened for the first time, and when for the last.
    pub(crate) times: (Timestamp, Timestamp),
    pub(crate) count: u32,
}

impl KubeEvent<'_> {
    /// The whole object of `core/v1`.
    pub(crate) fn body(&self) -> Json {
        let Involved { api_version, kind, namespace, name, uid } = &self.on;
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": { "name": self.name, "namespace": namespace, "annotations": self.annotations },
            "involvedObject": {
                "apiVersion": api_version, "kind": kind, "namespace": namespace, "name": name, "uid": uid,
            },
            "type": if self.warning { "Warning" } else { "Normal" },
            "reason": self.reason,
            "message": self.message,
            "source": { "component": COMPONENT },
            "reportingComponent": COMPONENT,
            "firstTimestamp": seconds(self.times.0),
            "lastTimestamp": seconds(self.times.1),
            "count": self.count,
        })
    }
}

/// The API takes whole seconds.
pub(crate) fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}
