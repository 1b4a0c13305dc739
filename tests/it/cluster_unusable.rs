//! Objects of which nothing can be made: their status says so, and why.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::path_of;
use crate::support::{
    Instance, Namespace, condition, eventually, everything_from, is_ready, provider, receiver,
};

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
fn cluster_unusable_a_receiver_is_not_supported_and_says_so_unless_receivers_are_ignored() {
    let namespace = Namespace::new("receivers");
    namespace.apply(receiver("hook"));
    let path = path_of(&namespace.place(receiver("hook")));
    let status = || namespace.cluster.must("GET", &path, &Value::Null)["status"].take();
    namespace.apply(everything_from("nowhere"));
    {
        let ignored = state();
        let instance = start(&namespace, &ignored, &["--receivers=ignore"]);
        namespace.status("alerts", "all-to-nowhere", |status| !condition(status, "Ready").is_null());
        assert!(condition(&status(), "Ready").is_null(), "{}", status());
        assert!(!instance.logged("receivers are not supported"));
        assert_eq!(instance.ask("/v1/objects")["receivers"], json!([]));
    }
    let reported = state();
    let instance = start(&namespace, &reported, &[]);
    let ready = eventually("the status of the Receiver", || {
        Some(condition(&status(), "Ready")).filter(|ready| ready["status"] == "False")
    });
    assert_eq!(ready["reason"], "NotSupported");
    assert!(
        ready["message"].as_str().is_some_and(|text| text.starts_with("Campanile takes no webhooks yet"))
    );
    assert_eq!(condition(&status(), "Stalled")["status"], "True", "no tool is to wait for it");
    instance.wait_for_log("receivers are not supported");
    instance.row("receivers", "hook", |row| row["conditions"][0]["reason"] == "NotSupported");
    let lines = instance.log().into_iter().filter(|line| line.contains("receivers are not supported"));
    assert_eq!(lines.count(), 1);
    namespace.cluster.must("DELETE", &path, &Value::Null);
    eventually("the Receiver to lose the finalizer of the replaced controller", || {
        (namespace.cluster.ask("GET", &path, &Value::Null).status == 404).then_some(())
    });
}
