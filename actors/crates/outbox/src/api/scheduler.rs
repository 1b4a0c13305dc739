//! Handing deliveries out and taking them back: the part that providers' actors use.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Delivery, DeliveryId, Failure, ObjectKey};
use jiff::Timestamp;
use tracing::Span;

use super::Reply;

/// A delivery that one taker holds until it is settled or released. Leases live in memory only: a restart frees them.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The delivery that is to be carried out.
    pub delivery: Delivery,
    /// The span `append` that it comes from: none if it was read from disk, so none after the first try.
    pub append: Span,
}

/// The settlement of a leased delivery: how it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// Delivered or needless: it is removed.
    Done,
    /// Not sent at all: back to where it was, no attempt counted.
    Release,
    /// Tried without success: ready again at that time.
    RetryAt(Timestamp, Failure),
    /// Waits for a human: ready again at that time at the latest, or when its provider is woken.
    Parked(Timestamp, Failure),
    /// Given up: kept as a dead letter.
    Dead(Failure),
}

impl Settlement {
    /// The name of the outcome in spans.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Release => "released",
            Self::RetryAt(..) => "retry",
            Self::Parked(..) => "parked",
            Self::Dead(_) => "dead",
        }
    }
}

/// Told about work, on the store's own thread: it must not block and only pass the hint on.
pub trait WorkListener: Send + Sync {
    /// These providers may have deliveries ready that they had not before: new, woken, redriven or released ones, or ones
    /// whose lane has moved on. What merely comes due with time is not told; see [`Scheduler::next_due`].
    fn work_ready(&self, providers: &[ObjectKey]);
}

/// Schedules what is stored: leases, retries, deadlines. Only Providers that this process [serves](crate::Ownership) are
/// handed out.
pub trait Scheduler: Send + Sync {
    /// Leases at most `limit` deliveries of `provider` that are due at `now`, oldest first, at most one a lane.
    /// Dropping the reply before it is ready frees them.
    ///
    /// A record that cannot be read becomes dead (`damaged`) and is left out.
    fn take(&self, provider: &ObjectKey, limit: usize, now: Timestamp) -> Reply<Vec<Lease>>;

    /// Ends a lease. The order within a lane holds from the moment of the call; it is written with the next group. A
    /// delivery that is not leased is left alone, and so is one whose Provider another process serves by now.
    fn settle(&self, id: DeliveryId, settlement: Settlement, now: Timestamp);

    /// When the next delivery of `provider` is due, leases aside: now or earlier means that [`take`](Scheduler::take) has
    /// something.
    fn next_due(&self, provider: &ObjectKey) -> Option<Timestamp>;

    /// Makes everything of `provider` that waits for a time or a human due at once.
    fn wake(&self, provider: &ObjectKey);

    /// Providers that have deliveries which are not dead.
    fn providers_with_work(&self) -> Vec<ObjectKey>;

    /// Makes all waiting deliveries of `provider` dead letters. Returns how many.
    fn dead_letter_all(&self, provider: &ObjectKey, failure: &Failure, now: Timestamp) -> usize;

    /// Makes deliveries whose deadline has passed dead letters (`expired`), leases aside. Returns how many by provider.
    fn expire(&self, now: Timestamp) -> BTreeMap<ObjectKey, usize>;

    /// How many deliveries of each provider became dead letters by overflow (see [`Bounds`](crate::Bounds)) since the last
    /// call.
    fn take_overflowed(&self) -> BTreeMap<ObjectKey, usize>;

    /// Drops dead letters that are beyond their retention or their bound.
    fn prune(&self, now: Timestamp);

    /// Names the one listener, and tells it of all providers that have work now.
    fn listen(&self, listener: Arc<dyn WorkListener>);
}
