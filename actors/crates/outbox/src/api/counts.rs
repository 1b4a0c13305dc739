//! Counts by which an outbox describes itself.

use std::collections::BTreeMap;

use campanile_domain::ObjectKey;
use serde::{Deserialize, Serialize, Serializer};

use crate::DeliveryState;

/// The number of deliveries of an outbox, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Deliveries that are ready, leased or wait for a retry.
    pub pending: u64,
    /// Deliveries that wait for a human.
    pub parked: u64,
    /// The number of dead letters.
    pub dead: u64,
    /// What those that wait weigh, each with its event; see [`Bounds::bytes_per_provider`](crate::Bounds::bytes_per_provider).
    /// A [`UsageByAlert`] leaves it at zero.
    #[serde(default)]
    pub bytes: u64,
}

impl Usage {
    /// The number of those that wait, for whatever reason.
    pub fn waiting(&self) -> u64 {
        self.pending + self.parked
    }

    /// Counts one delivery of that state.
    pub(crate) fn count(&mut self, state: DeliveryState) {
        let number = match state {
            DeliveryState::Ready | DeliveryState::Leased | DeliveryState::Retry => &mut self.pending,
            DeliveryState::Parked => &mut self.parked,
            DeliveryState::Dead => &mut self.dead,
        };
        *number += 1;
    }
}

/// Counts of deliveries by their Alert.
pub type UsageByAlert = BTreeMap<ObjectKey, Usage>;

/// Counts for metrics, the operations API and tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The sums over all Providers.
    pub total: Usage,
    /// Events that wait to be planned.
    pub unplanned: u64,
    /// Events that were set aside because they cannot be planned, since the start.
    pub set_aside: u64,
    /// Stored bytes by the outbox's own account.
    pub bytes: u64,
    /// Deliveries that were done without being sent, because a newer one of their lane takes their place, since the start.
    pub superseded: u64,
    /// Deliveries that became dead letters because their provider's queue was at its bound, since the start.
    pub overflowed: u64,
    /// Records that could not be read and were set aside since the start.
    pub damaged: u64,
    /// Groups of writes that the disk or the database refused since the start.
    pub failed_writes: u64,
    /// Why new events are refused, as of the last write; none if they are not.
    pub trouble: Option<String>,
    /// By provider, those that hold anything. Written as `namespace/name`, since JSON has no other keys than text.
    #[serde(serialize_with = "by_name")]
    pub providers: BTreeMap<ObjectKey, Usage>,
}

fn by_name<S: Serializer>(usages: &BTreeMap<ObjectKey, Usage>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(usages.iter().map(|(provider, usage)| (provider.to_string(), usage)))
}
