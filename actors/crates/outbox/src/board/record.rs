//! The record that the board keeps of every delivery, and the checksum that guards the same facts on disk.

use campanile_domain::ObjectKey;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::links::{ChainKind, ListLinks};
use super::slab::SlabIndex;
use crate::journal::{Micros, Phase};

/// When a delivery is due that waits for nothing.
pub(crate) const AT_ONCE: Micros = 0;

/// A delivery that is not dead. A million of them may wait: every byte here is a megabyte.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) id: i64,
    pub(super) due: Micros,
    pub(super) deadline: Micros,
    lane_links: ListLinks,
    provider_links: ListLinks,
    pub(super) event: SlabIndex,
    pub(super) lane: SlabIndex,
    /// The bytes that its row takes.
    pub(super) bytes: u32,
    /// The number of attempts; saturates.
    pub(super) attempts: u16,
    pub(super) phase: Phase,
    pub(super) leased: bool,
}

impl Record {
    pub(super) fn new(arrival: &BoardEntry, event: SlabIndex, lane: SlabIndex) -> Self {
        Self {
            id: arrival.id,
            due: arrival.at,
            deadline: arrival.deadline,
            lane_links: ListLinks::NONE,
            provider_links: ListLinks::NONE,
            event,
            lane,
            bytes: arrival.bytes,
            attempts: arrival.attempts,
            phase: arrival.phase,
            leased: false,
        }
    }

    pub(super) fn links(&self, kind: ChainKind) -> ListLinks {
        match kind {
            ChainKind::Lane => self.lane_links,
            ChainKind::Provider => self.provider_links,
        }
    }

    pub(super) fn links_mut(&mut self, kind: ChainKind) -> &mut ListLinks {
        match kind {
            ChainKind::Lane => &mut self.lane_links,
            ChainKind::Provider => &mut self.provider_links,
        }
    }
}

/// The columns of a delivery as it comes to the board: from a commit, from the journal, or back from the dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardEntry {
    /// The number of its row.
    pub id: i64,
    /// The number of its lane, a hash that tells too whether only the newest of the lane matters.
    pub lane: u64,
    /// The phase in which the delivery stands.
    pub phase: Phase,
    /// When it is due (zero: at once), or when it died.
    pub at: Micros,
    /// When it is no longer worth sending.
    pub deadline: Micros,
    /// The number of its attempts so far; saturates.
    pub attempts: u16,
    /// What its row weighs, in bytes.
    pub bytes: u32,
}

impl BoardEntry {
    /// The checksum of a delivery's columns, its texts aside: with its origin, the number and weight of its event, and
    /// the [number](provider_number) of its Provider.
    pub fn checksum(&self, origin: u64, event: i64, event_bytes: u32, provider: u64) -> u64 {
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
        xxh3_64_with_seed(&text, origin)
    }
}

/// The number of a provider, a hash: the same in every process.
pub fn provider_number(provider: &ObjectKey) -> u64 {
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
        let plain = BoardEntry {
            id: 1,
            lane: 2,
            phase: Phase::Ready,
            at: AT_ONCE,
            deadline: 3,
            attempts: 4,
            bytes: 5,
        };
        let changed = [
            BoardEntry { id: 9, ..plain },
            BoardEntry { lane: 9, ..plain },
            BoardEntry { phase: Phase::Dead, ..plain },
            BoardEntry { at: 9, ..plain },
            BoardEntry { deadline: 9, ..plain },
            BoardEntry { attempts: 9, ..plain },
            BoardEntry { bytes: 9, ..plain },
        ];
        let sum = plain.checksum(0, 6, 7, 8);
        assert!(changed.iter().all(|other| other.checksum(0, 6, 7, 8) != sum));
        assert!(
            [
                plain.checksum(9, 6, 7, 8),
                plain.checksum(0, 9, 7, 8),
                plain.checksum(0, 6, 9, 8),
                plain.checksum(0, 6, 7, 9)
            ]
            .iter()
            .all(|other| *other != sum)
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
