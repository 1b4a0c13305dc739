//! Shares of memory for compiled patterns, in all and for each namespace.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes of all compiled patterns: of some twenty thousand usual ones.
const MOST: usize = 192 << 20;
/// Bytes of those of one namespace, as long as there is room for all.
const MOST_OF_ONE: usize = 64 << 20;
/// Bytes that every namespace may take even when the others used up what is there for all.
const OWN: usize = 1 << 20;

/// The memory that all compiled patterns take.
#[derive(Clone, Debug, Default)]
pub struct PatternMemory(Arc<AtomicUsize>);

/// The memory that the compiled patterns of one namespace take. A pattern that several namespaces have counts for the one that needed it
/// first.
#[derive(Debug)]
pub struct PatternShare {
    used: AtomicUsize,
    all: PatternMemory,
}

impl PatternMemory {
    /// The share of a namespace.
    pub fn share(&self) -> PatternShare {
        PatternShare { used: AtomicUsize::new(0), all: self.clone() }
    }

    /// Bytes taken by all shares.
    pub fn used(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl PatternShare {
    /// Takes `bytes`, if there is room for them. Who takes at the same time may be refused what would have fitted.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let used = self.used.fetch_add(bytes, Relaxed) + bytes;
        let all = self.all.0.fetch_add(bytes, Relaxed) + bytes;
        let fits = used <= OWN || (used <= MOST_OF_ONE && all <= MOST);
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Relaxed);
        self.all.0.fetch_sub(bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LazyPattern;

    #[test]
    fn issue_15_compiled_patterns_have_a_bound_in_all_and_every_namespace_its_own() {
        let memory = PatternMemory::default();
        let taken = |share: &PatternShare| (0..1000).filter(|_| share.take(1 << 20)).count();
        let greedy: Vec<PatternShare> = (0..4).map(|_| memory.share()).collect();
        assert_eq!(greedy.iter().map(taken).collect::<Vec<_>>(), [64, 64, 64, 1]);
        let sound = memory.share();
        assert_eq!(taken(&sound), 1);
        greedy[0].give_back(10 << 20);
        assert_eq!(taken(&sound), 8, "two namespaces live of their own, beyond what is there for all");
    }

    #[test]
    fn issue_15_a_pattern_beyond_the_share_of_its_namespace_matches_and_is_not_kept() {
        let memory = PatternMemory::default();
        let full = Arc::new(memory.share());
        assert!(full.take(MOST_OF_ONE));
        let pattern = LazyPattern::new("fail.*timeout").unwrap();
        assert!(
            pattern.is_match_within("it failed: timeout", &full) && !pattern.is_match_within("ok", &full)
        );
        assert_eq!(pattern.cost_compiled(10), None, "whoever needs it compiles it again and pays for that");
        let sound = Arc::new(memory.share());
        assert!(pattern.is_match_within("it failed: timeout", &sound));
        assert!(pattern.cost_compiled(10).is_some() && sound.used.load(Relaxed) > 1000);
        drop(pattern);
        assert_eq!(
            (sound.used.load(Relaxed), memory.used()),
            (0, MOST_OF_ONE),
            "one that is gone takes nothing"
        );
    }
}
