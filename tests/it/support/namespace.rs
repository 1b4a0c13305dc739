//! A namespace of the test cluster, and objects in it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::{Cluster, cluster};
use super::{Sink, event, eventually, everything_from, provider};

/// A namespace of its own for a test. What is in it goes when the test ends.
pub(crate) struct Namespace {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) name: String,
}

impl Namespace {
    /// A new one; `name` tells whose it is.
    pub(crate) fn new(name: &str) -> Self {
        Self::of(cluster(), name)
    }

    /// A new one of that cluster.
    pub(crate) fn of(cluster: Arc<Cluster>, name: &str) -> Self {
        let name = format!("it-{name}-{:08x}", fastrand::u32(..));
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        cluster.must("POST", "/api/v1/namespaces", &object);
        Self { cluster, name }
    }

    /// `object` in this namespace.
    pub(crate) fn place(&self, mut object: Value) -> Value {
        object["metadata"]["namespace"] = self.name.as_str().into();
        object
    }

    /// Makes or changes an object here, and returns what is stored.
    pub(crate) fn apply(&self, object: Value) -> Value {
        self.cluster.apply(&self.place(object))
    }

    /// Provider `chat` with an Alert that takes every Kustomization here to `sink`.
    pub(crate) fn notify(&self, sink: &Sink) {
        self.apply(provider("chat", "generic", json!({"address": sink.url("/hook")})));
        self.apply(everything_from("chat"));
    }

    /// An event about a Kustomization here.
    pub(crate) fn event(&self, name: &str, message: &str) -> Value {
        let mut event = event(name, message);
        event["involvedObject"]["namespace"] = self.name.as_str().into();
        event
    }

    /// The path of everything of a kind here; `group` has its version.
    pub(crate) fn all(&self, group: &str, plural: &str) -> String {
        let root = if group.contains('/') { "apis" } else { "api" };
        format!("/{root}/{group}/namespaces/{}/{plural}", self.name)
    }

    /// Waits until the status of one of our objects is `wanted`.
    pub(crate) fn status(&self, plural: &str, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("{}/{name}", self.all("notification.toolkit.fluxcd.io/v1beta3", plural));
        let mut last = Value::Null;
        eventually(&format!("the status of {plural}/{name} to be as wanted"), || {
            let status = self.cluster.must("GET", &path, &Value::Null)["status"].take();
            if status != last {
                println!("the status of {plural}/{name} is {status}");
                last = status.clone();
            }
            wanted(&status).then_some(status)
        })
    }

    /// The token of a service account here.
    pub(crate) fn token(&self, account: &str) -> String {
        self.token_of(account, &json!({}))
    }

    /// The same, for somebody else than the API server.
    pub(crate) fn token_for(&self, account: &str, audience: &str) -> String {
        self.token_of(account, &json!({"audiences": [audience]}))
    }

    fn token_of(&self, account: &str, spec: &Value) -> String {
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
        let path = format!("{}/{account}/token", self.all("v1", "serviceaccounts"));
        let answer = self.cluster.must("POST", &path, &request);
        answer["status"]["token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Namespace {
    /// Nobody empties a namespace of the test cluster, so it is done here. What fails is of no interest to the test.
    fn drop(&mut self) {
        for plural in ["alerts", "providers"] {
            let all = self.all("notification.toolkit.fluxcd.io/v1beta3", plural);
            self.cluster.ask("DELETE", &all, &Value::Null);
        }
        self.cluster.ask("DELETE", &self.all("v1", "secrets"), &Value::Null);
        self.cluster.ask("DELETE", &format!("/api/v1/namespaces/{}", self.name), &Value::Null);
    }
}

/// The condition of a type in a status.
pub(crate) fn condition(status: &Value, kind: &str) -> Value {
    let all = status["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["type"] == kind).unwrap_or_default()
}

/// Whether a status says that the object is ready.
pub(crate) fn is_ready(status: &Value) -> bool {
    condition(status, "Ready")["status"] == "True"
}
