//! The durable queue between acceptance and delivery.
//!
//! See [`Outbox`] for what it promises.

mod api;

pub use api::{
    Append, Bounds, DeliveryState, DeliveryView, EventId, Lease, Listener, Outbox, OutboxError, Planned,
    Reply, Selection, Settlement, Stats, Unplanned, Usage,
};
