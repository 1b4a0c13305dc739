//! The shipped Deployment over that of Flux, and back; and a next pod that waits for the one before.

use serde_json::{Value, json};

use crate::support::cluster::path_of;
use crate::support::{Namespace, campanile, documents, kubectl, shipped};

/// The Deployment of Flux's notification-controller.
fn of_flux(namespace: &Namespace) -> Value {
    let text = include_str!("../fixtures/installers/flux.yaml");
    let deployment = documents(text).into_iter().find(|object| object["kind"] == "Deployment");
    namespace.place(deployment.expect("a Deployment"))
}

fn ours(namespace: &Namespace) -> Value {
    let shipped = documents(&shipped("deploy/base", namespace));
    shipped.into_iter().find(|object| object["kind"] == "Deployment").expect("a Deployment")
}

#[test]
fn cluster_rollout_issue_21_server_side_apply_takes_the_shipped_deployment_over_that_of_flux_and_back() {
    let namespace = Namespace::new("rollout");
    let apply = |object: &Value| {
        let arguments = ["-n", &namespace.name, "apply", "--server-side", "--force-conflicts", "-f", "-"];
        kubectl(&namespace, &arguments, &object.to_string());
        namespace.cluster.must("GET", &path_of(&namespace.place(object.clone())), &Value::Null)
    };
    let usual = apply(&of_flux(&namespace))["spec"]["strategy"].take();
    let stored = apply(&ours(&namespace));
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    assert_eq!(stored["spec"]["strategy"], strategy, "the old pod goes first");
    assert_ne!(usual, strategy, "Flux's own strategy is another, or this shows nothing");
    // The one that would be refused.
    let mut recreated = namespace.place(ours(&namespace));
    recreated["metadata"]["name"] = "another".into();
    let mut flux = of_flux(&namespace);
    flux["metadata"]["name"] = "another".into();
    namespace.cluster.apply(&flux);
    recreated["spec"]["strategy"] = json!({"type": "Recreate"});
    let path = format!("{}?fieldManager=another&force=true", path_of(&recreated));
    assert_eq!(namespace.cluster.ask("PATCH", &path, &recreated).status, 422);
    let back = apply(&of_flux(&namespace));
    assert_eq!(
        back["spec"]["template"]["spec"]["containers"][0]["image"],
        of_flux(&namespace)["spec"]["template"]["spec"]["containers"][0]["image"]
    );
}

#[test]
fn cluster_rollout_issue_21_the_next_pod_waits_longer_than_the_one_before_may_take() {
    let namespace = Namespace::new("grace");
    let pod = ours(&namespace)["spec"]["template"]["spec"].take();
    let grace = pod["terminationGracePeriodSeconds"].as_u64().expect("seconds");
    let help = campanile(&["controller", "--help"]).stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, flag) = help.split_once("--state-lock-timeout").expect("the flag is in the help");
    let (_, default) = flag.split_once("[default: ").expect("it has a default");
    let wait: u64 = default.split_once("s]").and_then(|(wait, _)| wait.parse().ok()).expect("seconds");
    assert!(wait > grace, "waits {wait} s for a pod that may take {grace} s");
    let probe = &pod["containers"][0]["startupProbe"];
    let patience = probe["periodSeconds"].as_u64().zip(probe["failureThreshold"].as_u64());
    let patience = patience.map(|(period, failures)| period * failures).expect("a startup probe");
    assert!(patience > wait, "killed after {patience} s of {wait} s");
}
