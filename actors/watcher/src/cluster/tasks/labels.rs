//! The watch of the labels of one kind of source objects.

use kube::Client;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::watcher;

use super::scope::{Scope, in_time};
use crate::batch::Batch;
use crate::cluster::batcher::key_of;
use crate::cluster::follow::{Ended, Pauses, follow};
use crate::cluster::label_cache::Labelled;
use crate::cluster::messages::LabelsSeen;
use crate::cluster::outlet::{WatchListener, tell};
use crate::cluster::source_kinds::SourceKind;
use crate::cluster::version::scoped;

/// Follows the labels of a kind. A kind that is not installed has no objects.
pub(crate) async fn watch_labels(scope: Scope, kind: &'static SourceKind) {
    let mut pauses = Pauses::new();
    let aim = aim(kind.kind);
    loop {
        let (text, news) = match in_time(find(&scope.client, kind)).await {
            Ok(Some(resource)) => match follow_labels(&scope, kind, &resource, &aim).await {
                Ended::Unheard => return,
                Ended::Unserved => (None, None),
            },
            Ok(None) => (None, Some(Batch { whole: true, steps: Vec::new() })),
            Err(error) => (Some(scope.reject(&aim, &error).await), None),
        };
        if let Some(batch) = news {
            tell(&scope.outlet.labels, LabelsSeen { kind, batch }).await;
        }
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

/// How the API server serves a kind; none if it does not.
async fn find(client: &Client, kind: &SourceKind) -> Result<Option<ApiResource>, kube::Error> {
    let groups = client.list_api_groups().await?;
    if !groups.groups.iter().any(|group| group.name == kind.group) {
        return Ok(None);
    }
    let group = kube::discovery::group(client, kind.group).await?;
    Ok(group.recommended_kind(kind.kind).map(|(resource, _)| resource))
}

async fn follow_labels(scope: &Scope, kind: &'static SourceKind, resource: &ApiResource, aim: &str) -> Ended {
    let api = scoped(scope.client.clone(), scope.namespace.as_deref(), resource);
    let mut listener = WatchListener {
        outlet: scope.outlet.clone(),
        to: scope.outlet.labels.clone(),
        aim: aim.to_owned(),
        wrap: |batch| LabelsSeen { kind, batch },
        of_secrets: false,
    };
    let labelled = |object: PartialObjectMeta<DynamicObject>| Labelled {
        key: key_of(&object),
        labels: object.metadata.labels.unwrap_or_default(),
    };
    follow(watcher(api, watcher::Config::default()), labelled, &mut listener).await
}
