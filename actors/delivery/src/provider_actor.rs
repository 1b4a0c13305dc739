//! The actor of one Provider: owns its client and its rate state, and pulls its queue.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, SpawnHandle,
    WrapFuture,
};
use campanile_domain::ObjectKey;
use campanile_outbox::{Lease, OutboxError, Settlement};
use campanile_protocol::{Announce, DeliveryOutcome, DeliveryResult, ProviderState, Report, log_event};
use campanile_providers::Endpoint;
use campanile_supervision::{LifeGuard, Link, Retirement, failpoint, failpoint_stall};
use futures_util::FutureExt;
use jiff::Timestamp;

use crate::dispatcher::{Hold, Unanswered};
use crate::drive::Driven;
use crate::memo::Memo;
use crate::pace::{Gate, Pace, Turn};
use crate::reports::Reports;
use crate::tally::Tally;
use crate::task::{Finished, Panics, Route, Shared, start};
use crate::{Clients, ProviderClient};

/// There may be work.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Wake;

/// The Provider or one of its Secrets changed: use this from now on and try again at once.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Reconfigure {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) generation: i64,
    /// The pause of that destination.
    pub(crate) hold: Hold,
}

/// Take nothing more. Exchanges under way settle themselves.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Stop;

/// To the dispatcher: this Provider had no work for a while.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Idle(pub(crate) ObjectKey);

/// What a provider actor is built from.
pub(crate) struct ProviderParts {
    pub(crate) key: ObjectKey,
    pub(crate) generation: i64,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) clients: Arc<dyn Clients>,
    pub(crate) client: ProviderClient,
    pub(crate) memo: Rc<Memo>,
    /// The destination's pause, which outlives the actor.
    pub(crate) hold: Hold,
    pub(crate) shared: Shared,
    pub(crate) reports: Link<Report>,
    pub(crate) announces: Link<Announce>,
    pub(crate) idle: Recipient<Idle>,
    /// Cleared with each [`Wake`] that is taken.
    pub(crate) unanswered: Unanswered,
    /// Whether the dispatcher was replaced: its provider actors end with it.
    pub(crate) parent: Retirement,
    pub(crate) guard: LifeGuard<ObjectKey>,
}

/// The provider actor.
pub(crate) struct ProviderActor {
    key: ObjectKey,
    generation: i64,
    endpoint: Arc<Endpoint>,
    clients: Arc<dyn Clients>,
    client: ProviderClient,
    shared: Shared,
    reports: Reports,
    idle: Recipient<Idle>,
    memo: Rc<Memo>,
    hold: Hold,
    pace: Pace,
    tally: Arc<Tally>,
    panics: Panics,
    /// Made of the above for the exchanges that start.
    route: Option<Rc<Route>>,
    in_flight: usize,
    /// A take is under way.
    taking: bool,
    /// Work was announced while a take was under way.
    again: bool,
    timer: Option<(Timestamp, SpawnHandle)>,
    last_work: Timestamp,
    unanswered: Unanswered,
    parent: Retirement,
    guard: LifeGuard<ObjectKey>,
}

impl ProviderActor {
    pub(crate) fn new(parts: ProviderParts) -> Self {
        let tally = parts.shared.counters.tallies.of(&parts.key, parts.endpoint.kind);
        Self {
            tally,
            last_work: parts.shared.clock.now(),
            pace: Pace::new(parts.endpoint.kind.rate(), parts.hold.get()),
            hold: parts.hold,
            key: parts.key,
            generation: parts.generation,
            endpoint: parts.endpoint,
            clients: parts.clients,
            client: parts.client,
            shared: parts.shared,
            reports: Reports::new(parts.reports, parts.announces),
            idle: parts.idle,
            memo: parts.memo,
            panics: Panics::default(),
            route: None,
            in_flight: 0,
            taking: false,
            again: false,
            timer: None,
            unanswered: parts.unanswered,
            parent: parts.parent,
            guard: parts.guard,
        }
    }

    /// Takes as many deliveries as there is room for. Called whenever something may have changed.
    fn pull(&mut self, ctx: &mut Context<Self>) {
        if self.is_retired() {
            return ctx.stop();
        }
        failpoint("provider", &self.key.name);
        if self.taking {
            self.again = true;
            return;
        }
        let now = self.shared.clock.now();
        let room = match self.pace.gate(&self.shared.config, self.in_flight, now) {
            Gate::Open(room) => room,
            Gate::ClosedUntil(until) => return self.look_again_at(until, ctx),
        };
        if room == 0 {
            return;
        }
        if self.pace.probing() {
            self.shared.outbox.wake(&self.key);
        }
        self.taking = true;
        let mut take = self.shared.outbox.take(&self.key, room, now);
        match (&mut take).now_or_never() {
            Some(taken) => self.taken(taken, room, ctx),
            None => {
                let taken = take.into_actor(self).map(move |taken, actor, ctx| actor.taken(taken, room, ctx));
                ctx.spawn(taken);
            }
        }
    }

    fn taken(&mut self, taken: Result<Vec<Lease>, OutboxError>, room: usize, ctx: &mut Context<Self>) {
        self.taking = false;
        let leases = match taken {
            Ok(leases) => leases,
            Err(error) => {
                tracing::error!(provider = %self.key, %error, "failed to take deliveries");
                let later = self.shared.clock.now() + Duration::from_secs(1);
                return self.look_again_at(later, ctx);
            }
        };
        let full = leases.len() == room;
        let more = self.start_all(leases, ctx);
        if std::mem::take(&mut self.again) || more {
            self.pull(ctx);
        } else if let Some(next) = self.pace.next_of_backlog(self.shared.clock.now()).filter(|_| full) {
            self.look_again_at(next, ctx);
        } else if !full && let Some(due) = self.shared.outbox.next_due(&self.key) {
            self.look_again_at(due, ctx);
        }
    }

    /// Starts an exchange for each lease. True if a backlog has come to its end with them.
    fn start_all(&mut self, leases: Vec<Lease>, ctx: &Context<Self>) -> bool {
        let now = self.shared.clock.now();
        let oldest = leases.first().map_or(now, |lease| lease.delivery.accepted_at);
        let more = self.pace.started(&self.shared.config, leases.len(), oldest, now);
        let route = self.route(ctx);
        for lease in leases {
            self.in_flight += 1;
            start(lease, route.clone());
        }
        more
    }

    /// Whether another actor has this one's work.
    fn is_retired(&self) -> bool {
        self.guard.is_retired() || self.parent.is_due()
    }

    /// Where exchanges go, until the Provider changes.
    fn route(&mut self, ctx: &Context<Self>) -> Rc<Route> {
        let route = || Route {
            endpoint: self.endpoint.clone(),
            client: self.client.clone(),
            memo: self.memo.clone(),
            panics: self.panics.clone(),
            owner: ctx.address().recipient(),
            tally: self.tally.clone(),
            shared: self.shared.clone(),
        };
        self.route.get_or_insert_with(|| Rc::new(route())).clone()
    }

    /// Pulls again at `due`, or earlier if an earlier time was asked for already.
    fn look_again_at(&mut self, due: Timestamp, ctx: &mut Context<Self>) {
        match self.timer {
            Some((earlier, _)) if earlier <= due => return,
            Some((_, handle)) => {
                ctx.cancel_future(handle);
            }
            None => {}
        }
        let pause = Duration::try_from(due.duration_since(self.shared.clock.now())).unwrap_or_default();
        let handle = ctx.run_later(pause, |actor, ctx| {
            actor.timer = None;
            actor.pull(ctx);
        });
        self.timer = Some((due, handle));
    }

    /// Takes note of what came of an exchange, for the whole provider.
    fn note(&mut self, driven: &Driven) {
        let now = self.shared.clock.now();
        let held = self.pace.is_held(now);
        let turn = self.pace.note(&self.shared.config, driven, now, fastrand::f64());
        self.hold.set(self.pace.held_until());
        if !held && self.pace.is_held(now) {
            tracing::info!(provider = %self.key, "the destination asked for a pause, its queue waits");
        }
        self.turn(turn);
    }

    fn turn(&self, turn: Turn) {
        match turn {
            Turn::None => {}
            Turn::Recovered => {
                tracing::info!(provider = %self.key, "provider delivers again");
                self.shared.outbox.wake(&self.key);
                self.report_state();
            }
            Turn::Stopped(failure) => {
                let class = failure.class.label();
                tracing::error!(provider = %self.key, class, error = %failure, "provider does not deliver");
                self.report_state();
            }
        }
    }

    fn report_state(&self) {
        self.reports.provider(ProviderState {
            provider: self.key.clone(),
            generation: self.generation,
            ready: Ok(()),
            delivering: self.pace.stopped().map_or(Ok(()), |failure| Err(failure.clone())),
        });
    }

    fn report(&mut self, finished: Finished, ctx: &mut Context<Self>) {
        let result = match finished.settlement {
            Settlement::Done => DeliveryResult::Delivered,
            Settlement::RetryAt(_, failure) | Settlement::Parked(_, failure) => {
                DeliveryResult::Delayed(failure)
            }
            Settlement::Dead(failure) => DeliveryResult::Dead(failure),
            Settlement::Release => return,
        };
        log(&self.key, &finished.delivery, &result);
        self.reports.announce(&finished.delivery, &result);
        let outcome = DeliveryOutcome {
            provider: self.key.clone(),
            alert: finished.delivery.plan.alert,
            at: self.shared.clock.now(),
            result,
        };
        if self.reports.note(outcome) {
            ctx.run_later(self.shared.config.report, |actor, _| actor.reports.flush());
        }
    }

    fn watch_idleness(&self, ctx: &mut Context<Self>) {
        ctx.run_interval(self.shared.config.idle, |actor, ctx| {
            if actor.is_retired() {
                return ctx.stop();
            }
            let quiet = actor.shared.clock.now().duration_since(actor.last_work);
            let long = Duration::try_from(quiet).is_ok_and(|quiet| quiet >= actor.shared.config.idle);
            if long
                && actor.in_flight == 0
                && !actor.taking
                && !actor.pace.is_held(actor.shared.clock.now())
                && actor.shared.outbox.next_due(&actor.key).is_none()
            {
                actor.idle.do_send(Idle(actor.key.clone()));
            }
        });
    }
}

/// One line for each setback, at the level it deserves; a delivery that arrived is told at debug level.
fn log(provider: &ObjectKey, delivery: &campanile_domain::Delivery, result: &DeliveryResult) {
    let (id, object) = (delivery.id.0, &delivery.event.involved_object);
    let alert = &delivery.plan.alert.key;
    let (name, namespace, provider) = (&*alert.name, &*alert.namespace, &*provider.name);
    match result {
        DeliveryResult::Delivered => {
            log_event!(
                DEBUG,
                object,
                alert.name = name,
                alert.namespace = namespace,
                alert.providerName = provider,
                delivery = id,
                "delivered"
            );
        }
        DeliveryResult::Delayed(failure) => {
            let (class, attempts) = (failure.class.label(), delivery.attempts + 1);
            log_event!(WARN, object, alert.name = name, alert.namespace = namespace, alert.providerName = provider, delivery = id, class, attempts, error = %failure, "failed to send notification, will retry");
        }
        DeliveryResult::Dead(failure) => {
            let class = failure.class.label();
            log_event!(ERROR, object, alert.name = name, alert.namespace = namespace, alert.providerName = provider, delivery = id, class, error = %failure, "failed to send notification, gave up");
        }
    }
}

impl Actor for ProviderActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Wake-ups and the ends of at most `in_flight` tasks; both are hints that may queue up without harm.
        ctx.set_mailbox_capacity(self.shared.config.in_flight * 4);
        self.watch_idleness(ctx);
        self.report_state();
        self.pull(ctx);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.reports.flush();
    }
}

impl Handler<Wake> for ProviderActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.unanswered.set(None);
        failpoint_stall(self, ctx, "provider", &self.key.name);
        self.pull(ctx);
    }
}

impl Handler<Finished> for ProviderActor {
    type Result = ();

    fn handle(&mut self, finished: Finished, ctx: &mut Self::Context) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.last_work = self.shared.clock.now();
        if let Some(driven) = &finished.driven {
            self.note(driven);
        }
        self.report(finished, ctx);
        self.pull(ctx);
    }
}

impl Handler<Reconfigure> for ProviderActor {
    type Result = ();

    fn handle(&mut self, new: Reconfigure, ctx: &mut Self::Context) {
        self.generation = new.generation;
        self.route = None;
        self.tally = self.shared.counters.tallies.of(&self.key, new.endpoint.kind);
        self.pace = Pace::new(new.endpoint.kind.rate(), new.hold.get());
        self.hold = new.hold;
        match self.clients.client(&new.endpoint.connection) {
            Ok(client) => (self.endpoint, self.client) = (new.endpoint, client),
            // The dispatcher checked the connection, so this is the machine's fault (no trust store, no sockets).
            Err(failure) => {
                let now = self.shared.clock.now();
                let turn = self.pace.park(&self.shared.config, &failure, now);
                return self.turn(turn);
            }
        }
        self.report_state();
        self.shared.outbox.wake(&self.key);
        self.pull(ctx);
    }
}

impl Handler<Stop> for ProviderActor {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
