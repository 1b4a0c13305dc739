//! Receivers in a cluster: their status, and the annotation that a webhook leads to (contract, receivers 2, 7 and 11.5).

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster_roles::{OPERATOR, permissive};
use crate::support::cluster::{cluster, path_of};
use crate::support::{
    Answer, Instance, Namespace, condition, eventually, exchange, object, receiver, secret,
};

const REPOSITORY: (&str, &str, &str) = ("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories");

/// A namespace with a GitRepository `app`, an instance, and a Receiver `hook` for it.
pub(crate) struct Stage {
    pub(crate) namespace: Namespace,
    pub(crate) instance: Instance,
    state: TempDir,
}

impl Stage {
    pub(crate) fn new(name: &str, flags: &[&str]) -> Self {
        Self::behind(&cluster().kubeconfig, name, flags)
    }

    /// With an instance that reaches the API server by this file.
    pub(crate) fn behind(kubeconfig: &Path, name: &str, flags: &[&str]) -> Self {
        let namespace = Namespace::new(name);
        namespace.cluster.define(&permissive(&REPOSITORY));
        namespace.apply(repository("app"));
        namespace.apply(receiver("hook"));
        namespace.apply(watched_token());
        let state = TempDir::with_prefix("campanile-receivers-").expect("a folder");
        let instance = Instance::in_cluster(kubeconfig, Some(&namespace.name), state.path(), flags).loaded();
        Self { namespace, instance, state }
    }

    /// Ends the instance as a crash does, and starts another one on its state.
    pub(crate) fn crash(&mut self, kubeconfig: &Path) {
        self.instance.kill();
        self.instance = Instance::in_cluster(kubeconfig, Some(&self.namespace.name), self.state.path(), &[]);
    }

    fn path(&self) -> String {
        path_of(&self.namespace.place(receiver("hook")))
    }

    pub(crate) fn object(&self) -> Value {
        self.namespace.cluster.must("GET", &self.path(), &Value::Null)
    }

    pub(crate) fn patch(&self, change: &Value) {
        self.namespace.cluster.must("PATCH", &self.path(), change);
    }

    /// Waits until `Ready` has this reason at the present generation.
    pub(crate) fn until(&self, reason: &str) -> Value {
        eventually(&format!("the Receiver to be {reason}"), || {
            let object = self.object();
            let ready = condition(&object["status"], "Ready");
            let is_now = ready["observedGeneration"] == object["metadata"]["generation"];
            (is_now && ready["reason"] == reason).then_some(object)
        })
    }

    /// The path of the webhook (contract, receivers 3).
    pub(crate) fn hook(&self) -> String {
        let digest = digest(&SHA256, format!("test-tokenhook{}", self.namespace.name).as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("/hook/{hex}")
    }

    pub(crate) fn post(&self, path: &str) -> Answer {
        self.post_with(path, "", "")
    }

    /// With these lines of a head, each with its end, and this body.
    pub(crate) fn post_with(&self, path: &str, head: &str, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}"
        );
        exchange(self.instance.webhooks(), request.as_bytes()).expect("the endpoint answers")
    }

    /// When a GitRepository was asked to reconcile.
    pub(crate) fn requested(&self, name: &str) -> Option<String> {
        self.requested_of(repository(name))
    }

    /// When an object was asked to reconcile.
    fn requested_of(&self, object: Value) -> Option<String> {
        let path = path_of(&self.namespace.place(object));
        let object = self.namespace.cluster.must("GET", &path, &Value::Null);
        let value = object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].as_str();
        value.map(str::to_owned)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.namespace.cluster.ask("DELETE", &self.path(), &Value::Null);
    }
}

pub(crate) fn repository(name: &str) -> Value {
    object("source.toolkit.fluxcd.io/v1", "GitRepository", name, json!({}))
}

/// The token, with the label by which its changes are heard of at once.
fn watched_token() -> Value {
    let mut token = secret("token", json!({"token": "test-token"}));
    token["metadata"]["labels"] = json!({"reconcile.fluxcd.io/watch": "Enabled"});
    token
}

#[test]
fn cluster_receivers_k04_k10_k12_k13_k14_a_webhook_annotates_what_a_ready_receiver_names() {
    let stage = Stage::new("receivers-ready", &[]);
    let object = stage.until("Succeeded");
    let (status, generation) = (&object["status"], &object["metadata"]["generation"]);
    let hook = stage.hook();
    assert_eq!((&status["webhookPath"], &status["observedGeneration"]), (&json!(hook), generation));
    let message = format!("Receiver initialized for path: {hook}");
    assert_eq!(condition(status, "Ready")["message"], message);
    assert!(condition(status, "Reconciling").is_null(), "{status}");
    assert_eq!(object["spec"]["interval"], "10m");
    eventually("the finalizer of the replaced controller to go", || {
        stage.object()["metadata"]["finalizers"].is_null().then_some(())
    });
    // The client follows the redirect.
    let redirected = stage.post(&format!("/{hook}"));
    assert_eq!((redirected.status, redirected.header("location")), (307, Some(hook.as_str())));
    assert_eq!(stage.requested("app"), None);
    let answer = stage.post(&hook);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let first = stage.requested("app").expect("it is annotated");
    assert_eq!(stage.post(&hook).status, 200);
    assert!(stage.requested("app") > Some(first), "each webhook asks anew");
    stage.patch(&json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}}));
    eventually("the request to be handled", || {
        (stage.object()["status"]["lastHandledReconcileAt"] == "now").then_some(())
    });
    stage.patch(&json!({"spec": {"events": ["push"]}}));
    let changed = stage.until("Succeeded");
    assert_eq!(changed["status"]["webhookPath"], hook);
    assert!(changed["metadata"]["generation"].as_i64() > generation.as_i64());
}

#[test]
fn cluster_receivers_k05_k07_a_filter_that_does_not_compile_stalls_it_until_it_is_corrected() {
    let stage = Stage::new("receivers-filter", &[]);
    stage.until("Succeeded");
    stage.patch(&json!({"spec": {"resourceFilter": "has(res.metadata.annotations"}}));
    let object = stage.until("InvalidCELExpression");
    let stalled = condition(&object["status"], "Stalled");
    assert_eq!((&stalled["status"], &stalled["reason"]), (&json!("True"), &json!("InvalidCELExpression")));
    assert_eq!(object["status"]["observedGeneration"], object["metadata"]["generation"]);
    assert!(stalled["message"].as_str().is_some_and(|text| text.contains("annotations")), "{stalled}");
    eventually("its path to answer 503", || (stage.post(&stage.hook()).status == 503).then_some(()));
    stage.patch(&json!({"spec": {"resourceFilter": "has(res.metadata.annotations)"}}));
    let status = stage.until("Succeeded")["status"].take();
    assert!(
        condition(&status, "Stalled").is_null() && condition(&status, "Reconciling").is_null(),
        "{status}"
    );
}

#[test]
fn cluster_receivers_k06_a_broken_check_of_tokens_stalls_it_until_it_is_corrected() {
    let stage = Stage::new("receivers-oidc", &[]);
    stage.until("Succeeded");
    let provider = |expression: &str| {
        let validations = json!([{"expression": expression, "message": "wrong repository"}]);
        json!([{"issuerURL": "https://issuer.example.com", "validations": validations}])
    };
    let spec = |expression: &str| {
        json!({"spec": {
            "type": "generic-oidc", "secretRef": null, "oidcProviders": provider(expression),
        }})
    };
    stage.patch(&spec("claims.repository =="));
    let object = stage.until("InvalidCELExpression");
    let stalled = condition(&object["status"], "Stalled");
    assert_eq!((&stalled["status"], &stalled["reason"]), (&json!("True"), &json!("InvalidCELExpression")));
    assert_eq!(object["status"]["observedGeneration"], object["metadata"]["generation"]);
    assert!(stalled["message"].as_str().is_some_and(|text| text.contains("oidcProviders")), "{stalled}");
    stage.patch(&spec("claims.repository == 'acme/fleet'"));
    let status = stage.until("Succeeded")["status"].take();
    assert!(condition(&status, "Stalled").is_null(), "{status}");
}

#[test]
fn cluster_receivers_issue_20_kinds_of_the_flux_operator_are_annotated() {
    let stage = Stage::new("receivers-operator", &[]);
    OPERATOR.iter().for_each(|kind| stage.namespace.cluster.define(&permissive(kind)));
    let own = |kind: &str| object("fluxcd.controlplane.io/v1", kind, "flux", json!({}));
    let entry = |(_, kind, _): &(&str, &str, &str)| {
        stage.namespace.apply(own(kind));
        json!({"apiVersion": "fluxcd.controlplane.io/v1", "kind": kind, "name": "flux"})
    };
    let resources: Vec<Value> = OPERATOR.iter().map(entry).collect();
    stage.patch(&json!({"spec": {"resources": resources}}));
    stage.until("Succeeded");
    eventually("all of them to be annotated", || {
        assert_eq!(stage.post(&stage.hook()).status, 200);
        OPERATOR.iter().all(|(_, kind, _)| stage.requested_of(own(kind)).is_some()).then_some(())
    });
}

#[test]
fn cluster_receivers_k08_k09_a_secret_that_goes_and_comes_back_takes_the_path_with_it() {
    let stage = Stage::new("receivers-secret", &["--min-retry-delay=100ms"]);
    stage.until("Succeeded");
    let path = path_of(&stage.namespace.place(watched_token()));
    stage.namespace.cluster.must("DELETE", &path, &Value::Null);
    let object = stage.until("TokenNotFound");
    let (status, name) = (&object["status"], &stage.namespace.name);
    let message =
        format!("unable to read token from secret '{name}/token' error: secrets \"token\" not found");
    assert_eq!(condition(status, "Ready")["message"], message);
    assert_eq!(condition(status, "Reconciling")["reason"], "ProgressingWithRetry");
    assert!(status["webhookPath"].is_null(), "{status}");
    eventually("its path to answer 404", || (stage.post(&stage.hook()).status == 404).then_some(()));
    stage.namespace.apply(watched_token());
    assert_eq!(stage.until("Succeeded")["status"]["webhookPath"], stage.hook());
}

#[test]
fn cluster_receivers_k11_w14_a_suspended_receiver_refuses_and_can_be_deleted() {
    let stage = Stage::new("receivers-suspended", &[]);
    stage.until("Succeeded");
    stage.patch(&json!({"spec": {"suspend": true}}));
    eventually("its path to answer 503", || (stage.post(&stage.hook()).status == 503).then_some(()));
    assert_eq!(stage.object()["status"]["webhookPath"], stage.hook(), "its status stays");
    stage.namespace.cluster.must("DELETE", &stage.path(), &Value::Null);
    eventually("it to be gone", || {
        (stage.namespace.cluster.ask("GET", &stage.path(), &Value::Null).status == 404).then_some(())
    });
}

#[test]
fn cluster_receivers_w16_issue_20_what_is_not_there_is_500_and_the_status_tells_of_the_last_request() {
    let stage = Stage::new("receivers-missing", &[]);
    stage.until("Succeeded");
    let resources =
        json!([{"kind": "GitRepository", "name": "nobody"}, {"kind": "GitRepository", "name": "app"}]);
    stage.patch(&json!({"spec": {"resources": resources}}));
    stage.until("Succeeded");
    eventually("the entry that is not there to be 500", || {
        (stage.post(&stage.hook()).status == 500).then_some(())
    });
    assert!(stage.requested("app").is_some(), "the other entry is annotated all the same");
    let last = eventually("the last request in the status", || {
        Some(stage.object()["status"]["lastWebhook"].take()).filter(|last| last["verdict"] == "failed")
    });
    assert!(last["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{last}");
    stage.instance.row("receivers", "hook", |row| row["failed"].as_u64() > Some(0));
}
