//! Discovery of how kinds are served: in the version that a Receiver names, or in another one of the group.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kube::Client;
use kube::api::ApiResource;
use parking_lot::Mutex;

use crate::cluster::trouble;

/// How long an answer counts. A kind that is not served any more is asked for anew after that.
const FRESH: Duration = Duration::from_secs(60);

/// The most answers that are kept; more kinds than Receivers name in practice.
const MOST: usize = 256;

/// The answers of the API server about kinds.
#[derive(Default)]
pub(super) struct Resources {
    /// By group with version, and kind. What is not served is not kept: it may come at any time.
    known: Mutex<HashMap<(String, String), (Instant, ApiResource)>>,
}

impl Resources {
    /// How a kind is served; none if it is not.
    ///
    /// # Errors
    /// If the API server cannot be asked.
    pub(super) async fn find(
        &self,
        client: &Client,
        api_version: &str,
        kind: &str,
    ) -> Result<Option<ApiResource>, kube::Error> {
        let name = (api_version.to_owned(), kind.to_owned());
        let known = self.known.lock().get(&name).cloned();
        if let Some((_, resource)) = known.filter(|(since, _)| since.elapsed() < FRESH) {
            return Ok(Some(resource));
        }
        let found = ask(client, api_version, kind).await?;
        if let Some(resource) = &found {
            let mut known = self.known.lock();
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(name, (Instant::now(), resource.clone()));
        }
        Ok(found)
    }
}

async fn ask(client: &Client, api_version: &str, kind: &str) -> Result<Option<ApiResource>, kube::Error> {
    let Some((group, version)) = api_version.split_once('/') else {
        return in_version(client, "", api_version, kind).await;
    };
    if let Some(found) = in_version(client, group, version, kind).await? {
        return Ok(Some(found));
    }
    let groups = client.list_api_groups().await?.groups;
    let versions = groups.into_iter().find(|known| known.name == group).map(|known| known.versions);
    for other in versions.into_iter().flatten().filter(|other| other.version != version) {
        if let Some(found) = in_version(client, group, &other.version, kind).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// How a kind is served in one version; none if it is not.
async fn in_version(
    client: &Client,
    group: &str,
    version: &str,
    kind: &str,
) -> Result<Option<ApiResource>, kube::Error> {
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let listed = match group {
        "" => client.list_core_api_resources(version).await,
        _ => client.list_api_group_resources(&api_version).await,
    };
    let resources = match listed {
        Ok(list) => list.resources,
        Err(error) if trouble::is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    // Parts of objects, such as their status, have a slash in their names.
    let found =
        resources.into_iter().find(|one| one.kind == kind && one.namespaced && !one.name.contains('/'));
    Ok(found.map(|one| ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version,
        kind: kind.to_owned(),
        plural: one.name,
    }))
}
