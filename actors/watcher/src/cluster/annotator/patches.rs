//! The patches that annotate: one at a time for each resource, a few at once, and many requests for a resource in one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use campanile_protocol::ReconcileError;
use campanile_supervision::SharedClock;
use jiff::Timestamp;
use kube::Client;
use kube::api::{Patch, PatchParams};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::sync::{Semaphore, oneshot};

use super::target::AnnotatedResource;
use super::{cause, refusal};
use crate::cluster::writing::FIELD_MANAGER;

/// Asks an object to reconcile (contract, receivers 7).
const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// The most patches under way at once.
const CONCURRENT: usize = 32;

/// How long one patch may take.
const PATIENCE: Duration = Duration::from_secs(5);

type Outcome = Result<(), ReconcileError>;

/// Patches under way and those who wait for them.
pub(super) struct Patches {
    clock: SharedClock,
    /// Those who wait for the next patch of a resource. A resource is in it while a task patches it.
    waiting: Mutex<HashMap<AnnotatedResource, Vec<oneshot::Sender<Outcome>>>>,
    room: Semaphore,
    /// The newest value that was given out.
    newest: Mutex<Timestamp>,
}

impl Patches {
    pub(super) fn new(clock: SharedClock) -> Self {
        let (waiting, newest) = (Mutex::default(), Mutex::new(Timestamp::MIN));
        Self { clock, waiting, room: Semaphore::new(CONCURRENT), newest }
    }

    /// Annotates a resource, with a patch that is sent after this call. Who comes while an earlier one is under way shares the
    /// next with all who do: a controller that began before knows nothing of what they tell.
    pub(super) async fn annotate(self: &Arc<Self>, client: &Client, target: &AnnotatedResource) -> Outcome {
        let (sender, outcome) = oneshot::channel();
        match self.waiting.lock().entry(target.clone()) {
            Entry::Occupied(mut waiting) => waiting.get_mut().push(sender),
            Entry::Vacant(vacant) => {
                vacant.insert(vec![sender]);
                // It goes on if the request that began it gives up.
                actix::spawn(self.clone().patch_all(client.clone(), target.clone()));
            }
        }
        outcome.await.unwrap_or_else(|_| {
            Err(ReconcileError::Unavailable("the watcher was restarted before it could ask".to_owned()))
        })
    }

    /// Patches a resource as long as somebody waits for it.
    async fn patch_all(self: Arc<Self>, client: Client, target: AnnotatedResource) {
        loop {
            // The semaphore is never closed.
            let room = self.room.acquire().await;
            let Some(waiting) = self.take(&target) else { return };
            let outcome = self.patch(&client, &target).await;
            drop(room);
            // Who has given up does not hear it.
            waiting.into_iter().for_each(|one| drop(one.send(outcome.clone())));
        }
    }

    /// Those who wait for the next patch; the resource is done if there are none.
    fn take(&self, target: &AnnotatedResource) -> Option<Vec<oneshot::Sender<Outcome>>> {
        let mut all = self.waiting.lock();
        let waiting = all.get_mut(target).map(std::mem::take).filter(|waiting| !waiting.is_empty());
        if waiting.is_none() {
            all.remove(target);
        }
        waiting
    }

    async fn patch(&self, client: &Client, target: &AnnotatedResource) -> Outcome {
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let patch = annotation(self.value());
        let (api, patch) = (target.api(client), Patch::Merge(&patch));
        let patching = api.patch_metadata(&target.name, &parameters, &patch);
        match tokio::time::timeout(PATIENCE, patching).await {
            Ok(Ok(_)) => {
                tracing::info!("resource '{target}' annotated");
                Ok(())
            }
            Ok(Err(error)) => Err(refusal(&error, failure(target, &cause(&error)))),
            Err(_) => Err(ReconcileError::Unavailable(failure(target, "the API server does not answer"))),
        }
    }

    /// How many wait for a patch that is not under way.
    #[cfg(test)]
    pub(super) fn waiting_for_next(&self) -> usize {
        self.waiting.lock().values().map(Vec::len).sum()
    }

    /// A value that was not given out before, and is later than all that were.
    fn value(&self) -> Timestamp {
        let mut newest = self.newest.lock();
        let next = newest.checked_add(Duration::from_nanos(1)).unwrap_or(Timestamp::MAX);
        *newest = self.clock.now().max(next);
        *newest
    }
}

/// The text of a failure (contract, receivers 7).
fn failure(target: &AnnotatedResource, cause: &str) -> String {
    let AnnotatedResource { resource, namespace, name } = target;
    format!(
        "failed to annotate resource: '{target}': unable to annotate {} \"{namespace}/{name}\" error: {cause}",
        resource.kind
    )
}

fn annotation(value: Timestamp) -> Json {
    json!({"metadata": {"annotations": {REQUESTED_AT: format!("{value:.9}")}}})
}

#[cfg(test)]
mod tests {
    use campanile_testkit::noon;

    use super::*;

    #[test]
    fn the_value_is_a_time_in_nanoseconds() {
        let patch = annotation(noon());
        assert_eq!(patch["metadata"]["annotations"][REQUESTED_AT], "2026-08-07T12:00:00.000000000Z");
    }
}
