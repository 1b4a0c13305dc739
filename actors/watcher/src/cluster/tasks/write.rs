//! Writes status and finalizers, a few objects at a time.

use std::sync::Arc;

use futures_util::StreamExt;
use kube::api::{Patch, PatchParams};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{FIELD_MANAGER, Scope, WRITE_INTERVAL, WRITE_PATIENCE, tell};
use crate::cluster::actor::news::{NextWrites, Written};
use crate::cluster::kind::Kind;
use crate::cluster::reading::Facts;
use crate::cluster::trouble;
use crate::cluster::version::Served;
use crate::cluster::writer::{Part, Write};

/// The most writes under way at the same time.
const CONCURRENT_WRITES: usize = 4;

/// Sends what the watcher wants written.
pub(crate) async fn write(scope: Scope, bell: Arc<Notify>) {
    loop {
        let Some(watcher) = scope.watcher.upgrade() else { return };
        let Ok(writes) = watcher.send(NextWrites).await else { return };
        drop(watcher);
        if writes.is_empty() {
            // Whether it rang or the time is up: the queue is looked at.
            drop(tokio::time::timeout(WRITE_INTERVAL, bell.notified()).await);
        }
        let scope = &scope;
        futures_util::stream::iter(writes)
            .for_each_concurrent(CONCURRENT_WRITES, |(served, write)| async move {
                let began = Instant::now();
                let outcome = send(scope, served, &write).await;
                let Write { id, part, base, .. } = write;
                let took = began.elapsed();
                tell(&scope.watcher, Written { id, part, base, outcome, took }).await;
            })
            .await;
    }
}

/// Sends one patch and returns what the object looks like then.
async fn send(scope: &Scope, served: Served, write: &Write) -> Result<Facts, Refusal> {
    let (kind, key) = &write.id;
    let api = served.api(scope.client.clone(), *kind, Some(&key.namespace));
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(&write.patch);
    let sent = async {
        match write.part {
            Part::Status => api.patch_status(&key.name, &parameters, &patch).await,
            Part::Metadata => api.patch(&key.name, &parameters, &patch).await,
        }
    };
    match tokio::time::timeout(WRITE_PATIENCE, sent).await {
        Ok(Ok(object)) => Ok(Facts::of(&object)),
        Ok(Err(error)) => match trouble::code_of(&error) {
            Some(404) => Err(Refusal::Gone),
            // Somebody else wrote first: the watch brings what.
            Some(409) => Err(Refusal::Conflict),
            _ => Err(Refusal::Trouble(trouble::describe(&aim(*kind), &error))),
        },
        Err(_) => {
            let aim = aim(*kind);
            Err(Refusal::Trouble(format!(
                "failed to {aim}: the API server does not answer; it is tried again"
            )))
        }
    }
}

fn aim(kind: Kind) -> String {
    format!("write the status of {}", kind.plural())
}

/// Why a patch was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The object is gone.
    Gone,
    /// It is not the one that was seen.
    Conflict,
    /// Anything else, in words for the snapshot.
    Trouble(String),
}
