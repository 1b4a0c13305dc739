//! Events that were stored before they could be planned.
//!
//! A *pass* goes through them from the oldest on and plans what can be planned; what waits for labels stays. So that no
//! newer event overtakes an older one of the same object, the actor goes through phases: while it is **loading** and
//! **catching up**, new events are stored behind the old ones; while it is **handing over**, which takes one short pass,
//! they are held in memory ([`Waiting`](super::waiting)); once it is **open**, they are planned as they come.
//!
//! Events that wait for labels are overtaken by none of their own kind, as these wait too, and by others freely.

use std::collections::HashSet;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, fut::wrap_future};
use campanile_outbox::{EventId, OutboxError, Reply, Unplanned};
use campanile_protocol::Changes;
use tracing::Span;

use super::{RouterActor, plan_span, refusal};

/// Events planned in one go: a few milliseconds of work.
pub(super) const BATCH: usize = 256;
/// Events waiting for labels that one pass looks behind. More are left until labels change.
const LOOKAHEAD: usize = 4096;

/// The phase of the router's start. See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum StartPhase {
    /// The first batch of Alerts has not come.
    #[default]
    Loading,
    /// Events stored meanwhile are being planned.
    CatchingUp,
    /// The last of them are being planned.
    HandingOver,
    /// Events are planned as they come.
    Open,
}

/// An append without deliveries was answered.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Stored;

/// The backlog of events that were stored unplanned.
#[derive(Debug, Default)]
pub(super) struct UnplannedBacklog {
    phase: StartPhase,
    /// Whether a pass is under way.
    running: bool,
    /// Whether something changed during it.
    again: bool,
    /// Events that the last pass found waiting for labels; at most [`LOOKAHEAD`] and a batch.
    blocked: HashSet<EventId>,
    /// Whether the last pass ended for the bound of `blocked`.
    saturated: bool,
    /// Appends without deliveries that are not answered yet.
    storing: usize,
    /// Whether there may be events that wait for labels.
    expecting: bool,
}

impl UnplannedBacklog {
    pub(super) fn phase(&self) -> StartPhase {
        self.phase
    }

    /// How many events the last pass found waiting for labels.
    pub(super) fn blocked(&self) -> usize {
        self.blocked.len()
    }

    /// An event that was found waiting waits no more.
    pub(super) fn unblock(&mut self, event: EventId) {
        self.blocked.remove(&event);
    }

    /// An append without deliveries was begun.
    pub(super) fn storing(&mut self) {
        self.storing += 1;
        self.expecting = true;
    }

    /// Whether a pass may find more to plan after these changes. Enters the next phase with the first batch.
    pub(super) fn is_affected_by(&mut self, changes: &Changes) -> bool {
        match self.phase {
            StartPhase::Loading if changes.initial => {
                self.phase = StartPhase::CatchingUp;
                true
            }
            StartPhase::Loading => false,
            StartPhase::CatchingUp | StartPhase::HandingOver => true,
            StartPhase::Open => {
                self.expecting && (changes.initial || changes.labels || !changes.alerts.is_empty())
            }
        }
    }

    /// Whether a pass was left undone: it failed, or it missed events that the outbox counts as unplanned.
    pub(super) fn is_due(&self, unplanned: u64) -> bool {
        let missed = !self.saturated && unplanned > self.blocked.len() as u64;
        !self.running && (missed || self.phase != StartPhase::Open)
    }
}

impl RouterActor {
    /// Starts a pass, or has the one under way followed by another.
    pub(super) fn start_pass(&mut self, ctx: &mut Context<Self>) {
        let backlog = &mut self.backlog;
        // The last pass must find all that was accepted before it: it waits for these appends, and `Stored` starts it.
        let too_early = backlog.phase == StartPhase::HandingOver && backlog.storing > 0;
        if backlog.running || too_early {
            backlog.again = true;
            return;
        }
        backlog.running = true;
        backlog.again = false;
        backlog.blocked.clear();
        self.fetch(ctx);
    }

    fn fetch(&mut self, ctx: &mut Context<Self>) {
        let limit = self.backlog.blocked.len() + BATCH;
        let waiting = wrap_future(self.parts.outbox.unplanned(limit));
        ctx.spawn(waiting.map(move |waiting, router: &mut Self, ctx| match waiting {
            Ok(waiting) => router.plan_batch(waiting, limit, ctx),
            Err(error) => router.pass_failed(&error),
        }));
    }

    fn plan_batch(&mut self, waiting: Vec<Unplanned>, limit: usize, ctx: &mut Context<Self>) {
        let more = waiting.len() >= limit;
        let planned: Vec<Reply<()>> =
            waiting.into_iter().filter_map(|unplanned| self.plan_stored(&unplanned, ctx)).collect();
        let planned = wrap_future(all(planned));
        ctx.spawn(planned.map(move |planned, router: &mut Self, ctx| match planned {
            Ok(()) if more && router.backlog.blocked.len() < LOOKAHEAD => router.fetch(ctx),
            Ok(()) => router.pass_done(more, ctx),
            Err(error) => router.pass_failed(&error),
        }));
    }

    /// Plans one stored event, unless this pass did already or it waits for labels. One that panics the router every time is
    /// set aside: it was accepted, so it is kept.
    fn plan_stored(&mut self, stored: &Unplanned, ctx: &mut Context<Self>) -> Option<Reply<()>> {
        if self.backlog.blocked.contains(&stored.id) {
            return None;
        }
        if self.elsewhere.holds(stored.id) {
            self.backlog.blocked.insert(stored.id);
            return None;
        }
        if self.is_poison(&stored.event) {
            return Some(self.parts.outbox.set_aside(stored.id));
        }
        let span = plan_span(&Span::none(), &stored.event, Some(stored.id));
        let plan = self.plan(&stored.event, stored.accepted_at, &span, ctx);
        if plan.not_yet {
            self.backlog.blocked.insert(stored.id);
            return None;
        }
        if !plan.elsewhere.is_empty() {
            self.backlog.blocked.insert(stored.id);
            self.plan_stored_later(stored, &plan, ctx);
            return None;
        }
        Some(self.parts.outbox.plan(stored.id, plan.deliveries))
    }

    fn pass_done(&mut self, saturated: bool, ctx: &mut Context<Self>) {
        let backlog = &mut self.backlog;
        backlog.running = false;
        backlog.saturated = saturated;
        backlog.expecting = backlog.storing > 0 || !backlog.blocked.is_empty();
        match backlog.phase {
            StartPhase::Loading => {}
            StartPhase::CatchingUp => {
                backlog.phase = StartPhase::HandingOver;
                self.start_pass(ctx);
            }
            StartPhase::HandingOver => self.open(ctx),
            StartPhase::Open if backlog.again => self.start_pass(ctx),
            StartPhase::Open => {}
        }
    }

    fn open(&mut self, ctx: &mut Context<Self>) {
        self.backlog.phase = StartPhase::Open;
        while let Some(submit) = self.waiting.pop() {
            self.take_in(submit, ctx);
        }
        if self.backlog.again {
            self.start_pass(ctx);
        }
    }

    /// Leaves the rest to the next tick. What is held is refused, as the outbox cannot take it.
    fn pass_failed(&mut self, error: &OutboxError) {
        tracing::error!(%error, "failed to plan stored events, will try again");
        self.backlog.running = false;
        if self.backlog.phase == StartPhase::HandingOver {
            self.backlog.phase = StartPhase::CatchingUp;
        }
        while let Some(submit) = self.waiting.pop() {
            drop(submit.reply.send(Err(refusal(error.clone()))));
        }
    }
}

impl Handler<Stored> for RouterActor {
    type Result = ();

    fn handle(&mut self, _: Stored, ctx: &mut Self::Context) {
        let backlog = &mut self.backlog;
        backlog.storing = backlog.storing.saturating_sub(1);
        if backlog.phase == StartPhase::HandingOver && !backlog.running {
            self.start_pass(ctx);
        }
    }
}

/// Waits for all; the first failure ends it.
async fn all(replies: Vec<Reply<()>>) -> Result<(), OutboxError> {
    for reply in replies {
        reply.await?;
    }
    Ok(())
}
