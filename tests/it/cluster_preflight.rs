//! `campanile preflight` against the real API server: nothing is said of a good cluster, and each fault with its remedy.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::cluster::{Cluster, path_of};
use crate::support::{
    Gate, Namespace, Output, campanile_in, documents, eventually, kubectl, provider, receiver, secret,
    shipped, shipped_with,
};

/// A controller of Flux that posts to the Service of a namespace.
fn sender(namespace: &Namespace, events: &str) -> Value {
    let labels = json!({"app": "kustomize-controller"});
    let container =
        json!({"name": "manager", "image": "ghcr.io/fluxcd/kustomize-controller:v1.9.0", "args": [events]});
    namespace.place(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "kustomize-controller", "labels": {
            "app.kubernetes.io/component": "kustomize-controller", "app.kubernetes.io/part-of": "flux",
            "app.kubernetes.io/version": "v2.10.0",
        }},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
    }))
}

fn posts_to(namespace: &str) -> String {
    format!("--events-addr=http://notification-controller.{namespace}.svc.cluster.local./")
}

/// Campanile as it is shipped, with an image, beside a controller of Flux, in a cluster with volumes.
fn installed() -> Namespace {
    let cluster: Arc<Cluster> = Cluster::another();
    let namespace = Namespace::of(cluster.clone(), "preflight");
    kubectl(&namespace, &["apply", "--server-side", "-f", "-"], &shipped("deploy/base", &namespace));
    kubectl(&namespace, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=20s"], "");
    set_image(&namespace, "images.example.com/campanile:0.1.0");
    cluster.must("POST", "/apis/storage.k8s.io/v1/storageclasses", &json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "example.com/none",
        "metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    }));
    cluster.apply(&sender(&namespace, &posts_to(&namespace.name)));
    namespace
}

fn set_image(namespace: &Namespace, image: &str) {
    kubectl(
        namespace,
        &[
            "-n",
            &namespace.name,
            "set",
            "image",
            "deployment/notification-controller",
            &format!("manager={image}"),
        ],
        "",
    );
}

fn add_flag(namespace: &Namespace, flag: &str) {
    let patch =
        json!([{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": flag}]).to_string();
    kubectl(
        namespace,
        &["-n", &namespace.name, "patch", "deployment/notification-controller", "--type=json", "-p", &patch],
        "",
    );
}

fn preflight(namespace: &Namespace, more: &[&str]) -> Output {
    let kubeconfig = &namespace.cluster.kubeconfig;
    campanile_in(kubeconfig, &[&["preflight", "--namespace", &namespace.name][..], more].concat())
}

/// It fails, and says all of this on one line. The API server's own view of rights follows a moment later.
fn told(namespace: &Namespace, parts: &[&str]) {
    eventually(&format!("{parts:?} to be told"), || {
        let output = preflight(namespace, &[]);
        println!("{output:?}");
        let is_told = output.stdout.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        (output.code == Some(1) && is_told).then_some(())
    });
}

fn good(namespace: &Namespace) {
    eventually("nothing to be said", || {
        let output = preflight(namespace, &["--strict"]);
        println!("{output:?}");
        (output.code == Some(0) && output.stdout.ends_with("0 errors, 0 warnings\n")).then_some(())
    });
}

/// Destinations that the address guard closes, by the field of a Provider and by its Secret.
fn destinations(namespace: &Namespace) {
    namespace.apply(provider("relay", "generic", json!({"address": "http://127.0.0.1:8080/hook"})));
    told(
        namespace,
        &[
            &format!("Provider/{}/relay", namespace.name),
            "spec.address leads to 127.0.0.1:8080",
            "--allow-destinations=127.0.0.1:8080",
        ],
    );
    add_flag(namespace, "--allow-destinations=127.0.0.1:8080");
    good(namespace);
    namespace.apply(secret("address", json!({"address": "http://localhost:8081/T0/s3cret"})));
    namespace.apply(provider("relay", "generic", json!({"secretRef": {"name": "address"}})));
    told(namespace, &["key 'address' of spec.secretRef leads to localhost:8081, loopback"]);
    assert!(!preflight(namespace, &[]).stdout.contains("s3cret"));
    namespace.apply(provider("relay", "generic", json!({"address": "https://hooks.example.com/"})));
}

#[test]
fn cluster_preflight_issue_21_says_nothing_of_a_good_cluster_and_each_fault_with_its_remedy() {
    let namespace = installed();
    let (cluster, name) = (namespace.cluster.clone(), namespace.name.clone());
    good(&namespace);
    // What is installed without a change.
    set_image(&namespace, "campanile.invalid/set-me:0");
    told(&namespace, &["error: Deployment/", "campanile.invalid/set-me:0", "build the image", "[image]"]);
    set_image(&namespace, "images.example.com/campanile:0.1.0");
    // A sender that posts elsewhere.
    cluster.apply(&sender(&namespace, &posts_to("elsewhere")));
    told(&namespace, &["kustomize-controller", "elsewhere", &posts_to(&name), "[events-addr]"]);
    cluster.apply(&sender(&namespace, &posts_to(&name)));
    destinations(&namespace);
    // Receivers without what they need.
    namespace.apply(receiver("hook"));
    told(&namespace, &["no Service webhook-receiver", "deploy/receivers/cluster", "[receivers]"]);
    told(
        &namespace,
        &[
            "may not",
            "patch",
            "kustomizations.kustomize.toolkit.fluxcd.io",
            "deploy/receivers/cluster",
            "[rights]",
        ],
    );
    let with = shipped_with("deploy/base", &["deploy/receivers/cluster"], &namespace);
    let webhooks = documents(&with).into_iter().filter(|object| object["kind"] != "Deployment");
    let webhooks: Vec<String> = webhooks.map(|object| object.to_string()).collect();
    kubectl(
        &namespace,
        &["apply", "--server-side", "--force-conflicts", "-f", "-"],
        &webhooks.join("\n---\n"),
    );
    good(&namespace);
    // Rights taken away.
    let binding =
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/notification-controller-manager-rolebinding";
    let before = cluster.must("GET", binding, &Value::Null);
    cluster.must("DELETE", binding, &Value::Null);
    told(
        &namespace,
        &["may not list, watch, patch alerts.notification.toolkit.fluxcd.io", "deploy/rbac", "[rights]"],
    );
    let restored = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "notification-controller-manager-rolebinding"},
        "roleRef": before["roleRef"], "subjects": before["subjects"],
    });
    cluster.apply(&restored);
    // Volumes.
    cluster.must("DELETE", "/apis/storage.k8s.io/v1/storageclasses/fast", &Value::Null);
    told(&namespace, &["no default StorageClass", "deploy/ephemeral", "[volume]"]);
    let as_json = preflight(&namespace, &["-o", "json"]);
    let rows: Value = serde_json::from_str(&as_json.stdout).expect("JSON");
    assert_eq!((&rows[0]["level"], &rows[0]["id"]), (&json!("error"), &json!("volume")), "{rows}");
}

#[test]
fn cluster_preflight_issue_21_definitions_of_flux_stored_versions_and_kinds_of_others() {
    let namespace = installed();
    let alerts =
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/alerts.notification.toolkit.fluxcd.io";
    let stored = json!({"status": {"storedVersions": ["v1beta1", "v1beta3"]}});
    // The API server keeps the names of versions that the definition has, so an old one is made first.
    let mut definition = namespace.cluster.must("GET", alerts, &Value::Null);
    let versions = definition["spec"]["versions"].as_array_mut().expect("a list");
    let mut oldest = versions[2].clone();
    oldest["name"] = "v1beta1".into();
    versions.push(oldest);
    namespace.cluster.must("PUT", alerts, &definition);
    namespace.cluster.must("PATCH", &format!("{alerts}/status"), &stored);
    told(&namespace, &["alerts.notification", "stored as v1beta1", "flux migrate", "[stored-version]"]);
    // Flux's own, to which somebody appended a kind.
    let mut definition = namespace.cluster.must("GET", alerts, &Value::Null);
    for version in definition["spec"]["versions"].as_array_mut().expect("a list") {
        let properties = version["schema"]["openAPIV3Schema"]["properties"].as_object_mut().expect("fields");
        properties.remove("status");
        properties["spec"]["properties"]["eventSources"]["items"]["properties"]["kind"]["enum"]
            .as_array_mut()
            .expect("an enum")
            .push("Terraform".into());
    }
    namespace.cluster.must("PUT", alerts, &definition);
    told(&namespace, &["takes away: Terraform", "campanile crds --merge", "[appended-kinds]"]);
    namespace.cluster.must("DELETE", alerts, &Value::Null);
    told(
        &namespace,
        &["CustomResourceDefinition/alerts.notification", "not installed", "[missing-definition]"],
    );
}

#[test]
fn cluster_preflight_issue_21_the_job_looks_with_its_own_rights_and_says_what_it_may_not_read() {
    let namespace = installed();
    kubectl(&namespace, &["apply", "--server-side", "-f", "-"], &shipped("deploy/preflight", &namespace));
    namespace.apply(secret("address", json!({"address": "https://hooks.example.com/"})));
    namespace.apply(provider("chat", "generic", json!({"secretRef": {"name": "address"}})));
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "campanile-preflight"}});
    let job = namespace.cluster.must("GET", &path_of(&namespace.place(job)), &Value::Null);
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["args"], json!(["preflight", "--namespace=$(NAMESPACE)"]));
    let gate = Gate::before(&namespace.cluster, Some(&namespace.token("campanile-preflight")));
    let output = campanile_in(&gate.kubeconfig(), &["preflight", "--namespace", &namespace.name]);
    assert_eq!(output.code, Some(0), "{output:#?}");
    let unread: Vec<&str> = output.stdout.lines().filter(|line| line.ends_with("[unread]")).collect();
    assert_eq!(unread.len(), 1, "{output:#?}");
    assert!(unread[0].contains("get Secret address") && unread[0].contains("403"), "{unread:?}");
    assert!(output.stdout.ends_with("0 errors, 1 warning\n"), "{output:#?}");
}
