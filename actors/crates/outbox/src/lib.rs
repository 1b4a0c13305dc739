//! The durable queue between acceptance and delivery.
//!
//! [`Outbox`] says what it promises; its parts are [`Acceptance`], [`Scheduler`], [`MemoStore`], [`ReconcileStore`] and
//! [`Browse`]. An outbox is
//! made of a [`Journal`], which keeps what is durable, a board in memory that schedules it and is the same for every
//! journal, and an [`Ownership`], which says what Providers are this process' own.

mod api;
mod board;
mod codec;
mod journal;
mod journaled;
mod memory;
mod reasons;
mod sqlite;
#[cfg(test)]
mod suite;

pub use api::{
    Acceptance, AllProviders, Append, Bounds, Browse, BrowseFilter, DeliveryState, DeliveryView, Epoch,
    EventId, Lease, MEMO_BOUND, MemoStore, Outbox, OutboxError, Ownership, PART, Planned, ReconcileStore,
    Reply, Scheduler, Settlement, Stats, Unplanned, Usage, UsageByAlert, WhenStored, WorkListener,
};
pub use board::{BoardEntry, provider_number};
pub use journal::{
    EventAction, Journal, JournalBatch, LastFailure, Loader, MemoChange, MemoNote, Micros, Phase, RowChange,
    RowColumns, RowOutcome, StagedDelivery, StagedEvent, StoredDelivery, StoredEvent, StoredEvents,
    StoredReconciles, StoredRow, StoredTexts, TextRequest,
};
pub use journaled::JournaledOutbox;
pub use memory::MemoryOutbox;
pub use sqlite::{OpenError, Opened, open};
