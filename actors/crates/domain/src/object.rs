//! Names of objects: by namespace and name, or by a full reference.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Namespace and name of an object whose kind is known from the context: an Alert, a Provider, a Secret.
///
/// Clones share their text, so a key can travel with every delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectKey {
    /// The namespace of the object.
    pub namespace: Arc<str>,
    /// The name of the object in its namespace.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// A key from its two parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The object an event is about, as the sender names it. Every field may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// For example `Kustomization`; compared with case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The namespace of the referenced object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The name of the referenced object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The uid of the referenced object; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Group and version, for example `kustomize.toolkit.fluxcd.io/v1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The object's resource version at the time of the event.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// A part of the object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field_path: String,
}

impl ObjectRef {
    /// The API group: what stands before the only `/` of the API version, otherwise nothing (contract, notation).
    pub fn group(&self) -> &str {
        match self.api_version.split_once('/') {
            Some((group, version)) if !version.contains('/') => group,
            _ => "",
        }
    }

    /// `Kind/namespace/name`, as log lines and error texts name the object.
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.kind, self.namespace, self.name)
    }

    /// `Kind: namespace/name`, as traces name the object.
    pub fn span_name(&self) -> String {
        format!("{}: {}/{}", self.kind, self.namespace, self.name)
    }

    /// `kind/name.namespace` with the kind in lower case, as chat messages name the object.
    pub fn display_name(&self) -> String {
        format!("{}/{}.{}", self.kind.to_lowercase(), self.name, self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_what_stands_before_a_single_slash() {
        let group =
            |api: &str| ObjectRef { api_version: api.into(), ..ObjectRef::default() }.group().to_owned();
        assert_eq!(group("kustomize.toolkit.fluxcd.io/v1"), "kustomize.toolkit.fluxcd.io");
        assert_eq!(group("v1"), "");
        assert_eq!(group(""), "");
        assert_eq!(group("a/b/c"), "");
    }

    #[test]
    fn names_for_people_and_for_logs() {
        let object = ObjectRef {
            kind: "HelmRelease".into(),
            namespace: "Apps".into(),
            name: "Web".into(),
            ..ObjectRef::default()
        };
        assert_eq!(object.path(), "HelmRelease/Apps/Web");
        assert_eq!(object.span_name(), "HelmRelease: Apps/Web");
        assert_eq!(object.display_name(), "helmrelease/Web.Apps");
    }
}
