//! The actor that holds the alert index and plans deliveries.
//!
//! [`plan()`] is a pure function from an event and an [`Index`] to deliveries, drops with their reasons and notices for the
//! Alerts' owners; [`explain`] says of every Alert which step stopped it, by the same code. [`RouterActor`] wraps both:
//! it keeps the index up to date, plans what intake submits and answers once the outbox has it on disk.
//!
//! Until the Alerts and the labels that they ask for are known, events are stored unplanned and planned later, in the
//! order in which they were accepted. Nothing here fails for good: what the outbox refuses is answered as refused, and
//! the actor can be built anew at any time, because all it knows it is told again.

mod actor;
mod index;
mod plan;

pub use actor::{EventCounts, RouterActor, RouterConfig, RouterParts, RouterPhase, RouterSnapshot, Suspects};
pub use index::Index;
pub use plan::{
    DecidingStep, DropReason, Dropped, Incoming, OwnerNotice, Plan, Problem, RoutingPolicy, Stops, explain,
    plan,
};
