//! The journal: the part of an outbox that is on disk, behind the one interface that a kind of storage implements.
//!
//! An [`outbox over a journal`](crate::JournaledOutbox) keeps all scheduling in memory, on the board, and asks the journal
//! for three things: to write a [`JournalBatch`], to read texts back, and to say at the start what is stored. A journal knows
//! rows and no rules, so all journals share the same lanes, leases and bounds.

mod batch;
mod loader;
mod outcome;

use std::sync::Arc;

use campanile_domain::{Delivery, Event, Failure, NewDelivery, ObjectKey, PostponedReconcile};
use jiff::Timestamp;

pub use batch::{EventAction, JournalBatch, StagedDelivery, StagedEvent};
pub use loader::{Loader, StoredRow};
pub use outcome::{LastFailure, MemoChange, MemoNote, Phase, RowChange, RowColumns, RowOutcome};

use crate::OutboxError;

/// Microseconds since 1970, the unit of all stored times.
pub type Micros = i64;

/// A delivery whose texts are wanted.
#[derive(Clone, Debug)]
pub struct TextRequest {
    /// The number of its row.
    pub number: i64,
    /// Its Provider, which is no part of the text.
    pub provider: ObjectKey,
    /// Its deadline, which is no part of the text.
    pub deadline: Timestamp,
}

/// The texts of a delivery, read back and found sound.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTexts {
    /// The delivery as the router planned it.
    pub plan: NewDelivery,
    /// Its event; shared by deliveries that are read together.
    pub event: Arc<Event>,
    /// When the event was accepted.
    pub accepted_at: Timestamp,
}

/// The texts that are stored of a delivery beside its columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredDelivery {
    /// Its texts; none if there is no such row, or a checksum of it or of its event fails.
    pub texts: Option<StoredTexts>,
    /// The last failure of the delivery, if it had one.
    pub failure: Option<Failure>,
}

impl StoredTexts {
    /// The delivery of these texts.
    pub(crate) fn into_delivery(self, id: campanile_domain::DeliveryId, attempts: u16) -> Delivery {
        let Self { plan, event, accepted_at } = self;
        Delivery { id, event, plan, accepted_at, attempts: attempts.into() }
    }
}

/// An event without a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// The number of the event's row.
    pub number: i64,
    /// The event that is stored.
    pub event: Arc<Event>,
    /// The time at which the event was accepted.
    pub accepted_at: Timestamp,
}

/// Events without a plan, as they are read back.
#[derive(Debug, Default)]
pub struct StoredEvents {
    /// Those that can be read.
    pub sound: Vec<StoredEvent>,
    /// The numbers of those that cannot. The journal has set them aside: their rows stay for an operator.
    pub damaged: Vec<i64>,
}

/// Postponed reconciles, as they are read back.
#[derive(Debug, Default)]
pub struct StoredReconciles {
    /// Those that can be read, oldest first, with the numbers of their rows.
    pub sound: Vec<(i64, PostponedReconcile)>,
    /// The numbers of those that cannot. Their rows are still there.
    pub damaged: Vec<i64>,
}

/// The durable part of an outbox.
///
/// One task drives a journal, in turns, so it needs no lock of its own. Its methods may take as long as the storage does:
/// callers of the outbox wait for none of them. Numbers of rows ascend in the order of acceptance and are never used twice.
///
/// [`OutboxError::Damaged`] from any method means that the storage as a whole cannot be trusted: the outbox calls
/// [`mark_damaged`](Journal::mark_damaged) and ends.
pub trait Journal: Send + 'static {
    /// Says what is stored: every delivery in the order of the numbers, then the events without a plan, then the first
    /// number that was never given, and the highest number of a postponed reconcile.
    ///
    /// # Errors
    /// If the storage cannot be read.
    fn load(&mut self, into: &mut Loader) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Writes a batch: all of it is durable when this returns, or none of it is.
    ///
    /// # Errors
    /// [`OutboxError::Full`] without space, [`OutboxError::Store`] if the storage fails otherwise.
    fn commit(&mut self, batch: &JournalBatch<'_>) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Removes the deliveries of the event that is [unfinished](JournalBatch::unfinished), and the event unless it waited for its plan
    /// before. Nothing happens without one.
    ///
    /// # Errors
    /// If the storage fails; it stays unfinished.
    fn forget_unfinished(&mut self) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Reads deliveries back, in the order in which they are wanted.
    ///
    /// # Errors
    /// If the storage cannot be read; damage of single rows is no error.
    fn read(
        &mut self,
        wanted: &[TextRequest],
    ) -> impl Future<Output = Result<Vec<StoredDelivery>, OutboxError>> + Send;

    /// Reads the Alerts of deliveries; none where there is no such row any more, or its text cannot be read.
    ///
    /// # Errors
    /// If the storage cannot be read.
    fn alerts(
        &mut self,
        numbers: &[i64],
    ) -> impl Future<Output = Result<Vec<Option<ObjectKey>>, OutboxError>> + Send;

    /// Reads events without a plan, in the order in which they are wanted. One that is not there counts as damaged.
    ///
    /// # Errors
    /// If the storage cannot be read.
    fn unplanned(
        &mut self,
        numbers: &[i64],
    ) -> impl Future<Output = Result<StoredEvents, OutboxError>> + Send;

    /// Reads the memo of a provider, given by its [number](crate::provider_number): (place, look), oldest first, at most
    /// [`MEMO_BOUND`](crate::MEMO_BOUND).
    ///
    /// # Errors
    /// If the storage cannot be read.
    fn recall(
        &mut self,
        provider: u64,
    ) -> impl Future<Output = Result<Vec<(u128, u128)>, OutboxError>> + Send;

    /// Reads all postponed reconciles.
    ///
    /// # Errors
    /// If the storage cannot be read.
    fn reconciles(&mut self) -> impl Future<Output = Result<StoredReconciles, OutboxError>> + Send;

    /// Says why new events are refused now, for example because space is short. Outcomes are written all the same.
    fn refusal(&mut self) -> Option<OutboxError>;

    /// Brings what was committed to where it stays, once there is enough of it: called behind the answers to a batch. `busy`
    /// says that commands wait.
    ///
    /// # Errors
    /// If the storage fails; what was committed stays durable, and the outbox goes on.
    fn checkpoint(&mut self, busy: bool) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Does a step of housekeeping while nothing else is to do. True if more is left.
    ///
    /// # Errors
    /// If the storage fails; the outbox goes on.
    fn tidy(&mut self) -> impl Future<Output = Result<bool, OutboxError>> + Send;

    /// Takes note, durably, that the storage is damaged, so that its next opening mends it.
    fn mark_damaged(&mut self);
}
