//! Storing accepted events: the part that the router uses.

use campanile_domain::NewDelivery;

use super::{Append, EventId, Reply, Unplanned, WhenStored};

/// Stores events with their deliveries, and keeps those that cannot be planned yet.
pub trait Acceptance: Send + Sync {
    /// Stores an event with its deliveries, and calls `stored` once they are durable: the way without a hop between the
    /// store and whoever waits.
    fn append(&self, entry: Append, stored: WhenStored);

    /// Events that wait to be planned, at most `limit`: namespaces take turns, and of each the oldest comes first.
    fn unplanned(&self, limit: usize) -> Reply<Vec<Unplanned>>;

    /// How many events wait to be planned.
    fn unplanned_count(&self) -> u64;

    /// Gives a stored event its deliveries; none removes it. Unknown events are ignored.
    fn plan(&self, event: EventId, deliveries: Vec<NewDelivery>) -> Reply<()>;

    /// Sets an event aside that cannot be planned: its row stays for an operator, and nothing reads it any more. Unknown
    /// events are ignored.
    fn set_aside(&self, event: EventId) -> Reply<()>;
}
