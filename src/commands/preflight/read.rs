//! Reads what the checks look at, with the rights of the caller. What may not be read is said, and the rest is looked at.

use campanile_crds::Object;
use campanile_watcher::{AccessRight, Operator, OperatorError, ResourceKind};
use serde_json::Value as Json;

use crate::commands::resources::{
    ACCOUNT, CLAIM, DEFINITION, DEPLOYMENT, PROVIDER, RECEIVER, SECRET, SERVICE, STORAGE_CLASS,
};
use crate::preflight::{Address, CONTROLLER, PART_OF, Snapshot, address_of, is_ours, text, wanted};
use crate::{definitions, preflight};

/// Keys of a Secret that say where its Provider leads.
const KEYS: [&str; 2] = ["address", "proxy"];

/// Reads a cluster. Only what the caller may not read is left out.
///
/// # Errors
/// If the API server does not answer.
pub(super) async fn snapshot(operator: &Operator, namespace: &str) -> Result<Snapshot, OperatorError> {
    let mut reader = Reader { operator, unread: Vec::new() };
    let version = operator.version().await?;
    let mut snapshot = Snapshot { namespace: namespace.to_owned(), version, ..Snapshot::default() };
    for name in definitions::names() {
        snapshot.definitions.extend(reader.get(&DEFINITION, None, &name).await?);
    }
    snapshot.deployments = reader.list(&DEPLOYMENT, None, PART_OF).await?.unwrap_or_default();
    snapshot.deployments.extend(reader.unlabelled(namespace, &snapshot.deployments).await?);
    snapshot.claims = reader.list(&CLAIM, Some(namespace), "").await?.unwrap_or_default();
    snapshot.storage_classes = reader.list(&STORAGE_CLASS, None, "").await?;
    snapshot.services = reader.list(&SERVICE, Some(namespace), "").await?.unwrap_or_default();
    snapshot.receivers = reader.list(&RECEIVER, None, "").await?.unwrap_or_default();
    snapshot.addresses = reader.addresses().await?;
    snapshot.missing_rights = reader.missing_rights(&snapshot).await?;
    snapshot.unread = reader.unread;
    Ok(snapshot)
}

struct Reader<'a> {
    operator: &'a Operator,
    unread: Vec<String>,
}

impl Reader<'_> {
    /// Notes what the caller may not do; everything else ends the look.
    fn noted<T>(&mut self, answer: Result<Option<T>, OperatorError>) -> Result<Option<T>, OperatorError> {
        match answer {
            Err(error @ OperatorError::Forbidden { .. }) => {
                self.unread.push(error.to_string());
                Ok(None)
            }
            answer => answer,
        }
    }

    async fn get(
        &mut self,
        resource: &ResourceKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Json>, OperatorError> {
        let answer = self.operator.get(resource, namespace, name).await;
        self.noted(answer)
    }

    async fn list(
        &mut self,
        resource: &ResourceKind,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Option<Vec<Json>>, OperatorError> {
        let answer = self.operator.list(resource, namespace, labels).await;
        self.noted(answer)
    }

    /// The controller's Deployment, where its labels do not say that it is part of Flux.
    async fn unlabelled(&mut self, namespace: &str, known: &[Json]) -> Result<Option<Json>, OperatorError> {
        let is_known = |one: &Json| {
            text(one, "/metadata/name") == CONTROLLER && text(one, "/metadata/namespace") == namespace
        };
        if known.iter().any(is_known) {
            Ok(None)
        } else {
            self.get(&DEPLOYMENT, Some(namespace), CONTROLLER).await
        }
    }

    /// Where Providers lead by their fields, and by their Secrets as far as these may be read.
    async fn addresses(&mut self) -> Result<Vec<Address>, OperatorError> {
        let providers = self.list(&PROVIDER, None, "").await?.unwrap_or_default();
        let (mut found, mut may_read) = (Vec::new(), true);
        for provider in &providers {
            let namespace = text(provider, "/metadata/namespace");
            let object = format!("Provider/{namespace}/{}", text(provider, "/metadata/name"));
            for field in KEYS {
                let value = text(provider, &format!("/spec/{field}"));
                found.extend(address_of(&object, &format!("spec.{field}"), value));
            }
            for secret in ["secretRef", "proxySecretRef"] {
                let name = text(provider, &format!("/spec/{secret}/name"));
                if may_read && !name.is_empty() {
                    let before = self.unread.len();
                    let data = self.get(&SECRET, Some(namespace), name).await?.unwrap_or_default();
                    // Refused once, it is refused for each; said once is enough.
                    may_read = self.unread.len() == before;
                    found.extend(of_secret(&object, secret, &data));
                }
            }
        }
        Ok(found)
    }

    /// The rights that the account has not; none if there is no such account yet, or nobody who may be asked.
    async fn missing_rights(
        &mut self,
        snapshot: &Snapshot,
    ) -> Result<Option<Vec<AccessRight>>, OperatorError> {
        let Some(account) = self.get(&ACCOUNT, Some(&snapshot.namespace), CONTROLLER).await? else {
            return Ok(None);
        };
        // That of Flux has other roles, which go on to count.
        if !is_ours(&account) && !preflight::runs(snapshot) {
            return Ok(None);
        }
        let mut missing = Vec::new();
        for access in wanted(snapshot) {
            let answer = self.operator.may((&snapshot.namespace, CONTROLLER), &access).await.map(Some);
            match self.noted(answer)? {
                None => return Ok(None),
                Some(true) => {}
                Some(false) => missing.push(access),
            }
        }
        Ok(Some(missing))
    }
}

/// Where the keys of a Secret lead. Nothing else of it is kept.
fn of_secret(object: &str, field: &str, secret: &Json) -> Vec<Address> {
    let Ok(Some(Object::Secret(secret))) = Object::from_json(secret) else { return Vec::new() };
    let led = |key: &&str| {
        let text = String::from_utf8_lossy(secret.data.get(*key)?);
        address_of(object, &format!("key '{key}' of spec.{field}"), &text)
    };
    KEYS.iter().filter_map(led).collect()
}
