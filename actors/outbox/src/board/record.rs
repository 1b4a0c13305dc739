//! What the board keeps of every delivery, and the checksum that guards the same facts on disk.

use campanile_domain::ObjectKey;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::chain::{Links, Strand};
use super::slab::Place;
use crate::DeliveryState;

/// Microseconds since the epoch.
pub(crate) type Micros = i64;

/// When a delivery is due that waits for nothing.
pub(crate) const AT_ONCE: Micros = 0;

/// Where a delivery stands, leases aside. The numbers are those of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    Ready = 0,
    Retry = 1,
    Parked = 2,
    Dead = 3,
}

impl Phase {
    pub(crate) fn of_number(number: i64) -> Option<Self> {
        [Self::Ready, Self::Retry, Self::Parked, Self::Dead].into_iter().find(|phase| *phase as i64 == number)
    }

    pub(crate) fn state(self) -> DeliveryState {
        match self {
            Self::Ready => DeliveryState::Ready,
            Self::Retry => DeliveryState::Retry,
            Self::Parked => DeliveryState::Parked,
            Self::Dead => DeliveryState::Dead,
        }
    }
}

/// A delivery that is not dead. A million of them may wait: every byte here is a megabyte.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) id: i64,
    pub(super) due: Micros,
    pub(super) deadline: Micros,
    lane_links: Links,
    provider_links: Links,
    pub(super) event: Place,
    pub(super) lane: Place,
    /// What its row weighs.
    pub(super) bytes: u32,
    /// Saturates.
    pub(super) attempts: u16,
    pub(super) phase: Phase,
    pub(super) leased: bool,
}

impl Record {
    pub(super) fn new(arrival: &Arrival, event: Place, lane: Place) -> Self {
        Self {
            id: arrival.id,
            due: arrival.at,
            deadline: arrival.deadline,
            lane_links: Links::NONE,
            provider_links: Links::NONE,
            event,
            lane,
            bytes: arrival.bytes,
            attempts: arrival.attempts,
            phase: arrival.phase,
            leased: false,
        }
    }

    pub(super) fn links(&self, strand: Strand) -> Links {
        match strand {
            Strand::Lane => self.lane_links,
            Strand::Provider => self.provider_links,
        }
    }

    pub(super) fn links_mut(&mut self, strand: Strand) -> &mut Links {
        match strand {
            Strand::Lane => &mut self.lane_links,
            Strand::Provider => &mut self.provider_links,
        }
    }
}

/// A delivery as it comes to the board: from a commit, from the file, or back from the dead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: i64,
    /// Its lane's number, from [`lane_number`].
    pub(crate) lane: u64,
    pub(crate) phase: Phase,
    /// When it is due, or when it died.
    pub(crate) at: Micros,
    pub(crate) deadline: Micros,
    pub(crate) attempts: u16,
    /// What its row weighs.
    pub(crate) bytes: u32,
}

impl Arrival {
    /// The checksum of a delivery's columns, its texts aside.
    pub(crate) fn checksum(&self, event: i64, event_bytes: u32, provider: u64) -> u64 {
        let facts = [
            self.id,
            event,
            i64::from(event_bytes),
            provider.cast_signed(),
            self.lane.cast_signed(),
            self.phase as i64,
            self.at,
            self.deadline,
            i64::from(self.attempts),
            i64::from(self.bytes),
        ];
        let mut text = [0; 80];
        for (bytes, fact) in text.chunks_exact_mut(8).zip(facts) {
            bytes.copy_from_slice(&fact.to_le_bytes());
        }
        xxh3_64(&text)
    }
}

/// The number of a provider: the same in every process.
pub(crate) fn provider_number(provider: &ObjectKey) -> u64 {
    xxh3_64_with_seed(provider.name.as_bytes(), xxh3_64(provider.namespace.as_bytes()))
}

/// The bit of a lane's number that says whether only its newest delivery matters.
const NEWEST_ONLY: u64 = 1;

/// The number of a provider's lane. Two lanes that share one by chance are merely served in turn. The two kinds of lane
/// never share one, and the kind can be told from the number, so that neither memory nor file needs a column for it.
pub(crate) fn lane_number(provider: u64, lane: &str, newest_only: bool) -> u64 {
    xxh3_64_with_seed(lane.as_bytes(), provider) & !NEWEST_ONLY | u64::from(newest_only)
}

/// Whether only the newest delivery of a lane matters.
pub(super) fn is_newest_only(lane: u64) -> bool {
    lane & NEWEST_ONLY != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_small() {
        assert_eq!(size_of::<Record>(), 56);
    }

    #[test]
    fn every_column_is_guarded() {
        let plain =
            Arrival { id: 1, lane: 2, phase: Phase::Ready, at: AT_ONCE, deadline: 3, attempts: 4, bytes: 5 };
        let changed = [
            Arrival { id: 9, ..plain },
            Arrival { lane: 9, ..plain },
            Arrival { phase: Phase::Dead, ..plain },
            Arrival { at: 9, ..plain },
            Arrival { deadline: 9, ..plain },
            Arrival { attempts: 9, ..plain },
            Arrival { bytes: 9, ..plain },
        ];
        let sum = plain.checksum(6, 7, 8);
        assert!(changed.iter().all(|other| other.checksum(6, 7, 8) != sum));
        assert!(
            [plain.checksum(9, 7, 8), plain.checksum(6, 9, 8), plain.checksum(6, 7, 9)]
                .iter()
                .all(|s| *s != sum)
        );
    }

    #[test]
    fn namespaces_and_names_do_not_run_together() {
        let number = |namespace: &str, name: &str| provider_number(&ObjectKey::new(namespace, name));
        assert_ne!(number("a", "bc"), number("ab", "c"));
        assert_ne!(lane_number(1, "x", false), lane_number(2, "x", false));
    }

    #[test]
    fn a_lanes_number_tells_its_kind() {
        for lane in ["a", "b", "c", "d"] {
            assert!(is_newest_only(lane_number(1, lane, true)));
            assert!(!is_newest_only(lane_number(1, lane, false)));
        }
    }
}
