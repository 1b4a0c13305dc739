//! Objects of which nothing can be made: their status says so, and why.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::path_of;
use crate::support::{Instance, Namespace, condition, everything_from, is_ready, provider, receiver};

fn start(namespace: &Namespace, state: &TempDir, flags: &[&str]) -> Instance {
    let cluster = &namespace.cluster;
    Instance::in_cluster(&cluster.kubeconfig, Some(&namespace.name), state.path(), flags).loaded()
}

fn state() -> TempDir {
    TempDir::with_prefix("campanile-unusable-").expect("a folder")
}

#[test]
fn cluster_unusable_an_object_that_can_not_be_used_is_not_ready_and_its_status_says_why() {
    let (namespace, state) = (Namespace::new("unusable"), state());
    let mut empty = everything_from("nowhere");
    empty.as_object_mut().expect("an object").remove("spec");
    namespace.apply(empty);
    let mut instance = start(&namespace, &state, &[]);
    let status = namespace.status("alerts", "all-to-nowhere", |status| !condition(status, "Ready").is_null());
    let ready = condition(&status, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("ValidationFailed")));
    assert_eq!(ready["message"], "spec is required");
    // It is said once: a second look finds the status as it should be.
    instance.stop();
    let path = path_of(&namespace.place(everything_from("nowhere")));
    let version = || namespace.cluster.must("GET", &path, &Value::Null)["metadata"]["resourceVersion"].take();
    let (before, instance) = (version(), start(&namespace, &state, &[]));
    namespace.apply(provider("nowhere", "generic", json!({"address": "http://127.0.0.1:1/"})));
    namespace.status("providers", "nowhere", is_ready);
    assert_eq!(version(), before);
    namespace.apply(everything_from("nowhere"));
    namespace.status("alerts", "all-to-nowhere", is_ready);
    assert!(instance.logged("object is malformed and ignored"));
}

#[test]
fn cluster_unusable_a_receiver_is_left_alone_where_receivers_are_ignored() {
    let namespace = Namespace::new("receivers");
    namespace.apply(receiver("hook"));
    let path = path_of(&namespace.place(receiver("hook")));
    let object = || namespace.cluster.must("GET", &path, &Value::Null);
    namespace.apply(everything_from("nowhere"));
    let ignored = state();
    let instance = start(&namespace, &ignored, &["--receivers=ignore"]);
    namespace.status("alerts", "all-to-nowhere", |status| !condition(status, "Ready").is_null());
    assert!(condition(&object()["status"], "Ready").is_null(), "{}", object());
    assert_eq!(object()["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]), "another controller's");
    assert_eq!(instance.ask("/v1/objects")["receivers"], json!([]));
    drop(instance);
    namespace.cluster.must("PATCH", &path, &json!({"metadata": {"finalizers": null}}));
}
