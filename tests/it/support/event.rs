//! Events as controllers post them.

use serde_json::{Value, json};

use super::NAMESPACE;

/// An event about a Kustomization.
pub(crate) fn event(name: &str, message: &str) -> Value {
    json!({
        "involvedObject": {
            "kind": "Kustomization", "namespace": NAMESPACE, "name": name,
            "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632", "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        },
        "severity": "info", "timestamp": "2026-08-07T10:15:30Z", "message": message,
        "reason": "ReconciliationSucceeded",
        "metadata": {
            "kustomize.toolkit.fluxcd.io/revision": "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738",
        },
        "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-0",
    })
}

/// An error about a commit and a change request, so that no type has nothing to say.
pub(crate) fn failing() -> Value {
    let mut event = event("web", "health check failed");
    event["severity"] = "error".into();
    event["reason"] = "HealthCheckFailed".into();
    event["metadata"]["event.toolkit.fluxcd.io/change_request"] = "7".into();
    event["metadata"]["event.toolkit.fluxcd.io/commit"] =
        "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738".into();
    event
}

/// Event number `n` about one of `objects` objects. Its message begins with the number, of equal length throughout.
pub(crate) fn numbered(n: usize, objects: usize) -> Value {
    event(&format!("object-{}", n % objects), &format!("{n:05} happened"))
}
