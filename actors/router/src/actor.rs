//! The router actor: keeps the index, plans what intake submits, and answers once it is on disk.
//!
//! It owns the index and no event: what is accepted lies in the outbox. A reply is dropped unanswered only if the actor
//! dies, and then the sender posts again.

mod announcing;
mod backlog;
mod elsewhere;
mod event_log;
mod few;
mod snapshot;
mod suspects;
#[cfg(test)]
mod tests;
mod under_way;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, MessageResult};
use campanile_domain::Event;
use campanile_outbox::{Acceptance, Append, EventId, OutboxError, Planned};
use campanile_protocol::{
    Announce, Change, Changes, LabelLookup, Resync, Submit, SubmitError, SubmitReply, Unusable,
};
use campanile_supervision::{GetSnapshot, LifeGuard, Link, SharedClock, failpoint, failpoint_stall};
use jiff::Timestamp;
use tracing::field::{Empty, display};
use tracing::{Span, debug_span};

use crate::plan::{Answers, Incoming, Matching, RoutingPolicy, plan_with};
use crate::{Index, Plan};
use announcing::Announcing;
use backlog::{StartPhase, Stored, UnplannedBacklog};
use elsewhere::Elsewhere;
use snapshot::RouterCounts;
pub use snapshot::{EventCounts, RouterPhase, RouterSnapshot};
pub use suspects::Suspects;
use under_way::UnderWay;
use waiting::{TakeTurns, Waiting};

/// Submits that may wait in the mailbox: about as many as can be planned before the first sender gives up. Beyond it
/// intake is told at once that the router is full.
const MAILBOX: usize = 8192;
/// Pause between looks at what a lost message or a failed disk may have left undone.
const TICK: Duration = Duration::from_secs(5);

/// The settings of the router that an operator decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouterConfig {
    /// The gates and deadlines of deliveries.
    pub rules: RoutingPolicy,
}

/// The parts that a router is made of.
pub struct RouterParts {
    /// Where events and deliveries are stored.
    pub outbox: Arc<dyn Acceptance>,
    /// The labels of the objects that events are about.
    pub labels: Arc<dyn LabelLookup>,
    /// The settings of the operator.
    pub config: RouterConfig,
    /// The clock, by which deadlines are set.
    pub clock: SharedClock,
    /// Who sends all Alerts and Providers when asked.
    pub watcher: Link<Resync>,
    /// Who tells the owners of Alerts.
    pub announces: Link<Announce>,
    /// What earlier routers panicked on, or did not come to an end with.
    pub suspects: Suspects,
    /// Tells the supervisor of the actor's end.
    pub guard: LifeGuard<&'static str>,
}

impl fmt::Debug for RouterParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterParts").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The actor that owns the index and plans events.
#[derive(Debug)]
pub struct RouterActor {
    parts: RouterParts,
    index: Index,
    /// When the last initial batch came.
    loaded_at: Option<Timestamp>,
    waiting: Waiting,
    under_way: UnderWay,
    backlog: UnplannedBacklog,
    announcing: Announcing,
    elsewhere: Elsewhere,
    counters: RouterCounts,
}

impl RouterActor {
    /// A router that knows no Alerts yet.
    pub fn new(parts: RouterParts) -> Self {
        Self {
            parts,
            index: Index::new(),
            loaded_at: None,
            waiting: Waiting::default(),
            under_way: UnderWay::default(),
            backlog: UnplannedBacklog::default(),
            announcing: Announcing::default(),
            elsewhere: Elsewhere::default(),
            counters: RouterCounts::default(),
        }
    }

    /// Plans an event inside `span`, which takes the number of deliveries, as far as that is cheap.
    fn plan(
        &mut self,
        event: &Arc<Event>,
        accepted_at: Timestamp,
        span: &Span,
        ctx: &mut Context<Self>,
    ) -> Plan {
        let _entered = span.enter();
        let _watch = self.parts.suspects.watch(event);
        let incoming = Incoming { event, accepted_at };
        failpoint("router", &incoming.event.involved_object.name);
        let behind = self.elsewhere.behind(&incoming.event.involved_object);
        let answers = Answers::default();
        let matching = Matching::shared(&answers, &behind);
        let plan = plan_with(incoming, &self.index, &*self.parts.labels, &self.parts.config.rules, &matching);
        self.counters.record(&plan);
        event_log::log(incoming.event, &plan);
        self.announce(incoming.event, &plan, ctx);
        span.record("deliveries", plan.deliveries.len());
        plan
    }

    /// Whether an event is set aside, which is said and counted.
    fn is_poison(&mut self, event: &Event) -> bool {
        let poison = self.parts.suspects.is_poison(event);
        if poison {
            self.counters.set_aside();
            event_log::log_poison(event);
        }
        poison
    }

    /// Plans an event and stores its deliveries, or stores it for later. Returns how many Alerts were looked at.
    fn take_in(&mut self, submit: Submit, ctx: &mut Context<Self>) -> usize {
        failpoint_stall(self, ctx, "router", &submit.event.involved_object.name);
        // Who has given up posts again: planning it too would notify twice.
        if submit.reply.is_closed() {
            return 0;
        }
        if self.is_poison(&submit.event) {
            drop(submit.reply.send(Err(SubmitError::Poison)));
            return 0;
        }
        if self.backlog.phase() == StartPhase::Open {
            return self.route(submit, ctx);
        }
        self.store_for_later(submit, ctx);
        0
    }

    fn route(&mut self, submit: Submit, ctx: &mut Context<Self>) -> usize {
        let span = plan_span(&submit.span, &submit.event, None);
        let plan = self.plan(&submit.event, submit.accepted_at, &span, ctx);
        let alerts = plan.alerts();
        if plan.not_yet {
            self.store_for_later(submit, ctx);
            return alerts;
        }
        if !plan.elsewhere.is_empty() {
            self.route_later(submit, plan, &span, ctx);
            return alerts;
        }
        if plan.deliveries.is_empty() {
            answer(submit.reply, Ok(()));
            return alerts;
        }
        let Submit { event, accepted_at, reply, .. } = submit;
        let passage = self.under_way.enter(plan.deliveries.len());
        let entry = Append::new(event, accepted_at, Planned::Deliveries(plan.deliveries), &span);
        let append = entry.span.clone();
        let stored = Box::new(move |result| {
            drop(passage);
            append.in_scope(|| answer(reply, result));
        });
        self.parts.outbox.append(entry, stored);
        alerts
    }

    /// Stores an event without deliveries; [`UnplannedBacklog`] sees to it that it is planned.
    fn store_for_later(&mut self, submit: Submit, ctx: &Context<Self>) {
        let Submit { event, accepted_at, reply, span, .. } = submit;
        self.backlog.storing();
        let (router, passage) = (ctx.address(), self.under_way.enter(0));
        let entry = Append::new(event, accepted_at, Planned::Later, &span);
        let append = entry.span.clone();
        let stored = Box::new(move |result| {
            drop(passage);
            router.do_send(Stored);
            append.in_scope(|| answer(reply, result));
        });
        self.parts.outbox.append(entry, stored);
    }

    fn apply(&mut self, changes: &Changes) {
        for change in &changes.alerts {
            if self.index.apply(change)
                && let Change::Applied(alert) = change
            {
                event_log::log_deprecation(alert);
            }
        }
        for change in &changes.providers {
            self.index.apply_provider(change);
        }
    }

    fn replace(&mut self, changes: &Changes) {
        self.index.replace(&changes.alerts, &changes.providers);
        self.loaded_at = Some(self.parts.clock.now());
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        if self.parts.guard.is_retired() {
            return ctx.stop();
        }
        if self.backlog.phase() == StartPhase::Loading {
            return self.parts.watcher.hint(Resync);
        }
        let unplanned = self.parts.outbox.unplanned_count();
        if self.backlog.is_due(unplanned) {
            self.start_pass(ctx);
        }
    }
}

/// The span of the planning of one event: below that of its acceptance, or of its own if the event was `stored` before.
fn plan_span(accept: &Span, event: &Event, stored: Option<EventId>) -> Span {
    let (object, id) = (&event.involved_object, stored.map(display));
    debug_span!(parent: accept, "plan", object = object.path(), event = id, deliveries = Empty)
}

/// Passes the outbox's answer on. An asker that has given up is no fault.
fn answer(reply: SubmitReply, result: Result<(), OutboxError>) {
    drop(reply.send(result.map_err(refusal)));
}

fn refusal(error: OutboxError) -> SubmitError {
    match error {
        OutboxError::Full(_) => SubmitError::Full,
        OutboxError::Store(cause) => SubmitError::Store(cause),
        OutboxError::Closed | OutboxError::Damaged => SubmitError::Unavailable,
    }
}

impl Actor for RouterActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.parts.watcher.hint(Resync);
        ctx.run_interval(TICK, Self::tick);
        ctx.spawn(TakeTurns);
    }
}

impl Handler<Submit> for RouterActor {
    type Result = ();

    fn handle(&mut self, submit: Submit, _: &mut Self::Context) {
        if let Some(refused) = self.waiting.push(submit) {
            drop(refused.reply.send(Err(SubmitError::Unavailable)));
        }
    }
}

impl Handler<Changes> for RouterActor {
    type Result = ();

    fn handle(&mut self, changes: Changes, ctx: &mut Self::Context) {
        if changes.initial {
            self.replace(&changes);
        } else {
            self.apply(&changes);
        }
        if self.backlog.is_affected_by(&changes) {
            self.start_pass(ctx);
        }
    }
}

impl Handler<Unusable> for RouterActor {
    type Result = ();

    fn handle(&mut self, unusable: Unusable, _: &mut Self::Context) {
        self.announcing.unusable(unusable);
    }
}

impl Handler<GetSnapshot<RouterSnapshot>> for RouterActor {
    type Result = MessageResult<GetSnapshot<RouterSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<RouterSnapshot>, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.snapshot())
    }
}
