//! The story of the demo: a commit is applied, is healthy, breaks, and recovers.

use jiff::Timestamp;
use serde_json::{Value, json};

/// One event of the story.
pub struct Chapter {
    /// What happens, in a few words.
    pub title: &'static str,
    /// The event as a controller would post it.
    pub event: Value,
    /// How many messages the quickstart's Alerts make of it.
    pub messages: usize,
}

const COMMIT: &str = "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738";

/// The events of the story in their order, stamped `now`.
pub fn story(now: Timestamp) -> Vec<Chapter> {
    let chapter = |title, severity, reason, message: &str, messages| Chapter {
        title,
        event: json!({
            "involvedObject": {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                "name": "webapp", "namespace": "flux-system", "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632",
            },
            "severity": severity, "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "reason": reason, "message": message,
            "metadata": {
                "kustomize.toolkit.fluxcd.io/revision": COMMIT, "event.toolkit.fluxcd.io/commit": COMMIT,
            },
            "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-0",
        }),
        messages,
    };
    vec![
        chapter(
            "a commit is being applied",
            "info",
            "Progressing",
            "Deployment/webapp/frontend configured",
            2,
        ),
        chapter(
            "it is applied and healthy",
            "info",
            "ReconciliationSucceeded",
            "Reconciliation finished in 1.2s, next run in 10m0s",
            2,
        ),
        chapter(
            "its health check fails",
            "error",
            "HealthCheckFailed",
            "health check failed after 30s: timeout waiting for: [Deployment/webapp/frontend status: 'InProgress']",
            3,
        ),
        chapter(
            "it recovers",
            "info",
            "ReconciliationSucceeded",
            "Reconciliation finished in 3.1s, next run in 10m0s",
            2,
        ),
    ]
}
