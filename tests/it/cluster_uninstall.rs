//! `campanile uninstall` against the real API server: what is ours goes, what is not stays.

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::{
    Gate, Namespace, Output, alert, campanile_in, campanile_in_with_input, eventually, kubectl, provider,
    shipped, shipped_with,
};

const OURS: &str = "app.kubernetes.io/name=campanile";

const KINDS: &str = "deployments,services,serviceaccounts,configmaps,networkpolicies,roles,rolebindings,persistentvolumeclaims,\
                     poddisruptionbudgets,ingresses,jobs";

/// Everything that is shipped.
const COMPONENTS: &[&str] = &[
    "deploy/receivers/cluster",
    "deploy/receivers/ingress",
    "deploy/event-auth",
    "deploy/workload-identity",
    "deploy/disruption",
];

fn names(namespace: &Namespace, kinds: &str, selector: &[&str]) -> Vec<String> {
    let told = kubectl(
        namespace,
        &[&["-n", &namespace.name, "get", kinds, "-o", "name"][..], selector].concat(),
        "",
    );
    told.lines().map(str::to_owned).collect()
}

fn ours(namespace: &Namespace) -> Vec<String> {
    names(namespace, KINDS, &["-l", OURS])
}

fn wide(namespace: &Namespace) -> Vec<String> {
    names(namespace, "clusterroles,clusterrolebindings", &["-l", OURS])
}

fn kinds(namespace: &Namespace) -> usize {
    names(namespace, "crd", &[]).iter().filter(|name| name.contains("notification.toolkit.fluxcd.io")).count()
}

fn install(namespace: &Namespace) {
    let text = shipped_with("deploy/base", COMPONENTS, namespace);
    kubectl(namespace, &["apply", "--server-side", "--force-conflicts", "-f", "-"], &text);
    kubectl(
        namespace,
        &["apply", "--server-side", "--force-conflicts", "-f", "-"],
        &shipped("deploy/preflight", namespace),
    );
}

fn uninstall(namespace: &Namespace, more: &[&str], input: &str) -> Output {
    let arguments = [&["uninstall", "--namespace", &namespace.name][..], more].concat();
    campanile_in_with_input(&namespace.cluster.kubeconfig, &arguments, input)
}

/// Nobody but a controller manager takes the protection off a claim that is to go.
fn let_the_claim_go(namespace: &Namespace) {
    let claim = format!("{}/notification-controller-state", namespace.all("v1", "persistentvolumeclaims"));
    namespace.cluster.must("PATCH", &claim, &json!({"metadata": {"finalizers": null}}));
}

#[test]
fn cluster_uninstall_issue_21_takes_what_is_ours_and_leaves_the_kinds_and_everybody_elses() {
    let cluster = Cluster::another();
    let namespace = Namespace::of(cluster.clone(), "uninstall");
    let before = (names(&namespace, KINDS, &[]), names(&namespace, "clusterroles,clusterrolebindings", &[]));
    install(&namespace);
    namespace.apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "somebody-elses"}}));
    kubectl(&namespace, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=20s"], "");
    namespace.apply(provider("chat", "generic", json!({"address": "https://hooks.example.com/"})));
    let there = ours(&namespace);
    let dry = uninstall(&namespace, &["--dry-run"], "");
    assert_eq!((dry.code, ours(&namespace)), (Some(0), there.clone()), "{dry:#?}");
    assert_eq!(dry.stdout.matches(" would be deleted\n").count(), there.len() + wide(&namespace).len());
    let done = uninstall(&namespace, &[], "");
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(
        done.stdout.contains("PersistentVolumeClaim/") && done.stdout.contains("still goes"),
        "{done:#?}"
    );
    assert!(done.stdout.contains("the kinds stay"), "{done:#?}");
    let_the_claim_go(&namespace);
    let mut after = names(&namespace, KINDS, &[]);
    after.retain(|name| name != "configmap/somebody-elses");
    assert_eq!(
        (after, names(&namespace, "clusterroles,clusterrolebindings", &[])),
        before,
        "nothing is left"
    );
    assert_eq!((kinds(&namespace), names(&namespace, "providers", &[]).len()), (3, 1));
    let label = "/api/v1/namespaces/".to_owned() + &namespace.name;
    let labels = cluster.must("GET", &label, &Value::Null)["metadata"]["labels"].take();
    assert_eq!(labels["app.kubernetes.io/name"], Value::Null, "the namespace is shared: {labels}");
    let again = uninstall(&namespace, &[], "");
    assert!(again.code == Some(1) && again.stderr.contains("revert the commit"), "{again:#?}");
}

#[test]
fn cluster_uninstall_issue_21_the_kinds_go_for_the_number_of_objects_and_not_while_flux_runs() {
    let cluster = Cluster::another();
    let (namespace, team) = (Namespace::of(cluster.clone(), "kinds"), Namespace::of(cluster.clone(), "team"));
    install(&namespace);
    kubectl(&namespace, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=20s"], "");
    team.apply(provider("chat", "generic", json!({"address": "https://hooks.example.com/"})));
    let sources = json!({"eventSources": [{"kind": "Kustomization", "name": "*"}]});
    team.apply(alert("a", "chat", sources.clone()));
    team.apply(alert("b", "chat", sources));
    let labels = json!({"app": "helm-controller"});
    let flux = namespace.place(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "helm-controller", "labels": {"app.kubernetes.io/part-of": "flux"}},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "manager", "image": "x"}]},
        }},
    }));
    cluster.apply(&flux);
    let there = ours(&namespace);
    let refused = uninstall(&namespace, &["--delete-crds"], "3\n");
    assert!(refused.code == Some(1) && refused.stderr.contains("helm-controller runs"), "{refused:#?}");
    let mut scaled = flux;
    scaled["spec"]["replicas"] = 0.into();
    cluster.apply(&scaled);
    for wrong in ["2\n", "yes\n", ""] {
        let refused = uninstall(&namespace, &["--delete-crds"], wrong);
        assert!(
            refused.code == Some(1) && refused.stderr.contains("3 objects would go"),
            "{wrong:?}: {refused:#?}"
        );
    }
    assert_eq!((ours(&namespace), kinds(&namespace)), (there, 3), "nothing was deleted");
    let done = uninstall(&namespace, &["--delete-crds"], "3\n");
    assert_eq!(done.code, Some(0), "{done:#?}");
    for counted in ["2 alerts", "1 provider", "0 receivers"] {
        assert!(done.stdout.contains(counted), "{done:#?}");
    }
    eventually("the kinds to be gone", || (kinds(&namespace) == 0).then_some(()));
}

#[test]
fn cluster_uninstall_issue_21_another_installation_keeps_the_roles_and_the_caller_his_rights() {
    let cluster = Cluster::another();
    let (one, two) = (Namespace::of(cluster.clone(), "one"), Namespace::of(cluster.clone(), "two"));
    kubectl(&one, &["apply", "--server-side", "-f", "-"], &shipped("deploy/crds", &one));
    for namespace in [&one, &two] {
        kubectl(
            namespace,
            &["apply", "--server-side", "-f", "-"],
            &shipped_with("deploy/namespaced", &["deploy/receivers/namespaced"], namespace),
        );
    }
    kubectl(&two, &["apply", "--server-side", "-f", "-"], &shipped("deploy/cluster", &two));
    // Who may nothing deletes nothing, and learns which right it is.
    one.apply(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}}));
    let there = ours(&one);
    let gate = Gate::before(&cluster, Some(&one.token("nobody")));
    let refused = campanile_in(&gate.kubeconfig(), &["uninstall", "--namespace", &one.name]);
    assert!(
        refused.code == Some(1) && refused.stderr.contains("list deployments: the API server answers 403"),
        "{refused:#?}"
    );
    assert_eq!(ours(&one), there);
    let roles = wide(&two);
    let done = uninstall(&one, &[], "");
    assert_eq!(done.code, Some(0), "{done:#?}");
    let_the_claim_go(&one);
    assert_eq!(ours(&one), Vec::<String>::new());
    assert_eq!(wide(&two), roles, "the other one needs them");
    assert!(ours(&two).iter().any(|name| name.contains("deployment")));
}
