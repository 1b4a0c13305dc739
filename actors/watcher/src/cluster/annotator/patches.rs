//! The patches that annotate: one at a time for each resource, a few at once, and many requests for a resource in one.
//!
//! A request that comes while a patch is under way shares the next. Where requests come faster than the resource's [`AnnotationPace`], they are put off:
//! whoever asked has them wait, and one patch does for all of them.

use std::collections::HashMap;
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
use tokio::time::Instant;

use super::pace::AnnotationPace;
use super::target::AnnotatedResource;
use super::{cause, refusal};
use crate::cluster::writing::FIELD_MANAGER;

/// Asks an object to reconcile (contract, receivers 7).
const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// The most patches under way at once.
const CONCURRENT: usize = 32;

/// Resources whose pace is remembered without a look at whether it matters still. Beyond it, and whenever twice as many are
/// there as after the last look, those are forgotten of which nothing does.
const REMEMBERED: usize = 4_096;

/// How long one patch may take.
const PATIENCE: Duration = Duration::from_secs(5);

type Outcome = Result<(), ReconcileError>;

/// A resource that is patched, or was a moment ago.
struct Slot {
    /// Those who wait for its next patch.
    waiting: Vec<oneshot::Sender<Outcome>>,
    /// Whether a task patches it.
    is_under_way: bool,
    pace: AnnotationPace,
}

/// How a resource is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// By one who was put off before, or has nowhere to wait.
    Now,
    /// By one who may be put off; with whether many are under way.
    MayWait { is_crowded: bool },
}

/// The resources that are patched, or were within the last half minute.
struct Slots {
    of: HashMap<AnnotatedResource, Slot>,
    /// How many there are when they are looked through next.
    sweep_at: usize,
}

impl Slots {
    /// Forgets what matters no more, if there are many. It is looked for once for each time that their number doubles.
    fn sweep(&mut self, now: Instant) {
        if self.of.len() >= self.sweep_at {
            self.of.retain(|_, slot| slot.is_under_way || !slot.pace.is_over(now));
            self.sweep_at = REMEMBERED.max(2 * self.of.len());
        }
    }
}

/// Patches under way and those who wait for them.
pub(super) struct Patches {
    clock: SharedClock,
    resources: Mutex<Slots>,
    room: Semaphore,
    /// The newest value that was given out.
    newest: Mutex<Timestamp>,
}

impl Patches {
    pub(super) fn new(clock: SharedClock) -> Self {
        let slots = Slots { of: HashMap::new(), sweep_at: REMEMBERED };
        let (resources, newest) = (Mutex::new(slots), Mutex::new(Timestamp::MIN));
        Self { clock, resources, room: Semaphore::new(CONCURRENT), newest }
    }

    /// Annotates a resource, with a patch that is sent after this call. Who comes while an earlier one is under way shares the
    /// next with all who do: a controller that began before knows nothing of what they tell.
    pub(super) async fn annotate(
        self: &Arc<Self>,
        client: &Client,
        target: &AnnotatedResource,
        urgency: Urgency,
    ) -> Outcome {
        let outcome = self.queue(client, target, urgency)?;
        outcome.await.unwrap_or_else(|_| {
            Err(ReconcileError::Unavailable("the watcher was restarted before it could ask".to_owned()))
        })
    }

    /// Puts one among those who wait for the next patch of a resource.
    fn queue(
        self: &Arc<Self>,
        client: &Client,
        target: &AnnotatedResource,
        urgency: Urgency,
    ) -> Result<oneshot::Receiver<Outcome>, ReconcileError> {
        let now = Instant::now();
        let mut resources = self.resources.lock();
        resources.sweep(now);
        let idle = || Slot { waiting: Vec::new(), is_under_way: false, pace: AnnotationPace::new(now) };
        let slot = resources.of.entry(target.clone()).or_insert_with(idle);
        if let Urgency::MayWait { is_crowded } = urgency
            && let Some(wait) = slot.pace.put_off(now, is_crowded)
        {
            return Err(ReconcileError::PutOff(wait));
        }
        let (sender, outcome) = oneshot::channel();
        slot.waiting.push(sender);
        if !std::mem::replace(&mut slot.is_under_way, true) {
            // It goes on if the request that began it gives up.
            actix::spawn(self.clone().patch_all(client.clone(), target.clone()));
        }
        Ok(outcome)
    }

    /// Patches a resource as long as somebody waits for it.
    async fn patch_all(self: Arc<Self>, client: Client, target: AnnotatedResource) {
        loop {
            // The semaphore is never closed.
            let room = self.room.acquire().await;
            let Some(waiting) = self.take(&target) else { return };
            let outcome = self.patch(&client, &target).await;
            drop(room);
            if matches!(outcome, Err(ReconcileError::Refused(_))) {
                // Who asks next is to hear of it, and not to be put off.
                self.forget_pace(&target);
            }
            // Who has given up does not hear it.
            waiting.into_iter().for_each(|one| drop(one.send(outcome.clone())));
        }
    }

    /// Those who wait for the next patch, which is sent now; the resource is done if there are none.
    fn take(&self, target: &AnnotatedResource) -> Option<Vec<oneshot::Sender<Outcome>>> {
        let mut resources = self.resources.lock();
        let slot = resources.of.get_mut(target)?;
        if slot.waiting.is_empty() {
            slot.is_under_way = false;
            return None;
        }
        slot.pace.patched(Instant::now());
        Some(std::mem::take(&mut slot.waiting))
    }

    fn forget_pace(&self, target: &AnnotatedResource) {
        if let Some(slot) = self.resources.lock().of.get_mut(target) {
            slot.pace = AnnotationPace::new(Instant::now());
        }
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
        self.resources.lock().of.values().map(|slot| slot.waiting.len()).sum()
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

    #[tokio::test]
    async fn issue_20_resources_that_were_annotated_long_ago_are_forgotten_and_others_are_not_looked_through_each_time()
     {
        let now = Instant::now();
        let slot = |at| {
            let mut pace = AnnotationPace::new(at);
            pace.patched(at);
            Slot { waiting: Vec::new(), is_under_way: false, pace }
        };
        let target = |number: usize| AnnotatedResource {
            resource: kube::api::ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&()),
            namespace: "apps".to_owned(),
            name: number.to_string(),
        };
        let mut slots =
            Slots { of: (0..REMEMBERED).map(|at| (target(at), slot(now))).collect(), sweep_at: REMEMBERED };
        slots.sweep(now);
        assert_eq!((slots.of.len(), slots.sweep_at), (REMEMBERED, 2 * REMEMBERED), "all of them matter");
        slots.of.extend((REMEMBERED..2 * REMEMBERED).map(|at| (target(at), slot(now))));
        slots.sweep(now + Duration::from_secs(60));
        assert_eq!((slots.of.len(), slots.sweep_at), (0, REMEMBERED));
    }

    #[test]
    fn the_value_is_a_time_in_nanoseconds() {
        let patch = annotation(noon());
        assert_eq!(patch["metadata"]["annotations"][REQUESTED_AT], "2026-08-07T12:00:00.000000000Z");
    }
}
