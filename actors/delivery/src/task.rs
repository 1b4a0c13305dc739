//! One attempt of one delivery, as a task of its own that settles its lease whatever happens.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use actix::{Message, Recipient};
use campanile_domain::{Delivery, Failure, FailureClass, Installation, Verdict};
use campanile_outbox::{Lease, Outbox, Settlement};
use campanile_providers::BuiltProvider;
use campanile_supervision::{SharedClock, failpoint};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::counters::Counters;
use crate::drive::{Conclusion, ExchangeDriver, unasked};
use crate::memo::Memo;
use crate::probes::Probes;
use crate::refusals::Refusals;
use crate::retry::{Attempt, settlement};
use crate::tally::AttemptTally;
use crate::{DeliveryConfig, ProviderClient};

/// The context that every provider actor and task needs, in whatever arbiter it is.
#[derive(Clone)]
pub(crate) struct ExchangeContext {
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) clock: SharedClock,
    pub(crate) installation: Installation,
    pub(crate) config: DeliveryConfig,
    pub(crate) counters: Arc<Counters>,
    pub(crate) probes: Arc<Probes>,
}

/// Tells the provider actor that an attempt ended and is settled.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Finished {
    pub(crate) delivery: Delivery,
    pub(crate) exchange: ExchangeEnd,
    pub(crate) settlement: Settlement,
}

/// The end of an attempt's exchange.
#[derive(Debug)]
pub(crate) enum ExchangeEnd {
    /// The exchange ended with a verdict.
    Concluded(Conclusion),
    /// By a panic, the delivery's so-manieth.
    Panicked(u32),
    /// Unfinished, or before it had begun.
    Dropped,
}

/// A delivery that panics its exchange so often is poison.
const POISON_AFTER: u32 = 3;

/// The way of a provider actor's exchanges, until its Provider changes.
pub(crate) struct ExchangeRoute {
    pub(crate) endpoint: Arc<BuiltProvider>,
    pub(crate) client: ProviderClient,
    pub(crate) memo: Rc<Memo>,
    pub(crate) refusals: Rc<RefCell<Refusals>>,
    pub(crate) owner: Recipient<Finished>,
    pub(crate) tally: Arc<AttemptTally>,
    pub(crate) shared: ExchangeContext,
}

/// Starts an attempt of a leased delivery, which panicked so often before, in this arbiter and in a span of its own.
pub(crate) fn start(lease: Lease, panicked: u32, route: Rc<ExchangeRoute>) {
    route.shared.counters.in_flight.fetch_add(1, Relaxed);
    let span = attempt_span(&lease);
    let attempt = async move {
        let lease = LeaseGuard { delivery: Some(lease.delivery), panicked, route };
        // What has not begun when its actor ends is left to the next one.
        if !lease.route.memo.is_handed_over() {
            let concluded = lease.drive().await;
            lease.conclude(concluded);
        }
    };
    actix_rt::spawn(attempt.instrument(span));
}

/// The span of one attempt. It follows from the append of its event rather than being part of it: it may begin hours later.
/// A delivery that was read from disk is told by its id alone.
fn attempt_span(Lease { delivery, append }: &Lease) -> Span {
    let Delivery { id, event, plan, attempts, .. } = delivery;
    let span = debug_span!(
        parent: None,
        "attempt",
        provider = %plan.provider,
        alert = %plan.alert.key,
        object = event.involved_object.path(),
        delivery = %id,
        attempt = attempts + 1,
        result = Empty
    );
    span.follows_from(append);
    span
}

/// An exchange may take so many times the time of a request, since it may need several.
const REQUESTS: u32 = 8;

/// No exchange is given up earlier.
const LONGEST_FLOOR: Duration = Duration::from_secs(60);

/// The bound of an exchange: it holds a lease, and no lease is held for ever.
fn longest(timeout: Duration) -> Duration {
    timeout.saturating_mul(REQUESTS).max(LONGEST_FLOOR)
}

fn too_long(limit: Duration) -> Conclusion {
    let text = format!("finish the exchange within {} s", limit.as_secs());
    unasked(Verdict::Failed(Failure::new(FailureClass::Timeout, text)))
}

/// Settles the lease exactly once: with the verdict, or, when dropped without one, as a panic or a release.
struct LeaseGuard {
    /// None once it is settled.
    delivery: Option<Delivery>,
    /// How often it panicked before.
    panicked: u32,
    route: Rc<ExchangeRoute>,
}

impl LeaseGuard {
    async fn drive(&self) -> Conclusion {
        let Some(delivery) = &self.delivery else { return unasked(Verdict::Skipped) };
        let ExchangeRoute { endpoint, client, memo, shared, .. } = &*self.route;
        let (carrier, tokens, clock) =
            (client.carrier.as_ref(), client.tokens.as_ref(), shared.clock.as_ref());
        let installation = &shared.installation;
        let driver = ExchangeDriver { endpoint, carrier, tokens, memo: Some(memo), clock, installation };
        shared.counters.attempts.fetch_add(1, Relaxed);
        failpoint("exchange", &delivery.plan.provider.name);
        let limit = longest(endpoint.connection.timeout);
        let driven = tokio::time::timeout(limit, driver.drive(delivery)).await;
        driven.unwrap_or_else(|_| too_long(limit))
    }

    fn conclude(mut self, concluded: Conclusion) {
        if let Some(delivery) = self.delivery.take() {
            let ExchangeRoute { endpoint, refusals, shared, .. } = &*self.route;
            let (class, most) = (endpoint.kind.class(), shared.config.refused_after);
            let concluded = refusals.borrow_mut().note(class, concluded, &delivery, most);
            let attempt = Attempt { waits: concluded.1.refuses_all, ..self.attempt(&delivery) };
            let settled = settlement(&self.route.shared.config, &concluded.0, attempt);
            self.settle(delivery, ExchangeEnd::Concluded(concluded), settled);
        }
    }

    fn attempt(&self, delivery: &Delivery) -> Attempt {
        Attempt {
            attempts: delivery.attempts + 1,
            round: self.route.endpoint.connection.timeout,
            deadline: delivery.plan.deadline,
            waits: false,
            now: self.route.shared.clock.now(),
            random: fastrand::f64(),
        }
    }

    fn settle_panicked(&self, delivery: Delivery) {
        let ExchangeContext { counters, config, clock, .. } = &self.route.shared;
        counters.panics.fetch_add(1, Relaxed);
        let times = self.panicked + 1;
        let text = format!("carry out the exchange: it panicked {times} times on this message");
        let failure = Failure::new(FailureClass::Poison, text);
        let settled = match times {
            POISON_AFTER.. => Settlement::Dead(failure),
            _ => Settlement::RetryAt(clock.now() + config.quick.pause(times, fastrand::f64()), failure),
        };
        self.settle(delivery, ExchangeEnd::Panicked(times), settled);
    }

    fn settle(&self, delivery: Delivery, exchange: ExchangeEnd, settled: Settlement) {
        self.route.shared.counters.in_flight.fetch_sub(1, Relaxed);
        let now = self.route.shared.clock.now();
        self.route.shared.counters.settled(&settled);
        Span::current().record("result", settled.label());
        let waited = Duration::try_from(now.duration_since(delivery.accepted_at)).unwrap_or_default();
        self.route.tally.settled(&settled, waited);
        // Nobody waits for the disk: the outbox keeps the settlement until then.
        self.route.shared.outbox.settle(delivery.id, settled.clone(), now);
        self.route.owner.do_send(Finished { delivery, exchange, settlement: settled });
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        match self.delivery.take() {
            Some(delivery) if std::thread::panicking() => self.settle_panicked(delivery),
            Some(delivery) => self.settle(delivery, ExchangeEnd::Dropped, Settlement::Release),
            None => {}
        }
    }
}
