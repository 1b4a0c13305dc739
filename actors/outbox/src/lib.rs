//! The durable queue between acceptance and delivery.
//!
//! See [`Outbox`] for what it promises.

mod api;
mod board;
mod codec;
mod memory;
mod reasons;
mod sqlite;
#[cfg(test)]
mod suite;

pub use api::{
    Append, Bounds, DeliveryState, DeliveryView, EventId, Lease, Listener, MEMO_BOUND, Outbox, OutboxError,
    Planned, Reply, Selection, Settlement, Stats, Tally, Unplanned, Usage, WhenStored,
};
pub use memory::MemoryOutbox;
pub use sqlite::{OpenError, Opened, SqliteOutbox};
