//! The state that outlives a provider actor: it travels to the actor when it is built, and comes back in its last message.

use std::collections::HashMap;

use campanile_domain::{DeliveryId, Failure};
use jiff::Timestamp;

use crate::memo::MemoCopy;
use crate::refusals::Refusals;
use crate::sharing::Sharing;

/// Identifies the destination that a Provider leads to. It stays as long as type, address, credentials and channel do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DestinationId(pub(crate) u64);

/// The state of a Provider between two of its actors.
#[derive(Debug, Default)]
pub(crate) struct ProviderHandover {
    /// The pause that the destination asked for.
    pub(crate) pause: Option<Pause>,
    /// Why the destination gets nothing.
    pub(crate) trouble: Option<StandingFailure>,
    /// The exchanges that panicked, by delivery.
    pub(crate) panics: Panics,
    /// A copy of the commit-status memo.
    pub(crate) memo: MemoCopy,
    /// Whose the commit statuses are.
    pub(crate) sharing: Sharing,
}

impl ProviderHandover {
    /// What may be assumed after an actor that did not answer, whose last message may come late or never: its exchanges
    /// may still be under way. A destination that still wants a pause says so again.
    pub(crate) fn after_a_stuck_actor() -> Self {
        Self { memo: MemoCopy::Unreliable, ..Self::default() }
    }

    /// Until when `destination` wants no messages; another one has asked for no pause.
    pub(crate) fn held_until(&self, destination: DestinationId) -> Option<Timestamp> {
        self.pause.filter(|pause| pause.destination == destination).map(|pause| pause.until)
    }

    /// What `destination` refused, and why it gets nothing; another one has refused nothing.
    pub(crate) fn trouble_with(&mut self, destination: DestinationId) -> (Option<Failure>, Refusals) {
        let known = self.trouble.take().filter(|trouble| trouble.destination == destination);
        known.map(|trouble| (trouble.stopped, trouble.refusals)).unwrap_or_default()
    }
}

/// A failure of the destination that lasts.
#[derive(Debug)]
pub(crate) struct StandingFailure {
    /// The destination that refuses messages.
    pub(crate) destination: DestinationId,
    /// Why it gets nothing, if so.
    pub(crate) stopped: Option<Failure>,
    /// The refusals since it began.
    pub(crate) refusals: Refusals,
}

/// A pause that a destination asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// The destination that asked for it.
    pub(crate) destination: DestinationId,
    /// The time at which the pause ends.
    pub(crate) until: Timestamp,
}

/// The panics of exchanges by delivery. Entries go when their delivery ends; at most [`MOST`] are remembered,
/// more start again from one.
#[derive(Debug, Default)]
pub(crate) struct Panics(HashMap<DeliveryId, u32>);

const MOST: usize = 1024;

impl Panics {
    /// How often this delivery has panicked so far.
    pub(crate) fn of(&self, delivery: DeliveryId) -> u32 {
        self.0.get(&delivery).copied().unwrap_or(0)
    }

    /// Notes that this delivery has panicked so often and will be tried again.
    pub(crate) fn note(&mut self, delivery: DeliveryId, times: u32) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(delivery, times);
    }

    /// Forgets a delivery whose exchange came to its end.
    pub(crate) fn forget(&mut self, delivery: DeliveryId) {
        // Hardly ever is there anything to forget.
        if !self.0.is_empty() {
            self.0.remove(&delivery);
        }
    }
}
