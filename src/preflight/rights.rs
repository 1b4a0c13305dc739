//! Rights of the controller's account, held against the roles that are shipped.

use std::collections::BTreeMap;

use campanile_watcher::{AccessRight, Level};
use campanile_yaml as yaml;
use serde_json::Value as Json;

use super::object::{controller, flag, list};
use super::{PreflightFinding, Snapshot};

/// The shipped roles, so that a program and what it says of them cannot differ.
const BASE: &str = include_str!("../../deploy/rbac/cluster/role.yaml");
const WEBHOOKS: &str = include_str!("../../deploy/receivers/cluster/role.yaml");
const EVENT_AUTH: &str = include_str!("../../deploy/event-auth/role.yaml");

pub(super) const RECEIVERS: &str = "add the component deploy/receivers/cluster (or deploy/receivers/namespaced, or receivers.enabled of the chart)";

/// The rights that the controller needs, by the roles of what it is started with.
pub(crate) fn wanted(snapshot: &Snapshot) -> Vec<AccessRight> {
    let deployment = controller(snapshot).unwrap_or(&Json::Null);
    let narrow = flag(deployment, "--watch-all-namespaces") == Some("false");
    let place = narrow.then(|| snapshot.namespace.clone());
    let mut rights = of_role(BASE, place.as_deref());
    if !snapshot.receivers.is_empty() && flag(deployment, "--receivers") != Some("ignore") {
        // The kinds of the Flux Operator are not asked for, which most clusters have not.
        let flux = of_role(WEBHOOKS, place.as_deref())
            .into_iter()
            .filter(|access| access.group.contains(".toolkit."));
        rights.extend(flux);
    }
    if matches!(flag(deployment, "--event-auth"), Some("audit" | "enforced")) {
        rights.extend(of_role(EVENT_AUTH, None));
    }
    rights
}

fn of_role(text: &str, place: Option<&str>) -> Vec<AccessRight> {
    let documents = yaml::parse(text).unwrap_or_default();
    let Some(role) = documents.first().map(yaml::Node::to_json) else { return Vec::new() };
    let texts = |rule: &Json, field: &str| -> Vec<String> {
        list(rule, field).iter().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let mut rights = Vec::new();
    for rule in list(&role, "/rules") {
        for group in texts(rule, "/apiGroups") {
            for resource in texts(rule, "/resources") {
                let access = |verb| AccessRight {
                    group: group.clone(),
                    resource: resource.clone(),
                    verb,
                    namespace: place.map(str::to_owned),
                };
                rights.extend(texts(rule, "/verbs").into_iter().map(access));
            }
        }
    }
    rights
}

pub(super) fn check(snapshot: &Snapshot) -> Vec<PreflightFinding> {
    let mut missing: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for access in snapshot.missing_rights.iter().flatten() {
        let resource = if access.group.is_empty() {
            access.resource.clone()
        } else {
            format!("{}.{}", access.resource, access.group)
        };
        missing.entry((remedy(access), resource)).or_default().push(&access.verb);
    }
    let object = format!("ServiceAccount/{}/{}", snapshot.namespace, super::flux::CONTROLLER);
    let said = |((remedy, resource), verbs): ((&str, String), Vec<&str>)| {
        let text = format!("it may not {} {resource}", verbs.join(", "));
        // It goes on without: a changed Secret is then noticed within a minute.
        let is_optional = resource == "secrets" && !verbs.contains(&"get");
        let level = if is_optional { Level::Warning } else { Level::Error };
        PreflightFinding { level, ..PreflightFinding::error("rights", object.clone(), text, remedy) }
    };
    missing.into_iter().map(said).collect()
}

fn remedy(access: &AccessRight) -> &'static str {
    let of_webhooks = matches!(access.verb.as_str(), "get" | "patch")
        && !access.group.is_empty()
        && !access.group.starts_with("notification.");
    match access.group.as_str() {
        "authentication.k8s.io" => "add the component deploy/event-auth, or leave --event-auth out",
        _ if of_webhooks => RECEIVERS,
        _ => "bind the roles of deploy/rbac (deploy/base has them, deploy/namespaced for one namespace)",
    }
}
