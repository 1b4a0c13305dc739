//! The status writer: brings what the watcher shows into the status of objects, within the budget of writes.
//!
//! **Owns** which objects have to be looked at and when, which are being written, and when each was written last
//! ([`WriteQueue`]). It does not know what a status says: it asks the watcher, which owns objects and conditions, for the
//! [`WritePlan`] of those that are due, and sends the patches a few at a time. **Promises** that an object is written by one
//! request at a time, that only the leader writes, and that a failed write is tried again with growing pauses. What it
//! loses when it ends is asked of the watcher anew when it starts.

mod due;
mod queue;
mod send;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, MessageResult,
    ResponseActFuture, WrapFuture,
};
use campanile_supervision::{GetSnapshot, LifeGuard, SharedClock, failpoint, failpoint_stall};
use tokio::sync::{Notify, watch};

use super::messages::{Patched, PlanWrites, ReviewAll, StatusChanged};
use super::outlet::weak;
use super::peers::ClusterPeers;
use super::reconciles::{ReconcileResult, Reconciles};
use super::task::LocalTask;
use super::write_plan::{StatusPatch, WritePlan};
use crate::kind::{Id, Kind};
use crate::tick::{Tick, start_ticking};
use crate::{QueueSnapshot, StatusWriterSnapshot};
use queue::{Admission, WriteQueue};
use send::{NextWrites, PatchError, PatchSent, WriterOutlet};

/// The most patches handed out at once.
const MOST: usize = 32;

/// How long the watcher may take to plan. One that takes longer is being replaced.
const PLANNING: Duration = Duration::from_secs(10);

/// How long an object waits that the watcher could not plan.
const UNPLANNED: Duration = Duration::from_secs(1);

/// The parts of the status writer.
pub struct StatusWriterParts {
    /// The way to the watcher, and the client.
    pub peers: ClusterPeers,
    /// Measures the budget of writes.
    pub clock: SharedClock,
    /// Tells the supervisor when the status writer ends.
    pub guard: LifeGuard<&'static str>,
    /// Whether this replica may write to objects.
    pub leader: watch::Receiver<bool>,
    /// Counts looks at objects, over restarts.
    pub reconciles: Reconciles,
}

/// The status writer of cluster mode.
pub struct StatusWriterActor {
    peers: ClusterPeers,
    clock: SharedClock,
    guard: LifeGuard<&'static str>,
    leader: watch::Receiver<bool>,
    reconciles: Reconciles,
    queue: WriteQueue,
    /// Rung when there may be something to write.
    bell: Arc<Notify>,
    /// Whether it was said that the installed definitions keep no status.
    said_no_status: bool,
    /// Sends patches; none before the start.
    sending: Option<LocalTask>,
}

impl StatusWriterActor {
    /// Starts a status writer and points its peers at it.
    pub fn launch(parts: StatusWriterParts) -> Addr<Self> {
        let status = parts.peers.status.clone();
        let writer = Self {
            queue: WriteQueue::counted(parts.reconciles.clone()),
            peers: parts.peers,
            clock: parts.clock,
            guard: parts.guard,
            leader: parts.leader,
            reconciles: parts.reconciles,
            bell: Arc::default(),
            said_no_status: false,
            sending: None,
        };
        let writer = writer.start();
        status.point_at(&writer);
        writer
    }

    fn leads(&self) -> bool {
        *self.leader.borrow() && !self.guard.is_retired()
    }

    /// Lets through what the budget allows now; the rest is looked at later.
    fn admit(&mut self, asked: Vec<Id>, plans: Vec<(Id, WritePlan)>) -> Vec<StatusPatch> {
        let now = self.clock.now();
        // Leadership may have been lost while the watcher planned.
        let plans = if self.leads() { plans } else { Vec::new() };
        if plans.len() < asked.len() {
            let planned = |id: &Id| plans.iter().any(|(known, _)| known == id);
            for id in asked.into_iter().filter(|id| !planned(id)) {
                self.queue.put_back(id, now + UNPLANNED);
            }
        }
        plans.into_iter().filter_map(|(id, plan)| self.admit_one(id, plan)).collect()
    }

    fn admit_one(&mut self, id: Id, plan: WritePlan) -> Option<StatusPatch> {
        let now = self.clock.now();
        let kind = id.0;
        let ending = match plan {
            WritePlan::Write(write) => match self.queue.admit(&write, now) {
                Admission::Now => {
                    self.queue.sent(&id, write.mark, now);
                    return Some(*write);
                }
                Admission::At(later) => {
                    match write.first {
                        true => self.queue.mark_first(id, later),
                        false => self.queue.mark(id, later),
                    }
                    ReconcileResult::RequeueAfter
                }
            },
            WritePlan::Gone => {
                self.queue.forget(&id);
                ReconcileResult::Success
            }
            WritePlan::NoStatus => {
                self.say_no_status();
                ReconcileResult::Success
            }
            WritePlan::Nothing => ReconcileResult::Success,
        };
        self.reconciles.ended(kind, ending, Duration::ZERO);
        None
    }

    fn say_no_status(&mut self) {
        if !std::mem::replace(&mut self.said_no_status, true) {
            tracing::warn!(
                "the installed definitions of Alert and Provider keep no status, it is only shown by campanile get; to keep it: campanile crds | kubectl apply -f -"
            );
        }
    }
}

impl Actor for StatusWriterActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let outlet = WriterOutlet { next: weak(&ctx.address()), written: weak(&ctx.address()) };
        self.sending =
            Some(LocalTask::spawn(send::send_all(outlet, self.peers.client.clone(), self.bell.clone())));
        self.peers.review.hint(ReviewAll);
        start_ticking(&ctx.address());
    }
}

impl Handler<Tick> for StatusWriterActor {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Context<Self>) {
        if self.guard.is_retired() {
            return ctx.stop();
        }
        failpoint("status-writer", "tick");
        failpoint_stall(self, ctx, "status-writer", "tick");
        if self.sending.as_ref().is_some_and(LocalTask::is_finished) {
            tracing::error!("the task of the status writer panicked, starting over");
            self.guard.fail();
            ctx.stop();
        }
    }
}

impl Handler<StatusChanged> for StatusWriterActor {
    type Result = ();

    fn handle(&mut self, StatusChanged { stale, first, gone, urgent }: StatusChanged, _: &mut Context<Self>) {
        let now = self.clock.now();
        gone.iter().for_each(|id| self.queue.forget(id));
        stale.into_iter().for_each(|id| self.queue.mark(id, now));
        first.into_iter().for_each(|id| self.queue.mark_first(id, now));
        if urgent {
            self.bell.notify_one();
        }
    }
}

impl Handler<NextWrites> for StatusWriterActor {
    type Result = ResponseActFuture<Self, Vec<StatusPatch>>;

    fn handle(&mut self, _: NextWrites, _: &mut Context<Self>) -> Self::Result {
        let due = if self.leads() { self.queue.take_due(self.clock.now(), MOST) } else { Vec::new() };
        if due.is_empty() {
            return Box::pin(actix::fut::ready(Vec::new()));
        }
        let plans = self.peers.plans.clone();
        let asked = due.clone();
        let plans = async move {
            let answer = tokio::time::timeout(PLANNING, plans.ask(PlanWrites(asked))).await;
            answer.ok().and_then(Result::ok).unwrap_or_default()
        };
        Box::pin(plans.into_actor(self).map(|plans, writer, _| writer.admit(due, plans)))
    }
}

impl Handler<PatchSent> for StatusWriterActor {
    type Result = ();

    fn handle(&mut self, PatchSent { id, part, base, outcome, took }: PatchSent, _: &mut Context<Self>) {
        let now = self.clock.now();
        self.reconciles.ended(id.0, ending(&outcome), took);
        let about = send::aim(id.0);
        match outcome {
            Ok(facts) => {
                self.peers.trouble(&about, None);
                self.queue.landed(id.clone(), now);
                // In the watcher's mailbox before the next question about this object.
                if self.peers.patched.send(Patched { id, part, base, facts }).is_err() {
                    tracing::debug!("the watcher is being restarted, it will see the patch when it lists");
                }
            }
            Err(refusal) => {
                if let PatchError::Trouble(text) = refusal {
                    self.peers.trouble(&about, Some(text));
                }
                self.queue.failed(id, now, fastrand::f64());
            }
        }
    }
}

/// How the reconcile ended that a write belongs to.
fn ending<T>(outcome: &Result<T, PatchError>) -> ReconcileResult {
    match outcome {
        Ok(_) | Err(PatchError::Gone) => ReconcileResult::Success,
        Err(PatchError::Conflict) => ReconcileResult::Requeue,
        Err(PatchError::Trouble(_)) => ReconcileResult::Error,
    }
}

impl Handler<GetSnapshot<StatusWriterSnapshot>> for StatusWriterActor {
    type Result = MessageResult<GetSnapshot<StatusWriterSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<StatusWriterSnapshot>, _: &mut Context<Self>) -> Self::Result {
        let (leads, now) = (self.leads(), self.clock.now());
        // Who does not lead writes nothing, so nothing waits.
        let queue = |kind: Kind| match leads {
            true => self.queue.snapshot(kind, now),
            false => QueueSnapshot { controller: kind.controller(), ..QueueSnapshot::default() },
        };
        MessageResult(StatusWriterSnapshot { leads, queues: Kind::ALL.map(queue).to_vec() })
    }
}
