//! Checks over a cluster in which nothing is wrong, with one change at a time.

mod surroundings;

use serde_json::json;

use super::*;

fn deployment(namespace: &str, name: &str, args: &[&str]) -> Json {
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {
            "app.kubernetes.io/component": name, "app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": "v2.10.0",
        }},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "manager", "image": "x", "args": args}]}}},
    })
}

/// Campanile as it is shipped, with an image.
fn campanile() -> Json {
    let shipped = include_str!("../../deploy/manager/deployment.yaml");
    let mut shipped = campanile_yaml::parse(shipped).unwrap()[0].to_json();
    shipped["metadata"]["namespace"] = "flux-system".into();
    shipped["metadata"]["labels"] = json!({
        "app.kubernetes.io/name": "campanile", "app.kubernetes.io/component": flux::CONTROLLER, "app.kubernetes.io/part-of": "flux",
    });
    shipped["spec"]["template"]["spec"]["containers"][0]["image"] =
        "images.example.com/campanile:0.1.0".into();
    shipped
}

fn definitions() -> Vec<Json> {
    let parse = |text: &&str| campanile_yaml::parse(text).unwrap()[0].to_json();
    let mut all: Vec<Json> = crate::definitions::DEFINITIONS.iter().map(parse).collect();
    for one in &mut all {
        one["status"] = json!({"storedVersions": ["v1beta3"]});
    }
    all
}

/// A cluster in which nothing is wrong.
fn good() -> Snapshot {
    let sender = deployment(
        "flux-system",
        "kustomize-controller",
        &["--events-addr=http://notification-controller.flux-system.svc.cluster.local./"],
    );
    let class = json!({"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}});
    Snapshot {
        namespace: "flux-system".to_owned(),
        version: "v1.36.3".to_owned(),
        definitions: definitions(),
        deployments: vec![sender, campanile()],
        claims: vec![
            json!({"metadata": {"namespace": "flux-system", "name": "notification-controller-state"}, "spec": {}, "status": {"phase": "Pending"}}),
        ],
        storage_classes: Some(vec![class]),
        services: vec![json!({"metadata": {"name": "webhook-receiver"}})],
        addresses: address_of("Provider/apps/chat", "spec.address", "https://hooks.example.com/T0/x")
            .into_iter()
            .collect(),
        receivers: Vec::new(),
        missing_rights: Some(Vec::new()),
        unread: Vec::new(),
    }
}

/// What is said of a good cluster after a change.
fn said(change: impl FnOnce(&mut Snapshot)) -> Vec<String> {
    let mut snapshot = good();
    change(&mut snapshot);
    findings(&snapshot).iter().map(ToString::to_string).collect()
}

/// The only finding after a change.
fn only(change: impl FnOnce(&mut Snapshot)) -> String {
    let mut said = said(change);
    assert_eq!(said.len(), 1, "{said:#?}");
    said.remove(0)
}

/// A finding holds these parts.
fn holds(finding: &str, parts: &[&str]) {
    for part in parts {
        assert!(finding.contains(part), "no {part:?} in: {finding}");
    }
}

fn manager(snapshot: &mut Snapshot) -> &mut Json {
    &mut snapshot.deployments[1]["spec"]["template"]["spec"]["containers"][0]
}

fn add_flag(snapshot: &mut Snapshot, flag: &str) {
    manager(snapshot)["args"].as_array_mut().unwrap().push(flag.into());
}

#[test]
fn issue_21_nothing_is_said_of_a_good_cluster() {
    assert_eq!(said(|_| ()), Vec::<String>::new());
}

#[test]
fn issue_21_definitions_that_are_missing_foreign_or_stored_in_an_old_version() {
    let finding = only(|cluster| drop(cluster.definitions.remove(0)));
    holds(
        &finding,
        &[
            "error: ",
            "alerts.notification",
            "not installed",
            "campanile crds --merge | kubectl apply",
            "[missing-definition]",
        ],
    );
    let finding =
        only(|cluster| cluster.definitions[1]["status"]["storedVersions"] = json!(["v1beta1", "v1beta3"]));
    holds(
        &finding,
        &["error: ", "providers.notification", "stored as v1beta1,", "flux migrate", "[stored-version]"],
    );
    let without_status = |cluster: &mut Snapshot| {
        for version in cluster.definitions[0]["spec"]["versions"].as_array_mut().unwrap() {
            version["schema"]["openAPIV3Schema"]["properties"].as_object_mut().unwrap().remove("status");
        }
    };
    holds(&only(without_status), &["warning: ", "no status", "[foreign-definition]"]);
    let list = "/schema/openAPIV3Schema/properties/spec/properties/eventSources/items/properties/kind/enum";
    let append = |cluster: &mut Snapshot| {
        let version = &mut cluster.definitions[0]["spec"]["versions"][0];
        version.pointer_mut(list).unwrap().as_array_mut().unwrap().push("Terraform".into());
    };
    holds(&only(append), &["warning: ", "Terraform", "crds --merge", "[appended-kinds]"]);
    let finding = only(|cluster| {
        append(cluster);
        without_status(cluster);
    });
    holds(&finding, &["error: ", "takes away: Terraform", "crds.install=false", "[appended-kinds]"]);
}

#[test]
fn issue_21_the_image_that_is_none() {
    let finding = only(|cluster| manager(cluster)["image"] = "campanile.invalid/set-me:0".into());
    holds(
        &finding,
        &[
            "error: Deployment/flux-system/notification-controller",
            "image.repository of the chart",
            "[image]",
        ],
    );
}

#[test]
fn issue_21_a_volume_that_no_pod_will_get() {
    holds(
        &only(|cluster| cluster.claims.clear()),
        &["error: ", "is not there", "deploy/manager/state.yaml", "[volume]"],
    );
    holds(
        &only(|cluster| cluster.storage_classes = Some(Vec::new())),
        &["error: ", "no default StorageClass", "[volume]"],
    );
    let named = |cluster: &mut Snapshot| cluster.claims[0]["spec"]["storageClassName"] = "slow".into();
    holds(&only(named), &["error: ", "no StorageClass slow", "deploy/ephemeral"]);
    holds(
        &only(|cluster| cluster.claims[0]["status"]["phase"] = "Lost".into()),
        &["error: ", "is lost", "back-up"],
    );
    // A bound one has what it needs.
    let bound = |cluster: &mut Snapshot| {
        cluster.claims[0]["status"]["phase"] = "Bound".into();
        cluster.storage_classes = Some(Vec::new());
    };
    assert_eq!(said(bound), Vec::<String>::new());
    let on_a_node = |cluster: &mut Snapshot| {
        manager(cluster)["args"][4] = "--state-dir=/tmp/outbox".into();
    };
    holds(&only(on_a_node), &["warning: ", "lost with the pod"]);
    // Nobody is there yet, and the claim to come would wait.
    let before = |cluster: &mut Snapshot| {
        cluster.deployments.truncate(1);
        cluster.storage_classes = Some(Vec::new());
    };
    holds(&only(before), &["error: ", "no default StorageClass"]);
}

#[test]
fn issue_21_a_rollout_in_which_the_next_pod_comes_first_and_replicas_on_one_volume() {
    let usual = |cluster: &mut Snapshot| {
        cluster.deployments[1]["spec"]["strategy"] =
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    };
    holds(&only(usual), &["error: ", "maxSurge 0 and maxUnavailable 1", "[strategy]"]);
    assert_eq!(
        said(|cluster| cluster.deployments[1]["spec"]["strategy"] = json!({"type": "Recreate"})),
        Vec::<String>::new()
    );
    holds(
        &only(|cluster| cluster.deployments[1]["spec"]["replicas"] = 2.into()),
        &["error: ", "2 replicas", "[replicas]"],
    );
}

#[test]
fn issue_21_rights_that_are_missing_name_the_role_that_has_them() {
    let access = |group: &str, resource: &str, verb: &str| AccessRight {
        group: group.to_owned(),
        resource: resource.to_owned(),
        verb: verb.to_owned(),
        namespace: None,
    };
    let ours = "notification.toolkit.fluxcd.io";
    let finding = only(|cluster| {
        cluster.missing_rights = Some(vec![access(ours, "alerts", "list"), access(ours, "alerts", "watch")]);
    });
    holds(
        &finding,
        &[
            "error: ServiceAccount/flux-system/",
            "may not list, watch alerts.notification",
            "deploy/rbac",
            "[rights]",
        ],
    );
    let finding = only(|cluster| {
        cluster.missing_rights = Some(vec![access("kustomize.toolkit.fluxcd.io", "kustomizations", "patch")]);
    });
    holds(&finding, &["error: ", "may not patch kustomizations", "deploy/receivers/cluster"]);
    let finding = only(|cluster| cluster.missing_rights = Some(vec![access("", "secrets", "watch")]));
    holds(&finding, &["warning: ", "may not watch secrets"]);
    let finding = only(|cluster| {
        cluster.missing_rights = Some(vec![access("authentication.k8s.io", "tokenreviews", "create")]);
    });
    holds(&finding, &["error: ", "deploy/event-auth"]);
}

#[test]
fn issue_21_the_rights_that_are_asked_for_are_those_of_what_it_is_started_with() {
    let mut cluster = good();
    let resources = |cluster: &Snapshot| {
        wanted(cluster)
            .into_iter()
            .map(|access| (access.resource, access.verb, access.namespace))
            .collect::<Vec<_>>()
    };
    let has = |cluster: &Snapshot, resource: &str, verb: &str| {
        resources(cluster).iter().any(|(one, what, _)| one == resource && what == verb)
    };
    assert!(has(&cluster, "alerts/status", "patch") && has(&cluster, "secrets", "get"));
    assert!(!has(&cluster, "kustomizations", "patch") && !has(&cluster, "tokenreviews", "create"));
    cluster.receivers = vec![json!({})];
    assert!(has(&cluster, "kustomizations", "patch") && !has(&cluster, "fluxinstances", "patch"));
    add_flag(&mut cluster, "--event-auth=audit");
    assert!(has(&cluster, "tokenreviews", "create"));
    add_flag(&mut cluster, "--receivers=ignore");
    assert!(!has(&cluster, "kustomizations", "patch"));
    add_flag(&mut cluster, "--watch-all-namespaces=false");
    let narrow = resources(&cluster).into_iter().filter(|(resource, ..)| resource != "tokenreviews");
    assert!(narrow.into_iter().all(|(.., namespace)| namespace.as_deref() == Some("flux-system")));
}
