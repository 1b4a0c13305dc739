//! Webhooks that come while the API server is away, slow or throttles: accepted, kept, and acted on when it is back.

use std::time::Duration;

use serde_json::json;

use crate::cluster_receivers::{Stage, repository};
use crate::support::{Fault, Gate, eventually, within};

/// What the program asks of GitRepositories, lists and patches, and nothing else of its requests.
const REPOSITORIES: &str = "/gitrepositories";

/// How many patches of GitRepositories came through the gate.
fn patches(gate: &Gate) -> usize {
    let is_patch = |one: &&crate::support::Passed| one.method == "PATCH" && one.path.contains(REPOSITORIES);
    gate.passed().iter().filter(is_patch).filter(|one| one.status == Some(200)).count()
}

fn annotated(stage: &Stage, name: &str) {
    // A pause between tries is 30 s at most.
    within(Duration::from_secs(90), &format!("{name} to be annotated"), || stage.requested(name));
}

#[test]
fn cluster_postponed_issue_20_what_a_failing_api_server_does_not_take_is_202_and_one_annotation_later() {
    for (name, fault) in [
        ("postponed-away", Fault::Away),
        ("postponed-429", Fault::Refuse(429)),
        ("postponed-503", Fault::Refuse(503)),
        ("postponed-silent", Fault::Silent),
        ("postponed-slow", Fault::Slow(Duration::from_secs(8))),
    ] {
        let gate = Gate::open();
        let stage = Stage::behind(&gate.kubeconfig(), name, &[]);
        stage.until("Succeeded");
        gate.fail_at(REPOSITORIES, fault);
        for _ in 0..3 {
            let answer = stage.post(&stage.hook());
            assert_eq!((answer.status, answer.body.as_str()), (202, ""), "{fault:?}");
        }
        stage.instance.row("receivers", "hook", |row| row["waiting"] == 1 && row["postponed"] == 3);
        if !matches!(fault, Fault::Slow(_)) {
            assert_eq!(stage.requested("app"), None, "{fault:?}");
        }
        let page = stage.instance.ask("/v1/state");
        assert_eq!(page["postponer"]["waiting"], 1, "{page}");
        gate.mend();
        annotated(&stage, "app");
        stage.instance.row("receivers", "hook", |row| row["waiting"] == 0);
        let patches = patches(&gate);
        match fault {
            Fault::Away => assert_eq!(patches, 1, "three webhooks become one annotation"),
            // What was given up on arrives all the same.
            Fault::Slow(_) => assert!(patches > 0),
            // One that comes while it is being tried has a try of its own.
            _ => assert!((1..=2).contains(&patches), "{fault:?}: {patches}"),
        }
        assert_eq!(stage.post(&stage.hook()).status, 200, "{fault:?}: it works as before");
    }
}

#[test]
fn cluster_postponed_issue_20_what_was_accepted_outlives_a_crash_with_what_its_filters_saw() {
    let gate = Gate::open();
    let mut stage = Stage::behind(&gate.kubeconfig(), "postponed-crash", &[]);
    for name in ["main", "other"] {
        stage.namespace.apply(repository(name));
    }
    let selected = json!({
        "kind": "GitRepository", "name": "*", "matchLabels": {},
        "filter": "res.metadata.name == req.ref",
    });
    stage.patch(&json!({"spec": {"resources": [{"kind": "GitRepository", "name": "app"}, selected]}}));
    stage.until("Succeeded");
    let json = "Content-Type: application/json\r\n";
    eventually("the filter to be in force", || {
        (stage.post_with(&stage.hook(), json, "{}").status == 500).then_some(())
    });
    let before = stage.requested("app");
    gate.fail(Fault::Away);
    let answer = stage.post_with(&stage.hook(), json, "{\"ref\": \"main\", \"secret\": \"no\"}");
    assert_eq!(answer.status, 202);
    stage.crash(&gate.kubeconfig());
    stage.instance.wait_for_log("stored requests to reconcile wait for the API server");
    assert_eq!((stage.requested("main"), stage.requested("app")), (None, before.clone()));
    gate.mend();
    annotated(&stage, "main");
    eventually("app to be annotated anew", || (stage.requested("app") > before).then_some(()));
    assert_eq!(stage.requested("other"), None, "the filter saw the body of the webhook");
    stage.instance.row("receivers", "hook", |row| row["waiting"] == 0);
    let status = eventually("nothing to wait in the status", || {
        let status = stage.object()["status"]["reconciles"].take();
        (status.is_null() || status["waiting"] == 0).then_some(status)
    });
    assert!(status["failed"].is_null() || status["failed"] == 0, "{status}");
}

#[test]
fn cluster_postponed_issue_20_what_is_gone_when_the_api_server_is_back_is_dropped_and_told() {
    let gate = Gate::open();
    let stage = Stage::behind(&gate.kubeconfig(), "postponed-gone", &[]);
    stage.until("Succeeded");
    gate.fail_at(REPOSITORIES, Fault::Refuse(503));
    assert_eq!(stage.post(&stage.hook()).status, 202);
    eventually("the status to say that it waits", || {
        (stage.object()["status"]["reconciles"]["waiting"] == 1).then_some(())
    });
    assert_eq!(stage.object()["status"]["lastWebhook"]["verdict"], "postponed");
    let path = crate::support::cluster::path_of(&stage.namespace.place(repository("app")));
    stage.namespace.cluster.must("DELETE", &path, &serde_json::Value::Null);
    gate.mend();
    eventually("the status to say that it failed", || {
        let reconciles = stage.object()["status"]["reconciles"].take();
        (reconciles["waiting"] == 0 && reconciles["failed"] == 1).then_some(())
    });
    stage.instance.wait_for_log("unable to request reconciliation");
}
