//! The actor of one Provider: owns its client, its rate state and its commit-status memo, and pulls its queue.
//!
//! It shares no state with its dispatcher, so it may live in any arbiter: what outlives it ([`ProviderHandover`]) travels to it when it
//! is built and comes back in its last message, also when it panics. It takes at most
//! [`DeliveryConfig::in_flight`](crate::DeliveryConfig::in_flight) leases, and its exchanges settle them whatever becomes of
//! the actor.

mod parts;
mod snapshot;
mod telling;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};
use campanile_domain::ObjectKey;
use campanile_outbox::{Lease, OutboxError, Settlement};
use campanile_supervision::{End, Retirement, failpoint, failpoint_stall};
use futures_util::FutureExt;
use jiff::Timestamp;

use crate::Clients;
use crate::drive::Conclusion;
use crate::kept::{Panics, Pause, ProviderHandover, StandingFailure};
use crate::memo::Memo;
use crate::pace::{Gate, Pace};
use crate::refusals::Refusals;
use crate::reports::Reports;
use crate::task::{ExchangeContext, ExchangeEnd, ExchangeRoute, Finished, start};
pub(crate) use parts::{ActorEnded, Configuration, EndPause, Idle, Parent, ProviderParts, Stop, Wake, Wakes};
pub use snapshot::ProviderSnapshot;

/// The actor that delivers to one Provider.
pub(crate) struct ProviderActor {
    key: ObjectKey,
    build: u64,
    configuration: Configuration,
    clients: Arc<dyn Clients>,
    shared: ExchangeContext,
    reports: Reports,
    memo: Rc<Memo>,
    pace: Pace,
    refusals: Rc<RefCell<Refusals>>,
    panics: Panics,
    /// Made of the above when the first exchange starts; the client in it belongs to this arbiter.
    route: Option<Rc<ExchangeRoute>>,
    in_flight: usize,
    /// A take is under way.
    taking: bool,
    /// Work was announced while a take was under way.
    again: bool,
    timer: Option<(Timestamp, SpawnHandle)>,
    last_work: Timestamp,
    wakes: Wakes,
    retirement: Retirement,
    parent: Parent,
}

impl ProviderActor {
    /// To be called in the arbiter in which the actor is to live.
    pub(crate) fn new(parts: ProviderParts) -> Self {
        let ProviderParts { key, configuration, mut kept, shared, .. } = parts;
        let held_until = kept.held_until(configuration.destination);
        let (stopped, refusals) = kept.trouble_with(configuration.destination);
        Self {
            memo: Rc::new(
                Memo::new(key.clone(), shared.outbox.clone(), kept.memo).with_sharing(kept.sharing),
            ),
            pace: Pace::new(configuration.endpoint.kind.rate(), held_until, stopped),
            refusals: Rc::new(RefCell::new(refusals)),
            panics: kept.panics,
            last_work: shared.clock.now(),
            reports: Reports::new(parts.reports, parts.announces),
            key,
            build: parts.build,
            configuration,
            clients: parts.clients,
            shared,
            route: None,
            in_flight: 0,
            taking: false,
            again: false,
            timer: None,
            wakes: parts.wakes,
            retirement: parts.retirement,
            parent: parts.parent,
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
        let room = match self.gate(now) {
            Gate::Open(room) => room,
            Gate::ClosedUntil(until) => {
                self.wakes.sleep(Some(until));
                return self.look_again_at(until, ctx);
            }
        };
        self.wakes.sleep(None);
        if room == 0 {
            return;
        }
        self.taking = true;
        let mut take = self.shared.outbox.take(&self.key, room, self.due_by(now));
        match (&mut take).now_or_never() {
            Some(taken) => self.taken(taken, room, ctx),
            None => {
                let taken = take.into_actor(self).map(move |taken, actor, ctx| actor.taken(taken, room, ctx));
                ctx.spawn(taken);
            }
        }
    }

    /// Whether exchanges may start. A probe waits for its turn among those of all Providers.
    fn gate(&mut self, now: Timestamp) -> Gate {
        let ExchangeContext { config, probes, .. } = &self.shared;
        let gate = self.pace.gate(config, self.in_flight, now);
        let may_probe = self.pace.needs_turn() && matches!(gate, Gate::Open(1..));
        if !may_probe || self.shared.outbox.next_due(&self.key).is_none() {
            return gate;
        }
        self.pace.take_turn(probes.turn(&config.probe, now));
        self.pace.gate(config, self.in_flight, now)
    }

    /// What is due by then may start at `now`. A probe needs one, so where none is due it takes that which waits for the shortest
    /// time. As each has its own pauses, one that is refused whatever happens keeps no other from going out.
    fn due_by(&self, now: Timestamp) -> Timestamp {
        let waits = self.pace.probing().then(|| self.shared.outbox.next_due(&self.key)).flatten();
        waits.map_or(now, |due| due.max(now))
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
        // The next probe does not wait for the end of this one.
        let probing = full && self.pace.probing();
        if std::mem::take(&mut self.again) || more || probing {
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
        let Some(route) = self.route(ctx) else {
            for lease in leases {
                self.shared.outbox.settle(lease.delivery.id, Settlement::Release, now);
            }
            return false;
        };
        let oldest = leases.first().map_or(now, |lease| lease.delivery.accepted_at);
        let more = self.pace.started(&self.shared.config, leases.len(), oldest, now);
        for lease in leases {
            self.in_flight += 1;
            let panicked = self.panics.of(lease.delivery.id);
            start(lease, panicked, route.clone());
        }
        more
    }

    /// The way of exchanges, until the Provider changes. None, and the Provider is parked, where no client can be made: the
    /// dispatcher checked the connection, so that is the machine's fault (no trust store, no sockets).
    fn route(&mut self, ctx: &Context<Self>) -> Option<Rc<ExchangeRoute>> {
        if self.route.is_none() {
            let Configuration { endpoint, tally, .. } = &self.configuration;
            let client = match self.clients.client(&self.key, endpoint) {
                Ok(client) => client,
                Err(failure) => {
                    let turn = self.pace.park(&self.shared.config, &failure, self.shared.clock.now());
                    self.turn(turn);
                    return None;
                }
            };
            self.route = Some(Rc::new(ExchangeRoute {
                endpoint: endpoint.clone(),
                client,
                memo: self.memo.clone(),
                refusals: self.refusals.clone(),
                owner: ctx.address().recipient(),
                tally: tally.clone(),
                shared: self.shared.clone(),
            }));
        }
        self.route.clone()
    }

    /// Whether another actor has this one's work.
    fn is_retired(&self) -> bool {
        self.retirement.is_due() || self.parent.retirement.is_due()
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

    /// Takes note of the end of an exchange, for the whole provider.
    fn note(&mut self, concluded: &Conclusion) {
        let now = self.shared.clock.now();
        let held = self.pace.is_held(now);
        let turn = self.pace.note(&self.shared.config, concluded, now);
        if !held && self.pace.is_held(now) {
            tracing::info!(provider = %self.key, "the destination asked for a pause, its queue waits");
        }
        self.turn(turn);
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
                && actor.shared.outbox.next_due(&actor.key).is_none()
            {
                let (key, build) = (actor.key.clone(), actor.build);
                actor.parent.idle.do_send(Idle { key, build });
            }
        });
    }

    /// What the next actor of the Provider goes on with.
    fn kept(&mut self) -> ProviderHandover {
        let destination = self.configuration.destination;
        let pause = self.pace.held_until().map(|until| Pause { destination, until });
        let trouble = StandingFailure {
            destination,
            stopped: self.pace.stopped().cloned(),
            refusals: self.refusals.take(),
        };
        ProviderHandover {
            pause,
            trouble: Some(trouble),
            panics: std::mem::take(&mut self.panics),
            sharing: self.memo.sharing().take(),
            memo: self.memo.hand_over(),
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
}

impl Drop for ProviderActor {
    fn drop(&mut self) {
        let end = if std::thread::panicking() { End::Panicked } else { End::Stopped };
        self.reports.flush();
        let (key, build, kept) = (self.key.clone(), self.build, self.kept());
        self.parent.ended.do_send(ActorEnded { key, build, end, kept });
    }
}

impl Handler<Wake> for ProviderActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.wakes.taken();
        failpoint_stall(self, ctx, "provider", &self.key.name);
        self.pull(ctx);
    }
}

impl Handler<Finished> for ProviderActor {
    type Result = ();

    fn handle(&mut self, finished: Finished, ctx: &mut Self::Context) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.last_work = self.shared.clock.now();
        match (&finished.exchange, &finished.settlement) {
            (ExchangeEnd::Concluded(concluded), _) => {
                self.panics.forget(finished.delivery.id);
                self.note(concluded);
            }
            (ExchangeEnd::Panicked(_), Settlement::Dead(_)) => self.panics.forget(finished.delivery.id),
            (ExchangeEnd::Panicked(times), _) => self.panics.note(finished.delivery.id, *times),
            (ExchangeEnd::Dropped, _) => {}
        }
        self.report(finished, ctx);
        self.report_sharing();
        self.pull(ctx);
    }
}

impl Handler<Configuration> for ProviderActor {
    type Result = ();

    /// The Provider or one of its Secrets changed: it is tried again at once. Exchanges under way keep the old settings.
    fn handle(&mut self, new: Configuration, ctx: &mut Self::Context) {
        // Another destination has asked for no pause.
        let same = new.destination == self.configuration.destination;
        let held_until = self.pace.held_until().filter(|_| same);
        self.pace = Pace::new(new.endpoint.kind.rate(), held_until, None);
        self.refusals = Rc::default();
        self.configuration = new;
        // Its expression may tell apart what was the same before.
        self.memo.sharing().take();
        self.route = None;
        self.report_state();
        self.shared.outbox.wake(&self.key);
        self.pull(ctx);
    }
}

impl Handler<EndPause> for ProviderActor {
    type Result = ();

    fn handle(&mut self, _: EndPause, ctx: &mut Self::Context) {
        self.pace.end_hold();
        self.pull(ctx);
    }
}

impl Handler<Stop> for ProviderActor {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
