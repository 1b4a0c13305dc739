//! The event recorder: writes Kubernetes Events on Alerts and Providers (contract, control plane 7).
//!
//! **Owns** the Events that were announced lately, how often each happened, and what the API server has of it
//! ([`EventCorrelator`]), with the budget of requests. **Promises** that the same Event again is counted and not written
//! anew, and that a failed write is tried again. Who may speak of an object is the watcher's decision, not this one's. What
//! was not written when it ends is lost; all of it was logged where it happened.

mod correlator;
mod entry;
mod post;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, MessageResult};
use campanile_supervision::{GetSnapshot, LifeGuard, SharedClock, failpoint, failpoint_stall};
use tokio::sync::Notify;

use super::messages::RecordEvent;
use super::outlet::weak;
use super::peers::ClusterPeers;
use super::task::LocalTask;
use crate::EventRecorderSnapshot;
use crate::tick::{Tick, start_ticking};
use correlator::EventCorrelator;
use post::{NextPostings, Posted, RecorderOutlet};

/// The most postings handed out at once.
const MOST: usize = 16;

/// The parts of the event recorder.
pub struct EventRecorderParts {
    /// The way to the watcher, and the client.
    pub peers: ClusterPeers,
    /// Stamps Events and measures the budget of requests.
    pub clock: SharedClock,
    /// Tells the supervisor when the event recorder ends.
    pub guard: LifeGuard<&'static str>,
}

/// The event recorder of cluster mode.
pub struct EventRecorderActor {
    peers: ClusterPeers,
    clock: SharedClock,
    guard: LifeGuard<&'static str>,
    events: EventCorrelator,
    /// Rung when there is something to write.
    bell: Arc<Notify>,
    /// Writes Events; none before the start.
    posting: Option<LocalTask>,
}

impl EventRecorderActor {
    /// Starts an event recorder and points its peers at it.
    pub fn launch(parts: EventRecorderParts) -> Addr<Self> {
        let EventRecorderParts { peers, clock, guard } = parts;
        let events = peers.events.clone();
        let recorder = Self {
            peers,
            clock,
            guard,
            events: EventCorrelator::default(),
            bell: Arc::default(),
            posting: None,
        };
        let recorder = recorder.start();
        events.point_at(&recorder);
        recorder
    }
}

impl Actor for EventRecorderActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let outlet = RecorderOutlet { next: weak(&ctx.address()), posted: weak(&ctx.address()) };
        self.posting = Some(LocalTask::spawn(post::post_all(outlet, self.peers.clone(), self.bell.clone())));
        start_ticking(&ctx.address());
    }
}

impl Handler<Tick> for EventRecorderActor {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Context<Self>) {
        if self.guard.is_retired() {
            return ctx.stop();
        }
        failpoint("event-recorder", "tick");
        failpoint_stall(self, ctx, "event-recorder", "tick");
        if self.posting.as_ref().is_some_and(LocalTask::is_finished) {
            tracing::error!("the task of the event recorder panicked, starting over");
            self.guard.fail();
            ctx.stop();
        }
    }
}

impl Handler<RecordEvent> for EventRecorderActor {
    type Result = ();

    fn handle(&mut self, RecordEvent { announce, uid }: RecordEvent, _: &mut Context<Self>) {
        self.events.note(announce, &uid, self.clock.now());
        self.bell.notify_one();
    }
}

impl Handler<NextPostings> for EventRecorderActor {
    type Result = MessageResult<NextPostings>;

    fn handle(&mut self, _: NextPostings, _: &mut Context<Self>) -> Self::Result {
        if self.guard.is_retired() {
            return MessageResult(Vec::new());
        }
        MessageResult(self.events.take(self.clock.now(), MOST))
    }
}

impl Handler<Posted> for EventRecorderActor {
    type Result = ();

    fn handle(&mut self, Posted { posting, outcome }: Posted, _: &mut Context<Self>) {
        self.events.posted(&posting, outcome, self.clock.now(), fastrand::f64());
    }
}

impl Handler<GetSnapshot<EventRecorderSnapshot>> for EventRecorderActor {
    type Result = MessageResult<GetSnapshot<EventRecorderSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<EventRecorderSnapshot>, _: &mut Context<Self>) -> Self::Result {
        let snapshot: EventRecorderSnapshot = self.events.snapshot();
        MessageResult(snapshot)
    }
}
