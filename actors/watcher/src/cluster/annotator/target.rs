//! A resource to annotate.

use std::fmt;

use kube::api::{ApiResource, DynamicObject};
use kube::{Api, Client};

/// An object: how its kind is served, its namespace and its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AnnotatedResource {
    pub(super) resource: ApiResource,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl AnnotatedResource {
    /// The objects of its kind and namespace.
    pub(super) fn api(&self, client: &Client) -> Api<DynamicObject> {
        Api::namespaced_with(client.clone(), &self.namespace, &self.resource)
    }
}

/// `Kind/name.namespace`, as the log names it.
impl fmt::Display for AnnotatedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.resource.kind, self.name, self.namespace)
    }
}
