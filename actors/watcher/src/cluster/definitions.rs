//! The definitions of our kinds as a cluster has them.

use std::time::Duration;

use campanile_crds::GROUP;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use serde_json::Value as Json;

use super::client::{ClusterConfig, ConnectError};
use super::trouble;
use crate::kind::Kind;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The reason that definitions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionsError {
    /// There is no client of the API server.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The API server refuses or does not answer, in words with the remedy.
    #[error("read the definitions in the cluster: {0}")]
    Unreadable(String),
}

/// The definitions of Alert, Provider and Receiver in a cluster, as JSON; those that are not installed are left out. It needs the
/// right to `get` `customresourcedefinitions.apiextensions.k8s.io`.
///
/// # Errors
/// [`DefinitionsError`] if the cluster cannot be asked.
pub async fn installed_definitions(config: &ClusterConfig) -> Result<Vec<Json>, DefinitionsError> {
    let client = config.connect().await?;
    let gvk = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let api: Api<DynamicObject> = Api::all_with(client, &ApiResource::from_gvk(&gvk));
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let name = format!("{}.{GROUP}", kind.plural());
        let answer = tokio::time::timeout(PATIENCE, api.get_opt(&name)).await;
        let silent = || DefinitionsError::Unreadable("the API server does not answer; try again".to_owned());
        let object = answer.map_err(|_| silent())?.map_err(|error| {
            DefinitionsError::Unreadable(trouble::describe(&format!("get {name}"), &error))
        })?;
        found.extend(object.and_then(|object| serde_json::to_value(object).ok()));
    }
    Ok(found)
}
