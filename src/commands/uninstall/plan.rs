//! The objects that belong to an installation.

use std::fmt;

use campanile_watcher::{Operator, OperatorError, ResourceKind};
use serde_json::Value as Json;

use super::told;
use crate::commands::resources::{CLUSTER_ROLE, CLUSTER_ROLE_BINDING, DEPLOYMENT, INSTALLED};
use crate::preflight::{CONTROLLER, is_ours, object_path, runs_campanile, text};

/// The label of all that is Campanile's.
pub(super) const OURS: &str = "app.kubernetes.io/name=campanile";

/// An object that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) resource: ResourceKind,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&object_path(
            self.resource.kind,
            self.namespace.as_deref().unwrap_or_default(),
            &self.name,
        ))
    }
}

/// Everything of the installation in a namespace, in the order in which it goes. Kinds that the cluster has not are passed over.
///
/// # Errors
/// If something cannot be read, since then not all of it would go.
pub(super) async fn find(operator: &Operator, namespace: &str) -> Result<Vec<Found>, OperatorError> {
    let mut found = Vec::new();
    for resource in INSTALLED {
        let there = operator.list(&resource, Some(namespace), OURS).await?.unwrap_or_default();
        found.extend(there.iter().map(|object| Found {
            resource,
            namespace: Some(namespace.to_owned()),
            name: text(object, "/metadata/name").to_owned(),
        }));
    }
    let bindings = operator.list(&CLUSTER_ROLE_BINDING, None, OURS).await?.unwrap_or_default();
    let (own, others): (Vec<&Json>, Vec<&Json>) =
        bindings.iter().partition(|binding| is_of(binding, namespace));
    found.extend(own.iter().map(|binding| wide(CLUSTER_ROLE_BINDING, binding)));
    // An installation in another namespace shares the roles, and the kinds.
    let all = operator.list(&DEPLOYMENT, None, OURS).await?.unwrap_or_default();
    let is_alone = others.is_empty() && all.iter().all(|one| text(one, "/metadata/namespace") == namespace);
    if is_alone {
        let roles = operator.list(&CLUSTER_ROLE, None, OURS).await?.unwrap_or_default();
        found.extend(roles.iter().map(|role| wide(CLUSTER_ROLE, role)));
    }
    Ok(found)
}

/// Refuses where somebody else keeps the Deployment: what it needs would be taken from under it, the volume first.
///
/// # Errors
/// If Campanile runs in a Deployment that does not carry its label, or that cannot be read.
pub(super) async fn check_owner(operator: &Operator, namespace: &str) -> anyhow::Result<()> {
    let deployment = operator.get(&DEPLOYMENT, Some(namespace), CONTROLLER).await.map_err(told)?;
    let is_kept = deployment.is_some_and(|deployment| runs_campanile(&deployment) && !is_ours(&deployment));
    anyhow::ensure!(
        !is_kept,
        "uninstall: an installer of Flux keeps {}; take back there what made it Campanile (docs/install.md, Back out)",
        object_path(DEPLOYMENT.kind, namespace, CONTROLLER)
    );
    Ok(())
}

fn wide(resource: ResourceKind, object: &Json) -> Found {
    Found { resource, namespace: None, name: text(object, "/metadata/name").to_owned() }
}

/// Whether a binding is for accounts of one namespace alone.
fn is_of(binding: &Json, namespace: &str) -> bool {
    let subjects = binding["subjects"].as_array().map(Vec::as_slice).unwrap_or_default();
    subjects.iter().all(|subject| subject["namespace"] == namespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn issue_21_a_binding_that_serves_another_namespace_stays() {
        let binding = |namespaces: &[&str]| {
            let subjects: Vec<Json> =
                namespaces.iter().map(|namespace| json!({"namespace": namespace})).collect();
            json!({"subjects": subjects})
        };
        assert!(is_of(&binding(&["apps"]), "apps"));
        assert!(!is_of(&binding(&["apps", "flux-system"]), "apps"));
        assert!(!is_of(&binding(&["flux-system"]), "apps"));
    }
}
