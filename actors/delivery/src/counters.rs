//! The counters of delivery, and the snapshot that the operations API, metrics and tests read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use campanile_outbox::Settlement;
use campanile_supervision::EndCounts;
use serde::Serialize;

/// Counters that the dispatcher shares with its provider actors and their tasks.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) attempts: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) parked: AtomicU64,
    pub(crate) dead: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) in_flight: AtomicU64,
}

impl Counters {
    pub(crate) fn settled(&self, settlement: &Settlement) {
        let counter = match settlement {
            Settlement::Done => &self.delivered,
            Settlement::RetryAt(..) => &self.retries,
            Settlement::Parked(..) => &self.parked,
            Settlement::Dead(_) => &self.dead,
            Settlement::Release => return,
        };
        counter.fetch_add(1, Relaxed);
    }
}

/// The snapshot of delivery. Counts are since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliverySnapshot {
    /// The number of Providers that are known.
    pub providers: usize,
    /// Providers whose settings do not resolve.
    pub not_ready: usize,
    /// The number of provider actors that are alive.
    pub actors: usize,
    /// The restarts of provider actors since the start.
    pub restarts: u64,
    /// Ends of provider actors by what they came to.
    pub ends: EndCounts,
    /// Threads that provider actors live on.
    pub threads: usize,
    /// The number of exchanges under way.
    pub in_flight: u64,
    /// The number of exchanges begun since the start.
    pub attempts: u64,
    /// Deliveries that arrived or needed nothing.
    pub delivered: u64,
    /// Failures that led to another attempt.
    pub retries: u64,
    /// Failures that only a human can mend.
    pub parked: u64,
    /// The number of deliveries that were given up.
    pub dead: u64,
    /// The number of exchanges that panicked.
    pub panics: u64,
}

impl Counters {
    /// The counts; what the dispatcher itself knows is left at zero.
    pub(crate) fn snapshot(&self) -> DeliverySnapshot {
        DeliverySnapshot {
            in_flight: self.in_flight.load(Relaxed),
            attempts: self.attempts.load(Relaxed),
            delivered: self.delivered.load(Relaxed),
            retries: self.retries.load(Relaxed),
            parked: self.parked.load(Relaxed),
            dead: self.dead.load(Relaxed),
            panics: self.panics.load(Relaxed),
            ..DeliverySnapshot::default()
        }
    }
}
