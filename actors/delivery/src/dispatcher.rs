//! The parent of the provider actors: knows every Provider, resolves it, and keeps an actor for each that has work.
//!
//! It owns the table of Providers with what outlives their actors, and shares nothing with these but counters. When it is
//! built anew, the actors of the one before end, and what they held is read from the outbox.

mod backlog;
mod child;
mod children;
mod destination;
mod losses;
mod retry_now;
mod slots;
mod snapshots;
mod test_notification;
mod threads;
mod waking;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, ArbiterHandle, AsyncContext, Context, Handler, Message,
    ResponseFuture, WrapFuture,
};
use campanile_domain::{Environment, Failure, FailureClass, Installation, ObjectKey, ProviderSpec};
use campanile_outbox::{Outbox, WorkListener};
use campanile_protocol::{
    Announce, Change, Changes, ProviderState, ReadSecrets, Report, Resync, Secrets, Unusable,
};
use campanile_supervision::{EndCounts, LifeGuard, Link, SharedClock};

use jiff::Timestamp;

use crate::counters::Counters;
use crate::resolve::lookup_in;
use crate::tally::Tallies;
use crate::task::ExchangeContext;
use crate::{Clients, DeliveryConfig, resolve_provider};
use backlog::Counting;
use losses::Losses;
pub use retry_now::{RetryError, RetryNow};
use slots::{Resolution, Slots};
pub use test_notification::{DestinationAnswer, SendTest, TestError, Tested};
use threads::Threads;
use waking::Waking;

/// The parts that the dispatcher is built from.
pub struct DispatcherParts {
    /// The outbox, from which deliveries come.
    pub outbox: Arc<dyn Outbox>,
    /// Makes the clients of provider actors.
    pub clients: Arc<dyn Clients>,
    /// What the environment decides for some types.
    pub environment: Arc<Environment>,
    /// The installation that forwards events.
    pub installation: Installation,
    /// The bounds and times of deliveries.
    pub config: DeliveryConfig,
    /// The clock, which tests set themselves.
    pub clock: SharedClock,
    /// To ask the watcher for the objects.
    pub resync: Link<Resync>,
    /// To ask the watcher for Secrets.
    pub secrets: Link<ReadSecrets>,
    /// To tell the watcher how things stand.
    pub reports: Link<Report>,
    /// To tell the watcher what the owners of objects have to see.
    pub announces: Link<Announce>,
    /// To tell the router which Providers notifications wait for.
    pub unusable: Link<Unusable>,
    /// Threads for provider actors beside the dispatcher's own; they outlive the dispatcher.
    pub threads: Vec<ArbiterHandle>,
    /// Tells the supervisor when this actor ends.
    pub guard: LifeGuard<&'static str>,
}

/// Hint from the outbox: these Providers may have work.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct WorkReady(pub Vec<ObjectKey>);

/// Stop taking deliveries; answered when no exchange is under way any more, or after this time. What is still under
/// way then is sent again after the restart.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Drain(pub Duration);

/// A listener for the outbox that passes hints on to the dispatcher behind `link`.
pub fn wake_up(link: Link<WorkReady>) -> Arc<dyn WorkListener> {
    struct WakeUp(Link<WorkReady>);
    impl WorkListener for WakeUp {
        fn work_ready(&self, providers: &[ObjectKey]) {
            self.0.hint(WorkReady(providers.to_vec()));
        }
    }
    Arc::new(WakeUp(link))
}

/// The dispatcher: the parent of all provider actors.
pub struct Dispatcher {
    shared: ExchangeContext,
    clients: Arc<dyn Clients>,
    environment: Arc<Environment>,
    resync: Link<Resync>,
    secrets: Link<ReadSecrets>,
    reports: Link<Report>,
    announces: Link<Announce>,
    unusable: Link<Unusable>,
    slots: Slots,
    /// Providers that are gone, with waiting deliveries, since when. Bounded by the providers that the outbox knows.
    gone: HashMap<ObjectKey, Timestamp>,
    /// Whether the Providers are known. Before that nobody can say that a Provider was deleted.
    synced: bool,
    draining: bool,
    restarts: u64,
    /// Counts builds of provider actors.
    builds: u64,
    ends: EndCounts,
    threads: Threads,
    tallies: Tallies,
    counting: Counting,
    expired: Losses,
    overflowed: Losses,
    waking: Waking,
    guard: LifeGuard<&'static str>,
}

impl Dispatcher {
    /// A dispatcher that knows no Provider yet.
    pub fn new(parts: DispatcherParts) -> Self {
        Self {
            shared: ExchangeContext {
                installation: parts.installation,
                outbox: parts.outbox,
                clock: parts.clock,
                config: parts.config,
                counters: Arc::<Counters>::default(),
                probes: Arc::default(),
            },
            clients: parts.clients,
            environment: parts.environment,
            resync: parts.resync,
            secrets: parts.secrets,
            reports: parts.reports,
            announces: parts.announces,
            unusable: parts.unusable,
            slots: Slots::default(),
            gone: HashMap::new(),
            synced: false,
            draining: false,
            restarts: 0,
            builds: 0,
            ends: EndCounts::default(),
            threads: Threads::new(parts.threads),
            tallies: Tallies::default(),
            counting: Counting::default(),
            expired: Losses::default(),
            overflowed: Losses::default(),
            waking: Waking::default(),
            guard: parts.guard,
        }
    }

    /// Notes that a Provider is gone, and gives its deliveries up once it has been for long enough.
    fn provider_is_gone(&mut self, key: &ObjectKey) {
        let now = self.shared.clock.now();
        let since = *self.gone.entry(key.clone()).or_insert(now);
        if now >= since + self.shared.config.deletion_grace {
            self.gone.remove(key);
            self.give_up_deliveries(key);
        }
    }

    /// Everything that waits for a Provider that is gone becomes a dead letter.
    fn give_up_deliveries(&self, key: &ObjectKey) {
        let failure = Failure::new(FailureClass::ProviderDeleted, format!("provider '{key}' was deleted"));
        let given_up = self.shared.outbox.dead_letter_all(key, &failure, self.shared.clock.now());
        if given_up > 0 {
            tracing::error!(provider = %key, deliveries = given_up, "provider was deleted, its waiting deliveries are dead letters");
        }
    }

    fn apply(&mut self, change: Change<ProviderSpec>) -> Option<ObjectKey> {
        match change {
            Change::Applied(spec) => {
                self.gone.remove(&spec.key);
                Some(self.slots.apply(spec))
            }
            Change::Deleted(key) => {
                self.tallies.forget(&key);
                self.slots.remove(&key);
                self.provider_is_gone(&key);
                None
            }
        }
    }

    /// Resolves Providers anew. Their Secrets are asked for in groups, so that a slow read holds up few.
    fn resolve(&mut self, keys: Vec<ObjectKey>, ctx: &mut Context<Self>) {
        if keys.is_empty() {
            return self.say_unusable();
        }
        for (wanted, keys) in self.slots.groups(keys) {
            self.resolve_group(wanted, keys, ctx);
        }
    }

    fn resolve_group(&mut self, wanted: Vec<ObjectKey>, keys: Vec<ObjectKey>, ctx: &mut Context<Self>) {
        if wanted.is_empty() {
            return self.resolve_with(&keys, &Secrets::new(), ctx);
        }
        let secrets = self.secrets.clone();
        let asked = async move { secrets.ask(ReadSecrets(wanted)).await };
        ctx.spawn(asked.into_actor(self).map(move |answer, dispatcher, ctx| match answer {
            Ok(secrets) => dispatcher.resolve_with(&keys, &secrets, ctx),
            // The watcher is being restarted and will send everything again.
            Err(error) => tracing::warn!(%error, "failed to read secrets, waiting for the watcher"),
        }));
    }

    fn resolve_with(&mut self, keys: &[ObjectKey], secrets: &Secrets, ctx: &mut Context<Self>) {
        let lookup = lookup_in(secrets);
        for key in keys {
            let Some(slot) = self.slots.get_mut(key) else { continue };
            let resolved = resolve_provider(&slot.spec, &lookup, &self.environment, self.clients.as_ref());
            if resolved.is_ok() {
                slot.destination = destination::identify(&slot.spec, secrets);
            }
            self.resolved(key, resolved.map(Arc::new), ctx);
        }
        self.say_unusable();
    }

    fn resolved(
        &mut self,
        key: &ObjectKey,
        resolved: Result<Arc<campanile_providers::BuiltProvider>, Failure>,
        ctx: &mut Context<Self>,
    ) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let ready = resolved.as_ref().map(|_| ()).map_err(Clone::clone);
        match &resolved {
            Ok(endpoint) => {
                endpoint.notices.iter().for_each(|notice| tracing::warn!(provider = %key, "{notice}"));
            }
            Err(failure) => tracing::error!(provider = %key, error = %failure, "provider is not usable"),
        }
        slot.resolution = resolved.map_or_else(Resolution::Broken, Resolution::Ready);
        let state = ProviderState {
            provider: key.clone(),
            generation: slot.spec.generation,
            delivering: ready.clone(),
            ready,
            // Its actor knows.
            remark: None,
        };
        self.reports.hint(Report::Provider(state));
        self.hand_over(key);
        self.work_if_any(key, ctx);
    }

    /// Repeats lost hints, gives up what is too old, and forgets old dead letters.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        if self.guard.is_retired() {
            return ctx.stop();
        }
        self.replace_stuck(ctx);
        let now = self.shared.clock.now();
        self.expire();
        self.shared.outbox.prune(now);
        for key in self.gone.keys().cloned().collect::<Vec<_>>() {
            self.provider_is_gone(&key);
        }
        for key in self.shared.outbox.providers_with_work() {
            self.work(&key, ctx);
        }
        self.say_unusable();
        self.count_backlog(ctx);
    }

    /// Tells the router which Providers do not resolve.
    fn say_unusable(&self) {
        self.unusable.hint(Unusable(Arc::new(self.slots.broken())));
    }
}

impl Actor for Dispatcher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Hints from the store thread and batches of changes; senders of hints are not held up by a full mailbox.
        ctx.set_mailbox_capacity(1024);
        self.resync.hint(Resync);
        ctx.run_interval(self.shared.config.sweep, Self::sweep);
    }
}

impl Handler<WorkReady> for Dispatcher {
    type Result = ();

    fn handle(&mut self, WorkReady(keys): WorkReady, ctx: &mut Self::Context) {
        self.wake_up(keys, ctx);
    }
}

impl Handler<Changes> for Dispatcher {
    type Result = ();

    fn handle(&mut self, changes: Changes, ctx: &mut Self::Context) {
        if changes.initial {
            for gone in self.slots.missing_from(&changes.providers) {
                self.apply(Change::Deleted(gone));
            }
        }
        let mut affected: Vec<ObjectKey> =
            changes.providers.into_iter().filter_map(|change| self.apply(change)).collect();
        affected.extend(self.slots.naming(&changes.secrets));
        affected.sort();
        affected.dedup();
        self.resolve(affected, ctx);
        for key in changes.requested {
            tracing::info!(provider = %key, "retrying at once, the Provider's annotation asks for it");
            // One that is suspended goes on by itself when it no longer is.
            drop(self.retry_now(key, ctx));
        }
        if changes.initial {
            self.synced = true;
            self.sweep(ctx);
        }
    }
}

impl Handler<Drain> for Dispatcher {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Drain(limit): Drain, _: &mut Self::Context) -> Self::Result {
        self.draining = true;
        let now = self.shared.clock.now();
        self.slots.iter_mut().for_each(|slot| slot.stop(now));
        let counters = self.shared.counters.clone();
        let idle = async move {
            while counters.snapshot().in_flight > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        Box::pin(async move {
            if tokio::time::timeout(limit, idle).await.is_err() {
                tracing::warn!("some exchanges did not end in time, their deliveries will be sent again");
            }
        })
    }
}
