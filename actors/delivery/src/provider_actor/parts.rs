//! The parts that a provider actor is built from, and the messages between it and its dispatcher.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use actix::{Message, Recipient};
use campanile_domain::ObjectKey;
use campanile_protocol::{Announce, Report};
use campanile_providers::BuiltProvider;
use campanile_supervision::{End, Link, Retirement};
use jiff::Timestamp;

use crate::Clients;
use crate::kept::{DestinationId, ProviderHandover};
use crate::tally::AttemptTally;
use crate::task::ExchangeContext;

/// Says that there may be work.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Wake;

/// The settings of a Provider as last resolved, with what its actor needs to count.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub(crate) struct Configuration {
    pub(crate) endpoint: Arc<BuiltProvider>,
    /// The generation of the Provider's spec.
    pub(crate) generation: i64,
    pub(crate) destination: DestinationId,
    pub(crate) tally: Arc<AttemptTally>,
}

/// Ends the pause that the destination asked for, because an operator says so or a test notification arrived.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct EndPause;

/// Tells the actor to take nothing more and to end. Exchanges under way settle themselves.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Stop;

/// Tells the dispatcher that this Provider had no work for a while.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Idle {
    pub(crate) key: ObjectKey,
    pub(crate) build: u64,
}

/// The last message of a provider actor.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct ActorEnded {
    pub(crate) key: ObjectKey,
    pub(crate) build: u64,
    /// Never [`End::Stuck`]: that is for the dispatcher to find out.
    pub(crate) end: End,
    pub(crate) kept: ProviderHandover,
}

/// The parts that a provider actor is built from, in its own arbiter.
pub(crate) struct ProviderParts {
    pub(crate) key: ObjectKey,
    /// Tells builds apart, of all Providers.
    pub(crate) build: u64,
    pub(crate) configuration: Configuration,
    pub(crate) kept: ProviderHandover,
    pub(crate) clients: Arc<dyn Clients>,
    pub(crate) shared: ExchangeContext,
    pub(crate) reports: Link<Report>,
    pub(crate) announces: Link<Announce>,
    pub(crate) wakes: Wakes,
    pub(crate) retirement: Retirement,
    pub(crate) parent: Parent,
}

/// The dispatcher, as its provider actors know it.
pub(crate) struct Parent {
    pub(crate) idle: Recipient<Idle>,
    pub(crate) ended: Recipient<ActorEnded>,
    /// Whether the dispatcher was replaced: its provider actors end with it.
    pub(crate) retirement: Retirement,
}

/// The wake-ups of a provider actor, which its dispatcher sees without a message.
#[derive(Clone, Default)]
pub(crate) struct Wakes(Arc<Times>);

/// Times in microseconds since the epoch; zero for none.
#[derive(Default)]
struct Times {
    /// Its heartbeat: when it was sent the [`Wake`] that it has not taken yet. While there is one, another would tell it nothing.
    sent: AtomicI64,
    /// When it looks for work by itself, because its gate is closed until then.
    asleep_until: AtomicI64,
}

impl Wakes {
    /// Notes that a [`Wake`] is about to be sent. False if one is on its way already.
    pub(crate) fn begin(&self, now: Timestamp) -> bool {
        self.0.sent.compare_exchange(0, now.as_microsecond().max(1), SeqCst, SeqCst).is_ok()
    }

    /// Notes that it was taken, before the actor looks for work.
    pub(crate) fn taken(&self) {
        self.0.sent.store(0, SeqCst);
    }

    /// Notes that no exchange starts before `until`; none if one may.
    pub(crate) fn sleep(&self, until: Option<Timestamp>) {
        self.0.asleep_until.store(until.map_or(0, Timestamp::as_microsecond), SeqCst);
    }

    /// Whether no exchange starts at `now`, and the actor looks for work when one may.
    pub(crate) fn is_asleep(&self, now: Timestamp) -> bool {
        now.as_microsecond() < self.0.asleep_until.load(SeqCst)
    }

    /// Whether it has been on its way for longer than `limit`.
    pub(crate) fn is_overdue(&self, limit: Duration, now: Timestamp) -> bool {
        let since = self.0.sent.load(SeqCst);
        let limit = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
        since != 0 && since.saturating_add(limit) < now.as_microsecond()
    }
}
