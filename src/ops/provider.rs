//! Providers as requests name them.

use actix_web::http::StatusCode;
use campanile_delivery::NoProvider;
use campanile_domain::ObjectKey;
use campanile_protocol::{GetObjects, ObjectTable};
use campanile_supervision::GetSnapshot;

use super::View;
use super::error::ApiError;

/// The objects, once they are known: before that every Provider would seem to be missing.
pub(super) async fn objects(view: &View) -> Result<ObjectTable, ApiError> {
    let restarting = |_| ApiError::unavailable("find providers: the watcher is being restarted, try again");
    let snapshot = view.links.watcher_snapshot.ask(GetSnapshot::new()).await.map_err(restarting)?;
    if !snapshot.loaded {
        return Err(ApiError::unavailable("find providers: the manifests are not loaded yet, try again"));
    }
    view.links.objects.ask(GetObjects).await.map_err(restarting)
}

/// Whether there is a Provider of that name.
pub(super) fn has_provider(table: &ObjectTable, key: &ObjectKey) -> bool {
    let is_it = |namespace: &str, name: &str| *key.namespace == *namespace && *key.name == *name;
    table.providers.iter().any(|row| is_it(&row.object.namespace, &row.object.name))
}

/// The refusal of a Provider that does not exist.
pub(super) fn no_provider(key: &ObjectKey) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, NoProvider(key.clone()))
}
