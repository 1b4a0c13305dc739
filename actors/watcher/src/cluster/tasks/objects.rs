//! The watch of all objects of one kind.

use std::time::Duration;

use actix::WeakRecipient;
use campanile_crds::GROUP;
use kube::Client;
use kube::runtime::watcher;

use super::scope::{WatchScope, in_time};
use crate::batch::Batch;
use crate::cluster::follow::{Pauses, WatchEnd, follow};
use crate::cluster::messages::ObjectsSeen;
use crate::cluster::outlet::WatchListener;
use crate::cluster::reading::{Facts, read};
use crate::cluster::version::{Served, discover};
use crate::kind::Kind;
use crate::kind_state::Sighting;
use crate::watched::Watched;

/// How often a kind that is served in an old way, or not at all, is asked for anew: its definition may come.
const REDISCOVER: Duration = Duration::from_secs(30);

/// Follows all objects of a kind, in the best version that is served.
pub(crate) async fn watch_objects<T: Watched>(scope: WatchScope, to: WeakRecipient<ObjectsSeen<T>>) {
    let (kind, mut pauses) = (T::KIND, Pauses::new());
    let aim = format!("watch {}", kind.plural());
    loop {
        let text = match in_time(discover(&scope.client, kind)).await {
            Ok(Some(served)) => {
                tokio::select! {
                    ended = follow_objects::<T>(&scope, to.clone(), served, &aim) => match ended {
                        WatchEnd::Unserved => None,
                        WatchEnd::Unheard => return,
                    },
                    () = until_better(&scope.client, kind, served) => continue,
                }
            }
            // Nothing happens where an optional kind is not installed; it may come later.
            Ok(None) if kind.is_optional() => {
                if !scope.outlet.trouble(&aim, None).await {
                    return;
                }
                tokio::time::sleep(REDISCOVER).await;
                continue;
            }
            Ok(None) => Some(format!(
                "failed to {aim}: the API server serves no {kind} of {GROUP}; install it: campanile crds | kubectl apply -f -",
                kind = kind.name()
            )),
            Err(error) => Some(scope.reject(&aim, &error).await),
        };
        if text.is_some() && !scope.outlet.trouble(&aim, text).await {
            return;
        }
        pauses.pause().await;
    }
}

/// Waits until a kind is served otherwise than it is now; for ever if there is nothing to be gained.
async fn until_better(client: &Client, kind: Kind, now: Served) {
    if now.is_best(kind) {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(REDISCOVER).await;
        let served = in_time(discover(client, kind)).await;
        if served.is_ok_and(|served| served.is_some_and(|served| served != now)) {
            return;
        }
    }
}

async fn follow_objects<T: Watched>(
    scope: &WatchScope,
    to: WeakRecipient<ObjectsSeen<T>>,
    served: Served,
    aim: &str,
) -> WatchEnd {
    let api = served.api(scope.client.clone(), T::KIND, scope.namespace.as_deref());
    let api_version = format!("{GROUP}/{}", served.version.name());
    let mut listener = WatchListener {
        outlet: scope.outlet.clone(),
        to,
        aim: aim.to_owned(),
        wrap: |batch: Batch<Sighting<T, Facts>>| ObjectsSeen { served, batch },
        of_secrets: false,
    };
    let read = |object| read::<T>(&api_version, object);
    follow(watcher(api, watcher::Config::default()), read, &mut listener).await
}
