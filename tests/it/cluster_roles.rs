//! The program under exactly the roles that are shipped: everything works, and what it never uses is not granted.

use std::collections::BTreeSet;
use std::sync::Arc;

use campanile_yaml as yaml;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::{Cluster, cluster, path_of};
use crate::support::{
    Gate, Instance, Namespace, Passed, Sink, alert, condition, eventually, exchange, is_ready, kubectl,
    provider, receiver, secret, shipped, shipped_with,
};

const ACCOUNT: &str = "notification-controller";

/// The role that comes with Receivers.
const RECEIVERS: &str = "notification-controller-receivers";

/// Kinds whose labels Alerts may ask for: group, kind, plural.
const SOURCES: &[(&str, &str, &str)] = &[
    ("source.toolkit.fluxcd.io", "Bucket", "buckets"),
    ("source.toolkit.fluxcd.io", "ExternalArtifact", "externalartifacts"),
    ("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories"),
    ("source.toolkit.fluxcd.io", "HelmChart", "helmcharts"),
    ("source.toolkit.fluxcd.io", "HelmRepository", "helmrepositories"),
    ("source.toolkit.fluxcd.io", "OCIRepository", "ocirepositories"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "helmreleases"),
    ("image.toolkit.fluxcd.io", "ImagePolicy", "imagepolicies"),
    ("image.toolkit.fluxcd.io", "ImageRepository", "imagerepositories"),
    ("image.toolkit.fluxcd.io", "ImageUpdateAutomation", "imageupdateautomations"),
    ("source.extensions.fluxcd.io", "ArtifactGenerator", "artifactgenerators"),
];

/// A right: what may be done with what.
type Right = (String, String);

/// A kind of others: group, kind, plural.
const FOREIGN: (&str, &str, &str) = ("infra.contrib.fluxcd.io", "Terraform", "terraforms");

/// Kinds of the Flux Operator, which Receivers may name: group, kind, plural.
pub(crate) const OPERATOR: &[(&str, &str, &str)] = &[
    ("fluxcd.controlplane.io", "FluxInstance", "fluxinstances"),
    ("fluxcd.controlplane.io", "ResourceSet", "resourcesets"),
    ("fluxcd.controlplane.io", "ResourceSetInputProvider", "resourcesetinputproviders"),
];

/// A definition that accepts every object of a kind.
pub(crate) fn permissive((group, kind, plural): &(&str, &str, &str)) -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

/// The objects of a shipped folder.
fn shipped_objects(folder: &str, namespace: &Namespace) -> Vec<Value> {
    let documents = yaml::parse(&shipped(folder, namespace)).expect("kubectl prints YAML");
    documents.iter().map(yaml::Node::to_json).collect()
}

/// Applies the account and what it may do, and returns the rights.
fn grant(cluster: &Cluster, objects: &[Value]) -> BTreeSet<Right> {
    let kinds = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
    let granted = objects.iter().filter(|object| kinds.iter().any(|kind| object["kind"] == *kind));
    granted.clone().for_each(|object| drop(cluster.apply(object)));
    let ours = |object: &&Value| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        ["notification-controller-manager-role", "leader-election-role", RECEIVERS].contains(&name)
    };
    let rules = granted.filter(ours).flat_map(|role| role["rules"].as_array().cloned().unwrap_or_default());
    rules.flat_map(|rule| rights_of(&rule)).collect()
}

fn rights_of(rule: &Value) -> Vec<Right> {
    let texts = |field: &str| {
        let list = rule[field].as_array().cloned().unwrap_or_default();
        list.into_iter().map(|text| text.as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    let mut rights = Vec::new();
    for group in texts("apiGroups") {
        for resource in texts("resources") {
            rights.extend(texts("verbs").into_iter().map(|verb| (format!("{group}/{resource}"), verb)));
        }
    }
    rights
}

/// The right that a request needs; none if everybody has it.
fn right_of(passed: &Passed) -> Option<Right> {
    let (path, query) = passed.path.split_once('?').unwrap_or((&passed.path, ""));
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let group = match parts.first()? {
        &"api" => String::new(),
        _ => (*parts.get(1)?).to_owned(),
    };
    parts.drain(..parts.len().min(if group.is_empty() { 2 } else { 3 }));
    if parts.first() == Some(&"namespaces") {
        parts.drain(..parts.len().min(2));
    }
    let (resource, name, sub) = (*parts.first()?, parts.get(1), parts.get(2));
    let verb = match (passed.method.as_str(), name) {
        ("GET", None) if query.contains("watch=") => "watch",
        ("GET", None) => "list",
        ("GET", Some(_)) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        (method, _) => method,
    };
    let resource = sub.map_or(resource.to_owned(), |sub| format!("{resource}/{sub}"));
    Some((format!("{group}/{resource}"), verb.to_owned()))
}

/// Objects that need every right: labels of every kind, a Secret, a finalizer to take off, an Event that is counted.
fn objects(namespace: &Namespace, sink: &Sink) {
    let labels = json!({"team": "a"});
    let sources: Vec<Value> = SOURCES
        .iter()
        .map(|(_, kind, _)| json!({"kind": kind, "name": "*", "matchLabels": labels}))
        .collect();
    let app = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "app", "labels": labels},
    });
    namespace.apply(app);
    namespace.apply(secret("address", json!({"address": sink.url("/hook")})));
    let mut chat = provider("chat", "generic", json!({"secretRef": {"name": "address"}}));
    chat["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
    namespace.apply(chat);
    let mut team = alert("team", "chat", json!({"eventSources": sources, "exclusionList": ["("]}));
    team["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
    namespace.apply(team);
    namespace.apply(receiver("hook"));
}

/// Starts the program as the account and uses everything there is.
fn everything_works(namespace: &Namespace, everywhere: bool) -> BTreeSet<Right> {
    let (sink, state) = (Sink::start(), TempDir::with_prefix("campanile-roles-").expect("a folder"));
    objects(namespace, &sink);
    let gate = Gate::before(&namespace.cluster, Some(&namespace.token(ACCOUNT)));
    let lease = format!("--leader-election-namespace={}", namespace.name);
    let flags = ["--enable-leader-election", "--leader-election-retry-period=1s", &lease];
    let only = (!everywhere).then_some(namespace.name.as_str());
    let mut instance = Instance::in_cluster(&gate.kubeconfig(), only, state.path(), &flags).loaded();
    eventually("the lease", || instance.logged("is leader now").then_some(()));
    instance.accept(&namespace.event("app", "hello"));
    sink.wait_for(1);
    for (plural, name) in [("alerts", "team"), ("providers", "chat")] {
        namespace.status(plural, name, |status| !status["lastDelivery"].is_null());
        let path = format!("{}/{name}", namespace.all("notification.toolkit.fluxcd.io/v1beta3", plural));
        let object = namespace.cluster.must("GET", &path, &Value::Null);
        assert_eq!(
            object["metadata"]["finalizers"],
            Value::Null,
            "{plural}: the finalizer was to be taken off"
        );
    }
    namespace.status("providers", "chat", is_ready);
    let hook = path_of(&namespace.place(receiver("hook")));
    let told = || condition(&namespace.cluster.must("GET", &hook, &Value::Null)["status"], "Ready");
    eventually("the Receiver's status", || (told()["reason"] == "TokenNotFound").then_some(()));
    eventually("the Receiver to lose its finalizer", || {
        namespace.cluster.must("GET", &hook, &Value::Null)["metadata"]["finalizers"].is_null().then_some(())
    });
    namespace.cluster.must("DELETE", &hook, &Value::Null);
    namespace.apply(secret("address", json!({"address": sink.url("/moved")})));
    eventually("the changed Secret to take effect", || {
        instance.accept(&namespace.event("app", &format!("again {}", fastrand::u32(..))));
        sink.arrivals().last().is_some_and(|arrival| arrival.path == "/moved").then_some(())
    });
    counted_event(namespace);
    assert_eq!(instance.stop(), Some(0));
    let refused: Vec<Passed> =
        gate.passed().into_iter().filter(|passed| passed.status == Some(403)).collect();
    assert!(refused.is_empty(), "not granted: {refused:#?}");
    gate.passed().iter().filter_map(right_of).collect()
}

/// Waits for a Kubernetes Event on the Alert whose count was brought up to date.
fn counted_event(namespace: &Namespace) {
    let spec = |pattern: &str| json!({"spec": {"exclusionList": ["(", pattern]}});
    let team = format!("{}/team", namespace.all("notification.toolkit.fluxcd.io/v1beta3", "alerts"));
    let mut tries = 0;
    eventually("an Event with a count", || {
        tries += 1;
        namespace.cluster.must("PATCH", &team, &spec(&format!("never {tries}")));
        let events = namespace.cluster.must("GET", &namespace.all("v1", "events"), &Value::Null);
        let events = events["items"].as_array()?.clone();
        events.iter().any(|event| event["count"].as_u64() > Some(1)).then_some(())
    });
}

fn compare(granted: &BTreeSet<Right>, used: &BTreeSet<Right>) {
    let unused: Vec<&Right> = granted.difference(used).collect();
    assert!(unused.is_empty(), "granted and never used: {unused:#?}");
}

#[test]
fn cluster_roles_of_all_namespaces_suffice_and_grant_nothing_more_11() {
    let cluster: Arc<Cluster> = Cluster::another();
    cluster.define_ours();
    SOURCES.iter().for_each(|source| cluster.define(&permissive(source)));
    let namespace = Namespace::of(cluster.clone(), "roles");
    let granted = grant(&cluster, &shipped_objects("deploy/base", &namespace));
    compare(&granted, &everything_works(&namespace, true));
}

#[test]
fn cluster_roles_of_one_namespace_suffice_without_a_cluster_role_11() {
    let cluster = cluster();
    SOURCES.iter().for_each(|source| cluster.define(&permissive(source)));
    let namespace = Namespace::new("roles");
    let objects = shipped_objects("deploy/namespaced", &namespace);
    let wide: Vec<&Value> = objects
        .iter()
        .filter(|object| object["kind"].as_str().unwrap_or_default().starts_with("Cluster"))
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
    let granted = grant(&cluster, &objects);
    compare(&granted, &everything_works(&namespace, false));
}

/// An entry for one object of a kind, with a filter, and one for all that have a label.
fn entries((group, kind, _): &(&str, &str, &str)) -> [Value; 2] {
    let api_version = format!("{group}/v1");
    let named =
        json!({"apiVersion": api_version, "kind": kind, "name": "app", "filter": "has(res.metadata)"});
    let labelled =
        json!({"apiVersion": api_version, "kind": kind, "name": "*", "matchLabels": {"team": "a"}});
    [named, labelled]
}

#[test]
fn cluster_roles_of_receivers_suffice_and_grant_nothing_more_11() {
    let cluster = cluster();
    let kinds = || SOURCES.iter().chain(OPERATOR);
    kinds().for_each(|kind| cluster.define(&permissive(kind)));
    let namespace = Namespace::new("receivers");
    let text = shipped_with("deploy/namespaced", &["deploy/receivers/namespaced"], &namespace);
    let documents = yaml::parse(&text).expect("kubectl prints YAML");
    let objects: Vec<Value> = documents.iter().map(yaml::Node::to_json).collect();
    let granted = grant(&cluster, &objects);
    for (group, kind, plural) in kinds() {
        let version = format!("{group}/v1");
        let metadata = json!({"name": "app", "labels": {"team": "a"}});
        let object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
        cluster.must("POST", &namespace.all(&version, plural), &namespace.place(object));
    }
    namespace.apply(secret("token", json!({"token": "t"})));
    let mut hook = receiver("hook");
    hook["spec"]["resources"] = kinds().flat_map(entries).collect();
    namespace.apply(hook);
    let state = TempDir::with_prefix("campanile-roles-").expect("a folder");
    let gate = Gate::before(&cluster, Some(&namespace.token(ACCOUNT)));
    let only = Some(namespace.name.as_str());
    let mut instance = Instance::in_cluster(&gate.kubeconfig(), only, state.path(), &[]).loaded();
    let path = path_of(&namespace.place(receiver("hook")));
    let hook = eventually("the path of the Receiver", || {
        let status = cluster.must("GET", &path, &Value::Null)["status"].take();
        status["webhookPath"].as_str().map(str::to_owned)
    });
    let request =
        format!("POST {hook} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let answer = exchange(instance.webhooks(), request.as_bytes()).expect("the endpoint answers");
    assert_eq!(answer.status, 200, "{}", instance.log().join("\n"));
    for (group, _, plural) in kinds() {
        let object = format!("{}/app", namespace.all(&format!("{group}/v1"), plural));
        let object = cluster.must("GET", &object, &Value::Null);
        let requested = &object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"];
        assert!(requested.is_string(), "{plural}: {object}");
    }
    assert_eq!(instance.stop(), Some(0));
    let used: BTreeSet<Right> = gate.passed().iter().filter_map(right_of).collect();
    let is_asked =
        |(resource, _): &&Right| kinds().any(|(group, _, plural)| **resource == format!("{group}/{plural}"));
    let of_receivers =
        granted.iter().filter(is_asked).filter(|(_, verb)| *verb != "watch").cloned().collect();
    compare(&of_receivers, &used);
    cluster.ask("DELETE", &path, &Value::Null);
}

/// Appends a kind to the definition of Alert, as others do.
fn append_kind(namespace: &Namespace, kind: &str) {
    let patch = (0..3).map(|version| {
        let list =
            "schema/openAPIV3Schema/properties/spec/properties/eventSources/items/properties/kind/enum/-";
        json!({"op": "add", "path": format!("/spec/versions/{version}/{list}"), "value": kind})
    });
    let patch = Value::from_iter(patch).to_string();
    let name = "alerts.notification.toolkit.fluxcd.io";
    kubectl(namespace, &["patch", "crd", name, "--type=json", "-p", &patch], "");
}

#[test]
fn cluster_roles_t04_labels_of_a_foreign_kind_need_a_right_that_the_status_names() {
    let (cluster, (group, kind, plural)) = (cluster(), FOREIGN);
    cluster.define(&permissive(&FOREIGN));
    let namespace = Namespace::new("foreign");
    append_kind(&namespace, kind);
    grant(&cluster, &shipped_objects("deploy/namespaced", &namespace));
    let (sink, state) = (Sink::start(), TempDir::with_prefix("campanile-roles-").expect("a folder"));
    let labels = json!({"team": "a"});
    namespace.apply(json!({
        "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": "net", "labels": labels},
    }));
    namespace.apply(provider("chat", "generic", json!({"address": sink.url("/hook")})));
    let sources = json!([{"kind": kind, "name": "*", "matchLabels": labels}]);
    // The definition takes the kind as soon as every part of the API server has heard of it.
    let team = namespace.place(alert("team", "chat", json!({"eventSources": sources})));
    let path = format!("{}?fieldManager=test&force=true", path_of(&team));
    eventually("the kind to be taken", || (cluster.ask("PATCH", &path, &team).status < 300).then_some(()));
    let gate = Gate::before(&cluster, Some(&namespace.token(ACCOUNT)));
    let only = Some(namespace.name.as_str());
    let instance = Instance::in_cluster(&gate.kubeconfig(), only, state.path(), &[]).loaded();
    let right = format!("the right to read them is missing: grant list and watch on {plural}.{group}");
    namespace.status("alerts", "team", |status| {
        let ready = condition(status, "Ready");
        ready["status"] == "False"
            && ready["message"].as_str().is_some_and(|message| message.contains(&right))
    });
    let event = |message: &str| {
        let mut event = namespace.event("net", message);
        event["involvedObject"]["kind"] = kind.into();
        event["involvedObject"]["apiVersion"] = format!("{group}/v1").into();
        event
    };
    instance.accept(&event("before the right is granted"));
    // It is planned: nobody else's notification waits for a right that may never come.
    instance.settle();
    assert_eq!(sink.messages(), Vec::<String>::new());
    let role = |kind: &str, rest: Value| {
        let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "foreign"}});
        object.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        namespace.apply(object);
    };
    role(
        "Role",
        json!({"rules": [{"apiGroups": [group], "resources": [plural], "verbs": ["list", "watch"]}]}),
    );
    role(
        "RoleBinding",
        json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "foreign"},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace.name}],
        }),
    );
    namespace.status("alerts", "team", is_ready);
    instance.accept(&event("after it was granted"));
    sink.wait_for(1);
    assert_eq!(sink.messages(), ["after it was granted"]);
}
