//! The watch of the labels of one kind of source objects.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::select_all;
use kube::Client;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::discovery::{Discovery, Scope as Reach};
use kube::runtime::watcher;
use kube::runtime::watcher::Error;

use super::scope::{WatchScope, in_time};
use crate::batch::Batch;
use crate::cluster::batcher::key_of;
use crate::cluster::follow::{BatchListener, Pauses, WatchEnd, follow};
use crate::cluster::label_cache::{GroupKind, Labelled};
use crate::cluster::messages::{LabelsDenied, LabelsSeen, LabelsServed};
use crate::cluster::outlet::tell;
use crate::cluster::source_kinds;
use crate::cluster::trouble;
use crate::cluster::version::scoped;

/// The most groups whose objects of one kind are followed. Few kinds are served by more than one.
const MOST_GROUPS: usize = 4;

/// Follows the labels of a kind, in the group that Flux has it in or in all that serve it. A kind that is not installed has no
/// objects.
pub(crate) async fn watch_labels(scope: WatchScope, kind: Arc<str>) {
    let (mut pauses, aim) = (Pauses::new(), aim(&kind));
    loop {
        let text = match in_time(find(&scope.client, &kind)).await {
            Ok(resources) => {
                let groups = groups(&kind, &resources);
                if !tell(&scope.outlet.label_groups, LabelsServed { kind: kind.clone(), groups }).await {
                    return;
                }
                match follow_all(&scope, &kind, &resources).await {
                    WatchEnd::Unheard => return,
                    WatchEnd::Unserved => None,
                }
            }
            Err(error) => Some(scope.reject(&aim, &error).await),
        };
        if !scope.outlet.trouble(&aim, text).await {
            return;
        }
        pauses.pause().await;
    }
}

/// What is attempted for labels of `kind`, in words that fit after "failed to".
pub(crate) fn aim(kind: &str) -> String {
    format!("watch the labels of {kind}")
}

/// The groups that serve a kind.
fn groups(kind: &str, resources: &[ApiResource]) -> Vec<Arc<str>> {
    let flux = source_kinds::group_of(kind).filter(|_| resources.is_empty());
    resources.iter().map(|resource| resource.group.as_str()).chain(flux).map(Arc::from).collect()
}

/// How the API server serves a kind.
async fn find(client: &Client, kind: &str) -> Result<Vec<ApiResource>, kube::Error> {
    let Some(group) = source_kinds::group_of(kind) else { return find_anywhere(client, kind).await };
    let served = client.list_api_groups().await?;
    if !served.groups.iter().any(|known| known.name == group) {
        return Ok(Vec::new());
    }
    let group = kube::discovery::group(client, group).await?;
    Ok(group.recommended_kind(kind).into_iter().map(|(resource, _)| resource).collect())
}

/// How each group serves a kind that is none of Flux's.
async fn find_anywhere(client: &Client, kind: &str) -> Result<Vec<ApiResource>, kube::Error> {
    let served = Discovery::new(client.clone()).run_aggregated().await?;
    let of_kind = served.groups_alphabetical().into_iter().filter_map(|group| {
        let (resource, abilities) = group.recommended_kind(kind)?;
        (abilities.scope == Reach::Namespaced).then_some(resource)
    });
    Ok(of_kind.take(MOST_GROUPS).collect())
}

/// Follows a kind in each of its groups until one of them is not served any more, or for good if there is none.
async fn follow_all(scope: &WatchScope, kind: &Arc<str>, resources: &[ApiResource]) -> WatchEnd {
    if resources.is_empty() {
        let Some(group) = source_kinds::group_of(kind) else { return WatchEnd::Unserved };
        let of = GroupKind { kind: kind.clone(), group: group.into() };
        let batch = Batch { whole: true, steps: Vec::new() };
        let is_heard = tell(&scope.outlet.labels, LabelsSeen { of, batch }).await;
        return if is_heard { WatchEnd::Unserved } else { WatchEnd::Unheard };
    }
    let following = resources.iter().map(|resource| follow_labels(scope, kind, resource).boxed_local());
    select_all(following).await.0
}

async fn follow_labels(scope: &WatchScope, kind: &Arc<str>, resource: &ApiResource) -> WatchEnd {
    let api = scoped(scope.client.clone(), scope.namespace.as_deref(), resource);
    let mut listener = LabelListener {
        scope,
        of: GroupKind { kind: kind.clone(), group: resource.group.as_str().into() },
        aim: aim(kind),
        resource: format!("{}.{}", resource.plural, resource.group),
    };
    let labelled = |object: PartialObjectMeta<DynamicObject>| Labelled {
        key: key_of(&object),
        labels: object.metadata.labels.unwrap_or_default(),
    };
    follow(watcher(api, watcher::Config::default()), labelled, &mut listener).await
}

/// Hands the labels of a kind in one group to the watcher, or that they may not be had.
struct LabelListener<'a> {
    scope: &'a WatchScope,
    of: GroupKind,
    /// What is attempted, in words that fit after "failed to".
    aim: String,
    /// The name of the resource in roles.
    resource: String,
}

impl BatchListener<Labelled> for LabelListener<'_> {
    async fn batch(&mut self, batch: Batch<Labelled>) -> bool {
        if batch.whole {
            self.scope.outlet.trouble(&self.aim, None).await;
        }
        tell(&self.scope.outlet.labels, LabelsSeen { of: self.of.clone(), batch }).await
    }

    async fn recovered(&mut self) {
        self.scope.outlet.trouble(&self.aim, None).await;
    }

    async fn trouble(&mut self, error: &Error) {
        let (outlet, code) = (&self.scope.outlet, trouble::code(error));
        outlet.refused(code).await;
        if trouble::is_forbidden(code) {
            let (of, resource) = (self.of.clone(), self.resource.clone());
            tell(&outlet.labels_denied, LabelsDenied { of, resource }).await;
        }
        outlet.trouble(&self.aim, Some(trouble::of_watch(&self.aim, error))).await;
    }
}
