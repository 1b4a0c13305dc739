//! What an outbox is: the trait that the SQLite store and the in-memory model both implement.

mod bounds;
mod counts;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use campanile_domain::{Delivery, DeliveryId, Event, Failure, NewDelivery, ObjectKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tracing::field::Empty;
use tracing::{Span, debug_span};

pub(crate) use bounds::LIST_BOUND;
pub use bounds::{Bounds, MEMO_BOUND};
pub use counts::{Stats, Tally, Usage};

/// An answer that may take a disk write. It needs no runtime of its own and may be awaited on any thread.
pub type Reply<T> = Pin<Box<dyn Future<Output = Result<T, OutboxError>> + Send>>;

/// Told how an append ended, once: on the store's own thread, or on the caller's if it is refused at once. It must not
/// block and only pass the result on. Dropped uncalled if the store's thread has ended.
pub type WhenStored = Box<dyn FnOnce(Result<(), OutboxError>) + Send>;

/// Number of a stored event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub i64);

/// An event to store, once, with all its deliveries.
#[derive(Clone, Debug)]
pub struct Append {
    /// The event.
    pub event: Arc<Event>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Its deliveries, or none yet.
    pub plan: Planned,
    /// The span `append`, which takes the event's number and ends when the answer is given.
    pub span: Span,
}

impl Append {
    /// An entry with a span below that of its cause, the planning or the acceptance of the event.
    pub fn new(event: Arc<Event>, accepted_at: Timestamp, plan: Planned, cause: &Span) -> Self {
        let deliveries = match &plan {
            Planned::Deliveries(deliveries) => deliveries.len(),
            Planned::Later => 0,
        };
        let span = debug_span!(parent: cause, "append", event = Empty, deliveries);
        Self { event, accepted_at, plan, span }
    }
}

/// Whether the router could plan.
#[derive(Clone, Debug)]
pub enum Planned {
    /// The deliveries. An empty list stores nothing and is answered at once.
    Deliveries(Vec<NewDelivery>),
    /// The Alerts are not known yet: keep the event and plan it later.
    Later,
}

/// A stored event that waits to be planned.
#[derive(Clone, Debug)]
pub struct Unplanned {
    /// Its number, for [`Outbox::plan`].
    pub id: EventId,
    /// The event.
    pub event: Arc<Event>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// A delivery that one taker holds until it is settled or released. Leases live in memory only: a restart frees them.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The delivery.
    pub delivery: Delivery,
    /// The span `append` that it comes from: none if it was read from disk, so none after the first try.
    pub append: Span,
}

/// How a leased delivery ended.
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
    /// Its name in spans.
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

/// The state of a stored delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Waits for its turn.
    Ready,
    /// Held by a taker.
    Leased,
    /// Waits for its next try.
    Retry,
    /// Waits for a human.
    Parked,
    /// A dead letter.
    Dead,
}

/// A stored delivery as the CLI shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// Its number.
    pub id: DeliveryId,
    /// Its state.
    pub state: DeliveryState,
    /// Its Provider.
    pub provider: ObjectKey,
    /// Its Alert.
    pub alert: ObjectKey,
    /// The object of the event, as `Kind/namespace/name`.
    pub object: String,
    /// The event's reason.
    pub reason: String,
    /// Tries so far.
    pub attempts: u32,
    /// When the event was accepted.
    pub accepted_at: Timestamp,
    /// When it is tried next, if it waits for a time; when it died, if it is dead.
    pub at: Option<Timestamp>,
    /// The last failure.
    pub failure: Option<Failure>,
}

/// Which deliveries to list, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only dead letters if true, only the others if false.
    pub dead: bool,
    /// Only those of one Provider.
    pub provider: Option<ObjectKey>,
    /// At most so many; zero means the outbox's own bound.
    pub limit: usize,
}

/// Told about work, on the store's own thread: it must not block and only pass the hint on.
pub trait Listener: Send + Sync {
    /// These providers may have deliveries ready that they had not before: new, woken, redriven or released ones, or ones
    /// whose lane has moved on. What merely comes due with time is not told; see [`Outbox::next_due`].
    fn work_ready(&self, providers: &[ObjectKey]);
}

/// Why an operation did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboxError {
    /// A bound is reached or the disk is full; nothing of the call was stored.
    #[error("the outbox is full: {0}")]
    Full(&'static str),
    /// The database or the disk failed; nothing of the call was stored.
    #[error("{0}")]
    Store(String),
    /// The file turned out to be damaged. The store ends, and what can be read is taken over at the next start.
    #[error("the outbox is damaged; it is mended at the next start")]
    Damaged,
    /// The store's thread has ended.
    #[error("the outbox is closed")]
    Closed,
}

impl OutboxError {
    /// The bound of records is reached.
    pub(crate) const FULL_RECORDS: Self = Self::Full("it holds as many records as it may");
    /// The bound of bytes is reached.
    pub(crate) const FULL_BYTES: Self = Self::Full("it holds as many bytes as it may");
}

/// A durable queue of deliveries, one queue a provider, ordered in lanes.
///
/// - **Durable**: what [`append`](Outbox::append) answered with `Ok` survives a kill and a power cut.
/// - **At least once**: a delivery is handed out until it is settled as done or dead. After a crash, deliveries whose
///   settlement was not yet on disk are handed out again.
/// - **Ordered**: of one provider and lane only the oldest delivery that is not done or dead is handed out, one at a time,
///   also while it waits for a retry or is parked. Lanes are independent of each other.
/// - **Newest only**, where the plan says so: as soon as a newer delivery of the lane is stored, the older ones that wait, for
///   whatever reason, are done without being sent (`superseded`), and the newer one is due at once. One that is leased is
///   spared until its lease ends without an end. Such deliveries share a lane only with their like. Dead letters are not
///   touched.
/// - **Never blocks**: no call waits for the disk; what needs it comes in the [`Reply`]. Settlements are written with
///   the next group of appends, at most 5 ms later, and are kept in memory until the disk takes them.
/// - Secrets are never stored.
///
/// All methods take the time as an argument, so that a test decides what is due.
pub trait Outbox: Send + Sync {
    /// Stores an event with its deliveries, and calls `stored` once they are durable: the way without a hop between the
    /// store and whoever waits.
    fn append_then(&self, entry: Append, stored: WhenStored);

    /// Stores an event with its deliveries; answered once they are durable.
    fn append(&self, entry: Append) -> Reply<()> {
        let (answer, reply) = oneshot::channel();
        self.append_then(entry, Box::new(move |result| drop(answer.send(result))));
        Box::pin(async move { reply.await.unwrap_or(Err(OutboxError::Closed)) })
    }

    /// Events that wait to be planned, oldest first, at most `limit`.
    fn unplanned(&self, limit: usize) -> Reply<Vec<Unplanned>>;

    /// Gives a stored event its deliveries; none removes it. Unknown numbers are ignored.
    fn plan(&self, event: EventId, deliveries: Vec<NewDelivery>) -> Reply<()>;

    /// Sets an event aside that can not be planned: its row stays for an operator, and nothing reads it any more. Unknown
    /// numbers are ignored.
    fn set_aside(&self, event: EventId) -> Reply<()>;

    /// Leases at most `limit` deliveries of `provider` that are due at `now`, oldest first, at most one a lane.
    /// Dropping the reply before it is ready frees them.
    ///
    /// A record that can not be read becomes dead (`damaged`) and is left out.
    fn take(&self, provider: &ObjectKey, limit: usize, now: Timestamp) -> Reply<Vec<Lease>>;

    /// Ends leases. The order within a lane holds from the moment of the call. The reply says when it is durable;
    /// dropping it is fine. Numbers that are not leased are ignored.
    fn settle(&self, settlements: Vec<(DeliveryId, Settlement)>, now: Timestamp) -> Reply<()>;

    /// Ends one lease, as [`settle`](Outbox::settle) does, for a caller that does not wait for the disk.
    fn end(&self, id: DeliveryId, settlement: Settlement, now: Timestamp) {
        drop(self.settle(vec![(id, settlement)], now));
    }

    /// Frees every lease of `provider`, no attempt counted, because its taker has died. Returns how many.
    fn release_all(&self, provider: &ObjectKey) -> usize;

    /// When the next delivery of `provider` is due, leases aside: now or earlier means that [`take`](Outbox::take) has something.
    fn next_due(&self, provider: &ObjectKey) -> Option<Timestamp>;

    /// Makes everything of `provider` that waits for a time or a human due at once.
    fn wake(&self, provider: &ObjectKey);

    /// Providers that have deliveries which are not dead.
    fn providers_with_work(&self) -> Vec<ObjectKey>;

    /// Makes all waiting deliveries of `provider` dead letters. Returns how many.
    fn bury(&self, provider: &ObjectKey, failure: &Failure, now: Timestamp) -> usize;

    /// Makes deliveries whose deadline has passed dead letters (`expired`), leases aside. Returns how many by provider.
    fn expire(&self, now: Timestamp) -> BTreeMap<ObjectKey, usize>;

    /// How many deliveries of each provider became dead letters by overflow (see [`Bounds`]) since the last call.
    fn take_overflowed(&self) -> BTreeMap<ObjectKey, usize>;

    /// Drops dead letters that are beyond their retention or their bound.
    fn prune(&self, now: Timestamp);

    /// Lists deliveries.
    fn list(&self, selection: Selection) -> Reply<Vec<DeliveryView>>;

    /// Counts the deliveries of `provider` by Alert: the oldest `limit` that are not dead, and as many dead letters. One
    /// that can not be read is not counted.
    fn tally(&self, provider: &ObjectKey, limit: usize) -> Reply<Tally> {
        let of = |dead| self.list(Selection { dead, provider: Some(provider.clone()), limit });
        let (waiting, dead) = (of(false), of(true));
        Box::pin(async move {
            let mut tally = Tally::new();
            for view in waiting.await?.into_iter().chain(dead.await?) {
                tally.entry(view.alert).or_default().count(view.state);
            }
            Ok(tally)
        })
    }

    /// Puts dead letters back, ready at once, attempts at zero, with a new deadline. Returns how many.
    ///
    /// Numbers that are not dead letters are left out. So are letters of which only the newest matters if anything newer of
    /// their lane is stored, a dead letter included: an old state must not go out after a newer one. What was delivered
    /// since leaves no trace, so the newest letter of such a lane may be older than what the destination shows.
    fn redrive(&self, ids: Vec<DeliveryId>, deadline: Timestamp) -> Reply<usize>;

    /// The memo of `provider`: what it was told to [`remember`](Outbox::remember), as (place, look), oldest first, at most
    /// [`MEMO_BOUND`]. Entries that can not be read are left out.
    fn recall(&self, provider: &ObjectKey) -> Reply<Vec<(u128, u128)>>;

    /// Notes in the memo of `provider` what stands at `place`, or forgets it (`None`). Calls take effect in their order; the
    /// reply says when it is durable, with the next group, and dropping it is fine. A burial because the provider was
    /// deleted drops its memo.
    ///
    /// # Errors
    /// [`OutboxError::Full`] if too many notes wait for the disk.
    fn remember(&self, provider: &ObjectKey, place: u128, look: Option<u128>) -> Reply<()>;

    /// Counts.
    fn stats(&self) -> Stats;

    /// Names the one listener, and tells it of all providers that have work now.
    fn listen(&self, listener: Arc<dyn Listener>);

    /// Writes what is still in memory and ends the store's thread; answered when that is done.
    fn close(&self) -> Reply<()>;

    /// Answered when the outbox has ended: with `Ok` after a [`close`](Outbox::close), with [`OutboxError::Closed`] if its
    /// thread ended by itself, after which only a new process can go on.
    fn closed(&self) -> Reply<()>;
}
