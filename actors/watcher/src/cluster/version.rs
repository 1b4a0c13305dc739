//! Which version of a kind the API server serves, and whether its status can be written apart.

use campanile_crds::{GROUP, Version};
use kube::core::{ApiResource, DynamicResourceScope, GroupVersionKind};
use kube::{Api, Client, Resource};

use super::raw::Raw;
use super::trouble;
use crate::kind::Kind;

/// The versions of Alert and Provider that are understood, best first. v1beta3 comes before v1, since Flux's definitions of 2.10 show more fields in
/// it (contract, flux-2.10 1).
const WANTED: [Version; 3] = [Version::V1beta3, Version::V1, Version::V1beta2];

/// The versions of Receiver, the newest first.
const WANTED_OF_RECEIVER: [Version; 2] = [Version::V1, Version::V1beta2];

fn wanted(kind: Kind) -> &'static [Version] {
    if kind == Kind::Receiver { &WANTED_OF_RECEIVER } else { &WANTED }
}

/// A kind as it is served: version and resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) version: Version,
    /// Whether there is a status subresource; the incumbent's definitions have none.
    pub(crate) has_status: bool,
}

impl Served {
    /// Whether there is nothing to be gained from a newer definition.
    pub(crate) fn is_best(self, kind: Kind) -> bool {
        wanted(kind).first() == Some(&self.version) && self.has_status
    }

    /// Objects of `kind` in `namespace`, or in all.
    pub(crate) fn api(self, client: Client, kind: Kind, namespace: Option<&str>) -> Api<Raw> {
        let gvk = GroupVersionKind::gvk(GROUP, self.version.name(), kind.name());
        let resource = ApiResource::from_gvk_with_plural(&gvk, kind.plural());
        scoped(client, namespace, &resource)
    }
}

/// Objects of a kind in `namespace`, or in all.
pub(crate) fn scoped<K>(client: Client, namespace: Option<&str>, resource: &ApiResource) -> Api<K>
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    }
}

/// Asks how `kind` is served; none if it is not.
///
/// # Errors
/// If the API server cannot be asked.
pub(crate) async fn discover(client: &Client, kind: Kind) -> Result<Option<Served>, kube::Error> {
    for version in wanted(kind).iter().copied() {
        let names: Vec<String> =
            match client.list_api_group_resources(&format!("{GROUP}/{}", version.name())).await {
                Ok(list) => list.resources.into_iter().map(|resource| resource.name).collect(),
                Err(error) if trouble::is_missing(&error) => continue,
                Err(error) => return Err(error),
            };
        if let Some(has_status) = served_in(&names, kind) {
            return Ok(Some(Served { version, has_status }));
        }
    }
    Ok(None)
}

/// Whether a version that has those resources serves `kind`, and if so whether with a status subresource.
fn served_in(resources: &[String], kind: Kind) -> Option<bool> {
    let has = |name: &str| resources.iter().any(|resource| resource == name);
    has(kind.plural()).then(|| has(&format!("{}/status", kind.plural())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_served_where_it_is_listed_with_or_without_status() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(served_in(&names(&["alerts", "alerts/status", "receivers"]), Kind::Alert), Some(true));
        assert_eq!(served_in(&names(&["alerts", "providers"]), Kind::Provider), Some(false));
        assert_eq!(served_in(&names(&["receivers", "receivers/status"]), Kind::Alert), None);
    }
}
