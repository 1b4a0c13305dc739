//! One read of one Secret.

use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{ObjectKey, Secret};
use campanile_protocol::SecretError;
use k8s_openapi::api::core::v1;
use kube::{Api, Client, ResourceExt};

use super::{Entry, unreadable};
use crate::cluster::trouble;

/// How long one read may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a Secret; every outcome is an answer.
pub(super) async fn ask(client: Client, key: &ObjectKey) -> Entry {
    let api: Api<v1::Secret> = Api::namespaced(client, &key.namespace);
    match tokio::time::timeout(PATIENCE, api.get(&key.name)).await {
        Ok(Ok(secret)) => Entry {
            version: secret.resource_version(),
            outcome: Ok(Arc::new(Secret {
                key: key.clone(),
                type_name: secret.type_.unwrap_or_default(),
                data: secret
                    .data
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(name, value)| (name, value.0))
                    .collect(),
            })),
        },
        Ok(Err(error)) if trouble::is_missing(&error) => {
            Entry { version: None, outcome: Err(SecretError::NotFound(key.clone())) }
        }
        Ok(Err(error)) => {
            let cause = trouble::describe("get it", &error);
            Entry { version: None, outcome: Err(unreadable(key, cause)) }
        }
        Err(_) => {
            let cause = "the API server does not answer; it is tried again";
            Entry { version: None, outcome: Err(unreadable(key, cause)) }
        }
    }
}
