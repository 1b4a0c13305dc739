//! The Helm chart: it is what kustomize has, object by object, and a real release of it comes and goes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster_roles::permissive;
use crate::support::cluster::Cluster;
use crate::support::{Namespace, documents, eventually, helm, kubectl, rendered, shipped, shipped_with};

/// The label of all that is ours.
const OURS: &str = "app.kubernetes.io/name=campanile";

/// By which an object stays when the release goes.
const KEEP: &str = "helm.sh/resource-policy";

/// Objects by kind and name; the namespace itself is left to whoever installs.
fn by_name(text: &str) -> BTreeMap<String, Value> {
    let named = |object: Value| {
        let part =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        (format!("{}/{}/{}", part("/kind"), part("/metadata/namespace"), part("/metadata/name")), object)
    };
    let all = documents(text).into_iter().filter(|object| !object.is_null() && object["kind"] != "Namespace");
    all.map(named).collect()
}

/// An object without what means the same in another form: the order of volumes, and line breaks in an expression.
fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(volumes) = object.pointer_mut("/spec/template/spec/volumes").and_then(Value::as_array_mut) {
        volumes.sort_by_key(|volume| volume["name"].to_string());
    }
    if object["kind"] == "PrometheusRule" {
        let rules = object.pointer_mut("/spec/groups/0/rules").and_then(Value::as_array_mut).expect("rules");
        for rule in rules {
            let words: Vec<&str> = rule["expr"].as_str().expect("an expression").split_whitespace().collect();
            rule["expr"] = words.join(" ").into();
        }
    }
    object
}

/// Holds the chart's objects against those of kustomize. `own` are arguments that the chart alone adds.
fn same(chart: &str, kustomize: &str, own: &[&str]) {
    let (mut chart, kustomize) = (by_name(chart), by_name(kustomize));
    let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&chart), names(&kustomize));
    for (name, object) in &mut chart {
        if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
        {
            annotations.remove(KEEP);
            if annotations.is_empty() {
                object["metadata"].as_object_mut().expect("metadata").remove("annotations");
            }
        }
        if object["kind"] == "Deployment" {
            let args = object["spec"]["template"]["spec"]["containers"][0]["args"]
                .as_array_mut()
                .expect("arguments");
            let before = args.len();
            args.retain(|arg| !own.iter().any(|own| arg == own));
            assert_eq!(before - args.len(), own.len(), "{own:?} in {args:?}");
        }
        assert_eq!(comparable(object), comparable(&kustomize[name]), "{name}");
    }
}

#[test]
fn cluster_chart_issue_21_is_what_kustomize_has_object_by_object() {
    let namespace = Namespace::new("chart");
    let chart = |values: &[&str]| rendered(&namespace, values);
    same(&chart(&[]), &shipped("deploy/base", &namespace), &[]);
    same(&chart(&["state.ephemeral=true"]), &shipped("deploy/ephemeral", &namespace), &[]);
    let narrow = ["watchAllNamespaces=false", "crds.install=false", "userRoles=false"];
    same(&chart(&narrow), &shipped("deploy/namespaced", &namespace), &[]);
    let components = [
        "deploy/receivers/cluster",
        "deploy/receivers/ingress",
        "deploy/event-auth",
        "deploy/workload-identity",
        "deploy/hardened",
        "deploy/disruption",
    ];
    let values = [
        "receivers.enabled=true",
        "receivers.ingress.enabled=true",
        "eventAuth.mode=audit",
        "workloadIdentity.enabled=true",
        "hardened=true",
        "podDisruptionBudget=true",
        "priorityClassName=system-cluster-critical",
    ];
    same(&chart(&values), &shipped_with("deploy/base", &components, &namespace), &["--event-auth=audit"]);
    let gateway = [&narrow[..], &["receivers.enabled=true", "receivers.gateway.enabled=true"]].concat();
    let components = ["deploy/receivers/namespaced", "deploy/receivers/gateway"];
    same(&chart(&gateway), &shipped_with("deploy/namespaced", &components, &namespace), &[]);
    let monitoring = ["monitoring.podMonitor=true", "monitoring.rules=true", "monitoring.dashboard=true"];
    let both = [shipped("deploy/base", &namespace), shipped("deploy/monitoring", &namespace)].join("---\n");
    same(&chart(&monitoring), &both, &[]);
}

#[test]
fn cluster_chart_issue_21_values_reach_the_objects() {
    let namespace = Namespace::new("values");
    let values = [
        "image.repository=images.example.com/campanile",
        "image.tag=0.2.0",
        "image.pullSecrets[0].name=registry",
        "logLevel=debug",
        "state.size=4Gi",
        "state.storageClassName=fast",
        "eventAuth.mode=enforced",
        "eventAuth.controllers={flux-system/kustomize-controller,flux-system/helm-controller}",
        "args={--delivery-threads=2}",
        "allowDestinations={relay.tools.svc,127.0.0.1:8080}",
        "serviceAccount.annotations.role=arn",
        "networkPolicy.metricsNamespace=prometheus",
        "resources.limits.memory=2Gi",
        "receivers.enabled=true",
        "receivers.from=edge",
    ];
    let objects = by_name(&rendered(&namespace, &values));
    let named = |kind: &str, name: &str| &objects[&format!("{kind}/{}/{name}", namespace.name)];
    let pod = &named("Deployment", "notification-controller")["spec"]["template"]["spec"];
    let manager = &pod["containers"][0];
    assert_eq!(manager["image"], "images.example.com/campanile:0.2.0");
    assert_eq!(pod["imagePullSecrets"], json!([{"name": "registry"}]));
    assert_eq!(
        manager["args"],
        json!([
            "--watch-all-namespaces",
            "--log-level=debug",
            "--log-encoding=json",
            "--enable-leader-election",
            "--state-dir=/state/outbox",
            "--allow-destinations=relay.tools.svc,127.0.0.1:8080",
            "--event-auth=enforced",
            "--event-auth-controllers=flux-system/kustomize-controller,flux-system/helm-controller",
            "--delivery-threads=2",
        ])
    );
    assert_eq!(
        manager["resources"],
        json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1000m", "memory": "2Gi"}})
    );
    let claim = &named("PersistentVolumeClaim", "notification-controller-state")["spec"];
    assert_eq!(
        (&claim["resources"]["requests"]["storage"], &claim["storageClassName"]),
        (&json!("4Gi"), &json!("fast"))
    );
    assert_eq!(named("ServiceAccount", "notification-controller")["metadata"]["annotations"]["role"], "arn");
    let from = |name: &str, rule: usize| {
        let policy = &named("NetworkPolicy", name)["spec"]["ingress"][rule]["from"][0];
        policy["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"].clone()
    };
    assert_eq!(from("notification-controller", 1), "prometheus");
    assert_eq!(from("notification-controller-webhooks", 0), "edge");
    existing_claim(&namespace);
}

/// A claim that is there already is used, and none is made.
fn existing_claim(namespace: &Namespace) {
    let existing = by_name(&rendered(namespace, &["state.existingClaim=mine"]));
    let volumes = &existing[&format!("Deployment/{}/notification-controller", namespace.name)]["spec"]["template"]
        ["spec"]["volumes"];
    assert_eq!(volumes[1]["persistentVolumeClaim"]["claimName"], "mine");
    assert!(!existing.keys().any(|name| name.starts_with("PersistentVolumeClaim")), "{:?}", existing.keys());
}

#[test]
fn cluster_chart_issue_21_wrong_values_are_refused_by_their_schema() {
    let namespace = Namespace::new("wrong");
    for (wrong, word) in [
        ("replicas=2", "replicas"),
        ("logLevel=loud", "logLevel"),
        ("eventAuth.mode=on", "mode"),
        ("imag.tag=1", "imag"),
        ("image.digest=sha256:12", "digest"),
        ("args={log-level}", "args"),
    ] {
        let made = helm(&namespace, &["template", "campanile", "deploy/chart", "--set", wrong]);
        assert!(!made.succeeded && made.text.contains(word), "{wrong}: {}", made.text);
    }
    let several = by_name(&rendered(&namespace, &["replicas=2", "state.ephemeral=true"]));
    assert_eq!(
        several[&format!("Deployment/{}/notification-controller", namespace.name)]["spec"]["replicas"],
        2
    );
}

#[test]
fn cluster_chart_issue_21_lint_finds_nothing() {
    let namespace = Namespace::new("lint");
    let told = helm(&namespace, &["lint", "--strict", "deploy/chart"]);
    assert!(told.succeeded && told.text.contains("0 chart(s) failed"), "{}", told.text);
    assert!(!told.text.contains("[WARNING]") && !told.text.contains("[ERROR]"), "{}", told.text);
    let folder = tempfile::TempDir::with_prefix("campanile-chart-").expect("a folder");
    let into = folder.path().to_str().expect("UTF-8");
    let packed = helm(&namespace, &["package", "deploy/chart", "--destination", into]);
    assert!(packed.succeeded, "{}", packed.text);
    // The package has the files themselves, and makes the same.
    let archive = folder.path().join("campanile-0.1.0.tgz");
    let made = helm(&namespace, &["template", "campanile", archive.to_str().expect("UTF-8")]);
    assert!(made.succeeded, "{}", made.text);
    assert_eq!(by_name(&made.text), by_name(&rendered(&namespace, &[])));
}

/// What carries the label of ours, of all kinds that the chart has.
fn left(namespace: &Namespace) -> Vec<String> {
    let kinds = "deployments,services,serviceaccounts,configmaps,networkpolicies,roles,rolebindings,persistentvolumeclaims,\
                 poddisruptionbudgets,ingresses,podmonitors,prometheusrules,clusterroles,clusterrolebindings";
    let told = kubectl(namespace, &["-n", &namespace.name, "get", kinds, "-l", OURS, "-o", "name"], "");
    told.lines().map(str::to_owned).collect()
}

/// Nobody but a controller manager takes the protection off a claim that is to go.
fn let_claims_go(namespace: &Namespace) {
    let claims = format!("{}/notification-controller-state", namespace.all("v1", "persistentvolumeclaims"));
    if namespace.cluster.ask("GET", &claims, &Value::Null).status == 200 {
        namespace.cluster.must("PATCH", &claims, &json!({"metadata": {"finalizers": null}}));
    }
}

const EVERYTHING: &[&str] = &[
    "receivers.enabled=true",
    "receivers.ingress.enabled=true",
    "eventAuth.mode=audit",
    "workloadIdentity.enabled=true",
    "hardened=true",
    "podDisruptionBudget=true",
    "monitoring.podMonitor=true",
    "monitoring.rules=true",
    "monitoring.dashboard=true",
];

fn definitions(namespace: &Namespace) -> usize {
    let told = kubectl(namespace, &["get", "crd", "-l", OURS, "-o", "name"], "");
    told.lines().filter(|line| line.contains("notification.toolkit.fluxcd.io")).count()
}

#[test]
fn cluster_chart_issue_21_a_release_comes_over_flux_is_changed_and_goes_with_nothing_left_but_the_kinds() {
    let cluster = Cluster::another();
    let namespace = Namespace::of(cluster.clone(), "release");
    for (kind, plural) in [("PodMonitor", "podmonitors"), ("PrometheusRule", "prometheusrules")] {
        cluster.define(&permissive(&("monitoring.coreos.com", kind, plural)));
    }
    // Server-side, as tools that render charts do it.
    let text = rendered(&namespace, EVERYTHING);
    kubectl(&namespace, &["apply", "--server-side", "-f", "-"], &text);
    assert!(left(&namespace).len() > 15, "{:?}", left(&namespace));
    let objects = documents(&text)
        .into_iter()
        .filter(|object| object["kind"] != "CustomResourceDefinition" && !object.is_null());
    let objects: Vec<String> = objects.map(|object| object.to_string()).collect();
    kubectl(&namespace, &["delete", "--wait=false", "-f", "-"], &objects.join("\n---\n"));
    let_claims_go(&namespace);
    eventually("everything to be gone", || left(&namespace).is_empty().then_some(()));
    // Helm itself, over the kinds of Flux.
    for plural in ["alerts", "providers", "receivers"] {
        let file = format!("{}/tests/fixtures/flux-2.10/{plural}.yaml", env!("CARGO_MANIFEST_DIR"));
        kubectl(&namespace, &["apply", "--server-side", "--force-conflicts", "-f", &file], "");
    }
    let set: Vec<&str> = EVERYTHING.iter().flat_map(|value| ["--set", value]).collect();
    let installed =
        helm(&namespace, &[&["install", "campanile", "deploy/chart", "--take-ownership"][..], &set].concat());
    assert!(installed.succeeded, "{}", installed.text);
    assert!(installed.text.contains("There is no image yet"), "{}", installed.text);
    assert!(
        installed
            .text
            .contains(&format!("--events-addr=http://notification-controller.{}.svc", namespace.name)),
        "{}",
        installed.text
    );
    let versions =
        ["get", "crd", "alerts.notification.toolkit.fluxcd.io", "-o", "jsonpath={.spec.versions[*].name}"];
    assert_eq!(kubectl(&namespace, &versions, ""), "v1 v1beta3 v1beta2", "the kinds are ours");
    let changed = ["--set", "image.repository=images.example.com/campanile", "--set", "state.ephemeral=true"];
    let upgraded = helm(&namespace, &[&["upgrade", "campanile", "deploy/chart"][..], &changed].concat());
    assert!(upgraded.succeeded && !upgraded.text.contains("There is no image yet"), "{}", upgraded.text);
    let_claims_go(&namespace);
    let after = left(&namespace);
    assert!(
        !after.iter().any(|name| name.contains("persistentvolumeclaim") || name.contains("ingress")),
        "{after:?}"
    );
    let back = helm(&namespace, &["rollback", "campanile", "1"]);
    assert!(back.succeeded && left(&namespace).iter().any(|name| name.contains("ingress")), "{}", back.text);
    let removed = helm(&namespace, &["uninstall", "campanile"]);
    assert!(removed.succeeded, "{}", removed.text);
    let_claims_go(&namespace);
    eventually("everything to be gone", || left(&namespace).is_empty().then_some(()));
    assert_eq!(definitions(&namespace), 3, "and with the kinds every Alert");
}
