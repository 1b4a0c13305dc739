//! Sampling: of lines with the same message at the same level, the first hundred of a second, then each hundredth
//! (contract, control plane 10). An error that a hundred deliveries share must not drown the one that explains it.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing::Event;
use tracing::field::{Field, Visit};

use super::values::shown;

/// Lines of a second that are all written.
const FIRST: u32 = 100;
/// Of the others, one in so many.
const THEREAFTER: u32 = 100;
/// Counters. Messages that share one are counted together, which only matters while one of them floods.
const SLOTS: usize = 4096;

/// Counts of the running second, without a lock.
pub(super) struct Sampler {
    /// The second in the upper half, the count in the lower.
    slots: Box<[AtomicU64]>,
    /// Events that were not taken.
    left_out: AtomicU64,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), left_out: AtomicU64::new(0) }
    }
}

impl Sampler {
    /// Counts the event, and says whether it is to be written. `second` is the time in seconds.
    pub(super) fn takes(&self, event: &Event<'_>, second: i64) -> bool {
        let count = self.count(digest(event), second);
        let taken = count <= FIRST || (count - FIRST).is_multiple_of(THEREAFTER);
        if !taken {
            self.left_out.fetch_add(1, Relaxed);
        }
        taken
    }

    /// Events that were not taken so far.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(Relaxed)
    }

    fn count(&self, digest: u64, second: i64) -> u32 {
        let slot = &self.slots[usize::try_from(digest % SLOTS as u64).unwrap_or(0)];
        let second = second.unsigned_abs() << 32;
        let next = |now: u64| {
            let count = if now >> 32 == second >> 32 { now & u64::from(u32::MAX) } else { 0 };
            Some(second | (count + 1).min(u64::from(u32::MAX)))
        };
        let before = slot.fetch_update(Relaxed, Relaxed, next).unwrap_or(0);
        let after = next(before).unwrap_or(1) & u64::from(u32::MAX);
        u32::try_from(after).unwrap_or(u32::MAX)
    }
}

/// FNV-1a over level and message, without writing the message down.
fn digest(event: &Event<'_>) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    shown(hash.write_str(event.metadata().level().as_str()));
    event.record(&mut hash);
    hash.0
}

struct Fnv(u64);

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl Visit for Fnv {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            shown(write!(self, "{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            shown(self.write_str(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hundred_of_a_second_count_and_then_each_hundredth() {
        let sampler = Sampler::default();
        let counts: Vec<u32> = (0..3).map(|_| sampler.count(7, 1000)).collect();
        assert_eq!(counts, [1, 2, 3]);
        assert_eq!(sampler.count(8, 1000), 1, "another message");
        assert_eq!(sampler.count(7, 1001), 1, "another second");
    }
}
