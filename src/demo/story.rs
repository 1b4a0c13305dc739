//! What happens in the demo: a deployment that succeeds, breaks, and recovers.

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

const GOOD: &str = "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738";
const BAD: &str = "main@sha1:9d1e0a41b7a0c6f0e9e3b3a3b6a1d3c1a5f0c7e2";
const FIXED: &str = "main@sha1:c0ffee254729296a45a3885639ac7e10f9d54979";

/// The events, stamped `now`.
pub fn story(now: Timestamp) -> Vec<Chapter> {
    let chapter = |title, severity, reason, message: &str, revision: &str, messages| Chapter {
        title,
        event: json!({
            "involvedObject": {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                "name": "webapp", "namespace": "flux-system", "uid": "7d0cdc51-ddcf-4743-b223-83ca5c699632",
            },
            "severity": severity, "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "reason": reason, "message": message,
            "metadata": { "kustomize.toolkit.fluxcd.io/revision": revision },
            "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-0",
        }),
        messages,
    };
    vec![
        chapter(
            "a deployment succeeds",
            "info",
            "ReconciliationSucceeded",
            "Reconciliation finished in 1.2s, next run in 10m0s",
            GOOD,
            1,
        ),
        chapter(
            "the next one is not healthy",
            "error",
            "HealthCheckFailed",
            "health check failed after 30s: timeout waiting for: [Deployment/webapp/frontend status: 'InProgress']",
            BAD,
            2,
        ),
        chapter(
            "a fix arrives and it recovers",
            "info",
            "Progressing",
            "Health check passed in 3.1s",
            FIXED,
            1,
        ),
    ]
}
