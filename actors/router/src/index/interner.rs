//! Equal patterns of different Alerts are one.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use campanile_pattern::{LazyPattern, PatternBudget, PatternError, PatternMemory, PatternShare};

/// Below this many entries nothing is purged.
const PURGE_FLOOR: usize = 64;

/// Patterns by their text. It keeps none alive: entries of patterns that no Alert uses any more are purged
/// whenever the number of entries has doubled. The size of one pattern is bounded by
/// [`Pattern`](campanile_pattern::Pattern) itself.
#[derive(Debug, Default)]
pub(super) struct Interner {
    patterns: HashMap<Box<str>, Weak<LazyPattern>>,
    purge_at: usize,
    memory: PatternMemory,
    /// By namespace of the Alerts. Kept while an Alert of the namespace or one of its patterns is.
    shares: HashMap<Arc<str>, Weak<PatternShare>>,
    purge_shares_at: usize,
}

impl Interner {
    /// The pattern of `source`, checked, and paid from the Alert's `budget`.
    pub(super) fn get(
        &mut self,
        source: &str,
        budget: &mut PatternBudget,
    ) -> Result<Arc<LazyPattern>, PatternError> {
        if let Some(known) = self.patterns.get(source).and_then(Weak::upgrade) {
            return budget.admit(&known).map(|()| known);
        }
        let pattern = Arc::new(budget.check(source)?);
        self.purge();
        self.patterns.insert(source.into(), Arc::downgrade(&pattern));
        Ok(pattern)
    }

    /// What the compiled patterns of a namespace may take.
    pub(super) fn share(&mut self, namespace: &Arc<str>) -> Arc<PatternShare> {
        if let Some(known) = self.shares.get(namespace).and_then(Weak::upgrade) {
            return known;
        }
        if self.shares.len() >= self.purge_shares_at.max(PURGE_FLOOR) {
            self.shares.retain(|_, share| share.strong_count() > 0);
            self.purge_shares_at = self.shares.len() * 2;
        }
        let share = Arc::new(self.memory.share());
        self.shares.insert(namespace.clone(), Arc::downgrade(&share));
        share
    }

    /// How many patterns are in use.
    pub(super) fn count(&self) -> usize {
        self.patterns.values().filter(|pattern| pattern.strong_count() > 0).count()
    }

    fn purge(&mut self) {
        if self.patterns.len() < self.purge_at.max(PURGE_FLOOR) {
            return;
        }
        self.patterns.retain(|_, pattern| pattern.strong_count() > 0);
        self.purge_at = self.patterns.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_patterns_are_one_and_unused_ones_are_purged() {
        let mut interner = Interner::default();
        let mut get = |source: &str| interner.get(source, &mut PatternBudget::default());
        let kept = get("a+").unwrap();
        assert!(Arc::ptr_eq(&kept, &get("a+").unwrap()));
        assert!(get("[").is_err());
        for n in 0..1000 {
            get(&format!("a{n}")).unwrap();
        }
        assert_eq!(interner.count(), 1);
        assert!(interner.patterns.len() <= PURGE_FLOOR);
        assert!(Arc::ptr_eq(&kept, &interner.get("a+", &mut PatternBudget::default()).unwrap()));
    }
}
