//! The outbox as its users see it: one trait for each use, and [`Outbox`] for all of them.

mod acceptance;
mod bounds;
mod browse;
mod counts;
mod memo_store;
mod ownership;
mod reconcile_store;
mod scheduler;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use campanile_domain::{DeliveryId, Event, Failure, NewDelivery, ObjectKey, RecordId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::field::Empty;
use tracing::{Span, debug_span};

pub use acceptance::Acceptance;
pub use bounds::{Bounds, MEMO_BOUND, PART};
pub(crate) use bounds::{LIST_BOUND, Room};
pub use browse::{Browse, BrowseFilter};
pub use counts::{Stats, Usage, UsageByAlert};
pub use memo_store::MemoStore;
pub use ownership::{AllProviders, Epoch, Ownership};
pub use reconcile_store::ReconcileStore;
pub use scheduler::{Lease, Scheduler, Settlement, WorkListener};

/// An answer that may take a disk write. It needs no runtime of its own and may be awaited on any thread.
pub type Reply<T> = Pin<Box<dyn Future<Output = Result<T, OutboxError>> + Send>>;

/// Told how an append ended, once: on the store's own thread, or on the caller's if it is refused at once. It must not
/// block and only pass the result on. Dropped uncalled if the store's thread has ended.
pub type WhenStored = Box<dyn FnOnce(Result<(), OutboxError>) + Send>;

/// Id of a stored event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub RecordId);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event to store, once, with all its deliveries.
#[derive(Clone, Debug)]
pub struct Append {
    /// The event that is accepted.
    pub event: Arc<Event>,
    /// The time at which it was accepted.
    pub accepted_at: Timestamp,
    /// Its deliveries, or none yet.
    pub plan: Planned,
    /// The span `append`, which takes the event's id and ends when the answer is given.
    pub span: Span,
}

impl Append {
    /// An entry with a span below that of its cause, the planning or the acceptance of the event.
    pub fn new(event: Arc<Event>, accepted_at: Timestamp, plan: Planned, cause: &Span) -> Self {
        let deliveries = match &plan {
            Planned::Deliveries(deliveries) => deliveries.len(),
            Planned::Later | Planned::Meanwhile(_) => 0,
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
    /// It is being planned meanwhile: keep the event, which says its id here once it is numbered, until
    /// [`plan`](Acceptance::plan) says that what it leads to is stored.
    Meanwhile(Arc<OnceLock<EventId>>),
}

/// A stored event that waits to be planned.
#[derive(Clone, Debug)]
pub struct Unplanned {
    /// The id of the event, for [`Acceptance::plan`].
    pub id: EventId,
    /// The event that has no plan yet.
    pub event: Arc<Event>,
    /// The time at which it was accepted.
    pub accepted_at: Timestamp,
}

/// The state of a stored delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// The delivery waits for its turn.
    Ready,
    /// The delivery is held by a taker.
    Leased,
    /// Waits for its next try.
    Retry,
    /// The delivery waits for a human.
    Parked,
    /// The delivery is a dead letter.
    Dead,
}

/// A stored delivery as the CLI shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// Namespace and name of its Provider.
    pub provider: ObjectKey,
    /// Namespace and name of its Alert.
    pub alert: ObjectKey,
    /// The object of the event, as `Kind/namespace/name`.
    pub object: String,
    /// The reason that its event gives.
    pub reason: String,
    /// The number of its attempts so far.
    pub attempts: u32,
    /// When the event was accepted.
    pub accepted_at: Timestamp,
    /// When it is tried next, if it waits for a time; when it died, if it is dead.
    pub at: Option<Timestamp>,
    /// The failure of its last attempt, if that failed.
    pub failure: Option<Failure>,
}

/// Errors for which an operation did not happen.
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
    /// The bound of events without a plan, of one namespace or of all, is reached.
    pub(crate) const FULL_UNPLANNED: Self =
        Self::Full("it holds as many events of the namespace that wait for their plan as it may");
    /// The bound of bytes is reached.
    pub(crate) const FULL_BYTES: Self = Self::Full("it holds as many bytes as it may");
}

/// A durable queue of deliveries, one queue a provider, ordered in lanes: all parts of it.
///
/// - **Durable**: what [`append`](Acceptance::append) answered with `Ok` survives a kill and a power cut.
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
pub trait Outbox: Acceptance + Scheduler + MemoStore + Browse + ReconcileStore {
    /// Writes what is still in memory and ends the outbox; answered when that is done.
    fn close(&self) -> Reply<()>;

    /// Answered when the outbox has ended: with `Ok` after a [`close`](Outbox::close), with [`OutboxError::Closed`] if it
    /// ended by itself, after which only a new process can go on.
    fn closed(&self) -> Reply<()>;
}
