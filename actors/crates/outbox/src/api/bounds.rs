//! Bounds on what an outbox may hold and answer.

use crate::OutboxError;

/// The most entries in the memo of one Provider; the entry that was remembered longest ago leaves first.
pub const MEMO_BOUND: usize = 10_000;

/// The most deliveries that one batch takes of an entry: some 2 ms, which is what others wait for. An entry with more is written
/// in parts, between which others have their turn.
pub const PART: usize = 128;

/// The longest list of deliveries that is given in one answer.
pub(crate) const LIST_BOUND: usize = 10_000;

/// Records, and what they weigh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// The number of the records.
    pub(crate) records: usize,
    /// The bytes of the records.
    pub(crate) bytes: u64,
}

impl Room {
    /// Adds one record of `bytes` bytes.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.records += 1;
        self.bytes += bytes;
    }

    /// Takes one record of `bytes` bytes away.
    pub(crate) fn take(&mut self, bytes: u64) {
        self.records -= 1;
        self.bytes -= bytes;
    }

    /// The sum of both of them.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { records: self.records + other.records, bytes: self.bytes + other.bytes }
    }
}

/// The bounds of an outbox.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Deliveries and unplanned events in total. Beyond it the oldest waiting deliveries of the namespace that has most become
    /// dead letters (`overflow`); what cannot fit so is refused with [`OutboxError::Full`].
    pub records: usize,
    /// Bytes of stored events and deliveries in total. Beyond it the namespace that has most loses its oldest dead letters and
    /// waiting deliveries; what cannot fit so is refused. A smaller volume lowers it, and the other bounds in bytes, to its
    /// half.
    pub bytes: u64,
    /// Deliveries of one provider; beyond it the provider's oldest waiting one becomes a dead letter (`overflow`).
    pub records_per_provider: usize,
    /// Bytes of one provider's deliveries, each with the whole of its event, also where others share that: what the provider
    /// would hold if it were alone. Beyond it the provider's oldest waiting ones become dead letters (`overflow`).
    pub bytes_per_provider: u64,
    /// Dead letters; beyond it the oldest of the namespace that has most are dropped.
    pub dead_letters: usize,
    /// Bytes of dead letters, counted as those of a provider; beyond it the oldest of the namespace that has most are dropped.
    pub dead_letter_bytes: u64,
    /// How long dead letters are kept.
    pub retention: std::time::Duration,
    /// Bytes of events kept in memory beside the disk; beyond it they are read back when needed.
    pub cache_bytes: usize,
    /// Free bytes on the disk below which new events are refused, so that outcomes can still be written.
    pub reserve_bytes: u64,
}

impl Bounds {
    /// Why a further event without a plan is refused; none if it is not. `all` is what such events take now, and `of_one` what
    /// those about objects of its namespace take. They cannot be given back, so they have half of the outbox at most. A
    /// namespace may take a quarter of that, and more as long as half of it is free.
    pub(crate) fn refuses_unplanned(&self, all: Room, of_one: Room) -> Option<OutboxError> {
        let (records, bytes) = (self.records.div_ceil(2), self.bytes / 2);
        let is_full = all.records >= records || all.bytes >= bytes;
        let is_tight = all.records >= records.div_ceil(2) || all.bytes >= bytes / 2;
        let has_its_share = of_one.records >= records.div_ceil(4) || of_one.bytes >= bytes / 4;
        (is_full || is_tight && has_its_share).then_some(OutboxError::FULL_UNPLANNED)
    }

    /// These bounds on a volume of `volume` bytes: at most half of it is filled, as the log of the database and the room that
    /// rows leave behind need the rest.
    pub(crate) fn within(self, volume: u64) -> Self {
        let bytes = volume / 2;
        if bytes >= self.bytes {
            return self;
        }
        Self {
            bytes,
            bytes_per_provider: self.bytes_per_provider.min(bytes / 8),
            dead_letter_bytes: self.dead_letter_bytes.min(bytes / 8),
            ..self
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            records: 2_000_000,
            bytes: 2 << 30,
            records_per_provider: 200_000,
            // An eighth of the whole each: one broken destination with all of its dead letters leaves three quarters to the
            // others. Deliveries of 1.3 KiB, more than most weigh, meet this bound and that of records together.
            bytes_per_provider: 256 << 20,
            dead_letters: 10_000,
            dead_letter_bytes: 256 << 20,
            retention: std::time::Duration::from_secs(7 * 24 * 3600),
            cache_bytes: 4 << 20,
            reserve_bytes: 8 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_17_bounds_follow_the_size_of_the_volume() {
        let of = |bounds: Bounds| [bounds.bytes, bounds.bytes_per_provider, bounds.dead_letter_bytes];
        assert_eq!(of(Bounds::default().within(1 << 30)), [512 << 20, 64 << 20, 64 << 20]);
        assert_eq!(
            of(Bounds::default().within(1 << 40)),
            of(Bounds::default()),
            "a large one changes nothing"
        );
    }
}
