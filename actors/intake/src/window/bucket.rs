//! One key's bucket: a single token, given back when a later slot begins (contract, control plane 4.7).
//!
//! All times are microseconds since 1970. Slot `k` covers `start + k·interval` up to the next slot's begin.

/// Stands for the slot of a bucket in which nothing was accepted yet.
const NEVER: u32 = u32::MAX;

/// The state of one key. Kept small: there may be millions.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowEntry {
    /// When the first event of the key came.
    start: i64,
    /// The last slot in which an event was accepted and stored.
    slot: u32,
    /// Whether an event is being stored now. Then nothing else is known, and the bucket must stay.
    pending: bool,
}

/// The answer of a bucket. `reset` is the begin of the next slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// The token is taken for as long as it takes to store the event.
    Claimed { slot: u32, reset: i64 },
    /// The token of this slot is spent.
    Spent { reset: i64 },
    /// Somebody else has claimed it and does not know yet.
    Pending,
}

impl WindowEntry {
    pub(super) fn new(now: i64) -> Self {
        Self { start: now, slot: NEVER, pending: false }
    }

    pub(super) fn take(&mut self, now: i64, interval: i64) -> Take {
        if self.pending {
            return Take::Pending;
        }
        let current = self.enter(now, interval);
        let reset = self.begin(current, interval).saturating_add(interval);
        if self.slot != NEVER && current <= self.slot {
            return Take::Spent { reset };
        }
        self.pending = true;
        Take::Claimed { slot: current, reset }
    }

    /// The slot of `now`. A clock that moved before the bucket's start starts it anew, its token still spent.
    fn enter(&mut self, now: i64, interval: i64) -> u32 {
        if now < self.start {
            self.start = now;
            self.slot = if self.slot == NEVER { NEVER } else { 0 };
        }
        match u32::try_from((now - self.start) / interval) {
            Ok(slot) if slot != NEVER => slot,
            _ => {
                *self = Self::new(now);
                0
            }
        }
    }

    fn begin(&self, slot: u32, interval: i64) -> i64 {
        self.start.saturating_add(i64::from(slot).saturating_mul(interval))
    }

    /// The event claimed in `slot` is stored.
    pub(super) fn confirm(&mut self, slot: u32) {
        self.pending = false;
        self.slot = slot;
    }

    /// The claimed event is not stored. Says whether the bucket never held one and can go.
    pub(super) fn release(&mut self) -> bool {
        self.pending = false;
        self.slot == NEVER
    }

    pub(super) fn is_pending(&self) -> bool {
        self.pending
    }

    /// When the slot began in which an event was last accepted.
    pub(super) fn last_use(&self, interval: i64) -> i64 {
        self.begin(if self.slot == NEVER { 0 } else { self.slot }, interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: i64 = 300;

    fn accept(bucket: &mut WindowEntry, now: i64) -> Option<i64> {
        match bucket.take(now, INTERVAL) {
            Take::Claimed { slot, reset } => {
                bucket.confirm(slot);
                Some(reset)
            }
            Take::Spent { .. } | Take::Pending => None,
        }
    }

    #[test]
    fn the_token_comes_back_at_slot_boundaries_counted_from_the_first_event() {
        let mut bucket = WindowEntry::new(1000);
        assert_eq!(accept(&mut bucket, 1000), Some(1300));
        assert_eq!(bucket.take(1299, INTERVAL), Take::Spent { reset: 1300 });
        assert_eq!(accept(&mut bucket, 1599), Some(1600));
        assert_eq!(
            accept(&mut bucket, 1600),
            Some(1900),
            "two accepted ones may be closer than the interval"
        );
        assert_eq!(bucket.last_use(INTERVAL), 1600);
    }

    #[test]
    fn a_claim_that_is_given_back_leaves_the_bucket_as_it_was() {
        let mut bucket = WindowEntry::new(1000);
        assert_eq!(bucket.take(1000, INTERVAL), Take::Claimed { slot: 0, reset: 1300 });
        assert_eq!(bucket.take(1001, INTERVAL), Take::Pending);
        assert!(bucket.release());
        assert_eq!(accept(&mut bucket, 1002), Some(1300));
        assert_eq!(bucket.take(1300, INTERVAL), Take::Claimed { slot: 1, reset: 1600 });
        assert!(!bucket.release());
        assert_eq!(accept(&mut bucket, 1301), Some(1600));
    }

    #[test]
    fn a_clock_that_moves_before_the_start_starts_the_bucket_anew() {
        let mut bucket = WindowEntry::new(1000);
        assert!(accept(&mut bucket, 2000).is_some());
        assert_eq!(bucket.take(1100, INTERVAL), Take::Spent { reset: 1300 });
        assert_eq!(bucket.take(500, INTERVAL), Take::Spent { reset: 800 });
        assert_eq!(accept(&mut bucket, 800), Some(1100));
    }

    #[test]
    fn more_slots_than_can_be_counted_start_the_bucket_anew() {
        let mut bucket = WindowEntry::new(0);
        assert!(accept(&mut bucket, 0).is_some());
        let far = INTERVAL * i64::from(NEVER) + 7;
        assert_eq!(accept(&mut bucket, far), Some(far + INTERVAL));
    }
}
