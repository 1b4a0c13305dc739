//! One try of one delivery, as a task of its own that settles its lease whatever happens.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use actix::{Message, Recipient};
use campanile_domain::{Delivery, DeliveryId, Failure, FailureClass, Verdict};
use campanile_outbox::{Lease, Outbox, Settlement};
use campanile_providers::Endpoint;
use campanile_supervision::{SharedClock, failpoint};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::counters::Counters;
use crate::drive::{Driven, Driver};
use crate::memo::Memo;
use crate::retry::{Try, settlement};
use crate::tally::Tally;
use crate::{DeliveryConfig, ProviderClient};

/// What every provider actor and task needs.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) clock: SharedClock,
    pub(crate) config: DeliveryConfig,
    pub(crate) counters: Arc<Counters>,
}

/// Tells the provider actor that a try ended and is settled.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Finished {
    pub(crate) delivery: Delivery,
    /// None if it panicked or was dropped unfinished.
    pub(crate) driven: Option<Driven>,
    pub(crate) settlement: Settlement,
}

/// How often each delivery panicked its exchange. Entries go when the delivery ends; at most
/// [`MOST_PANICKED`] are remembered, more start again from one.
pub(crate) type Panics = Rc<RefCell<HashMap<DeliveryId, u32>>>;

const MOST_PANICKED: usize = 1024;

/// A delivery that panics its exchange so often is poison.
const POISON_AFTER: u32 = 3;

/// Where a provider actor's exchanges go.
pub(crate) struct Route {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) client: ProviderClient,
    pub(crate) memo: Rc<Memo>,
    pub(crate) panics: Panics,
    pub(crate) owner: Recipient<Finished>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) shared: Shared,
}

/// Starts a try of a leased delivery in this arbiter, in a span of its own.
pub(crate) fn start(lease: Lease, route: Rc<Route>) {
    route.shared.counters.attempts.fetch_add(1, Relaxed);
    route.shared.counters.in_flight.fetch_add(1, Relaxed);
    let span = attempt_span(&lease);
    let attempt = async move {
        let ending = Ending { delivery: Some(lease.delivery), route };
        let driven = ending.drive().await;
        ending.finish(driven);
    };
    actix_rt::spawn(attempt.instrument(span));
}

/// The span of one try. It follows from the append of its event rather than being part of it: it may begin hours later.
/// A delivery that was read from disk is told by its number alone.
fn attempt_span(Lease { delivery, append }: &Lease) -> Span {
    let Delivery { id, event, plan, attempts, .. } = delivery;
    let span = debug_span!(
        parent: None,
        "attempt",
        provider = %plan.provider,
        alert = %plan.alert.key,
        object = event.involved_object.path(),
        delivery = id.0,
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

fn too_long(limit: Duration) -> Driven {
    let text = format!("finish the exchange within {} s", limit.as_secs());
    Verdict::Failed(Failure::new(FailureClass::Timeout, text)).into()
}

/// Settles the lease exactly once: with the verdict, or, when dropped without one, as a panic or a release.
struct Ending {
    /// None once it is settled.
    delivery: Option<Delivery>,
    route: Rc<Route>,
}

impl Ending {
    async fn drive(&self) -> Driven {
        let Some(delivery) = &self.delivery else { return Verdict::Skipped.into() };
        let Route { endpoint, client, memo, shared, .. } = &*self.route;
        let (carrier, tokens, clock) =
            (client.carrier.as_ref(), client.tokens.as_ref(), shared.clock.as_ref());
        let driver = Driver { endpoint, carrier, tokens, memo: Some(memo), clock };
        failpoint("exchange", &delivery.plan.provider.name);
        let limit = longest(endpoint.connection.timeout);
        let driven = tokio::time::timeout(limit, driver.drive(delivery)).await;
        driven.unwrap_or_else(|_| too_long(limit))
    }

    fn finish(mut self, driven: Driven) {
        if let Some(delivery) = self.delivery.take() {
            let settled = settlement(&self.route.shared.config, &driven.verdict, self.the_try(&delivery));
            self.route.panics.borrow_mut().remove(&delivery.id);
            self.settle(delivery, Some(driven), settled);
        }
    }

    fn the_try(&self, delivery: &Delivery) -> Try {
        Try {
            attempts: delivery.attempts + 1,
            round: self.route.endpoint.connection.timeout,
            deadline: delivery.plan.deadline,
            now: self.route.shared.clock.now(),
            random: fastrand::f64(),
        }
    }

    fn panicked(&self, delivery: &Delivery) -> Settlement {
        self.route.shared.counters.panics.fetch_add(1, Relaxed);
        let mut panics = self.route.panics.borrow_mut();
        if panics.len() >= MOST_PANICKED {
            panics.clear();
        }
        let times = panics.entry(delivery.id).or_insert(0);
        *times += 1;
        let text = format!("carry out the exchange: it panicked {times} times on this message");
        if *times >= POISON_AFTER {
            panics.remove(&delivery.id);
            return Settlement::Dead(Failure::new(FailureClass::Poison, text));
        }
        let pause = self.route.shared.config.quick.pause(*times, fastrand::f64());
        Settlement::RetryAt(self.route.shared.clock.now() + pause, Failure::new(FailureClass::Poison, text))
    }

    fn settle(&self, delivery: Delivery, driven: Option<Driven>, settled: Settlement) {
        self.route.shared.counters.in_flight.fetch_sub(1, Relaxed);
        let now = self.route.shared.clock.now();
        self.route.shared.counters.settled(&settled);
        Span::current().record("result", settled.label());
        let waited = Duration::try_from(now.duration_since(delivery.accepted_at)).unwrap_or_default();
        self.route.tally.settled(&settled, waited);
        // Nobody waits for the disk: the outbox keeps the settlement until then.
        self.route.shared.outbox.end(delivery.id, settled.clone(), now);
        self.route.owner.do_send(Finished { delivery, driven, settlement: settled });
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            let settled =
                if std::thread::panicking() { self.panicked(&delivery) } else { Settlement::Release };
            self.settle(delivery, None, settled);
        }
    }
}
