//! A pattern of an Alert, compiled for good when the first event has to be matched against it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{Pattern, PatternError, PatternShare, Price, price, read};

/// A compiled pattern that is larger is not kept: whoever needs it compiles it again and pays for that, in bytes. Usual ones
/// take 3 to 15 KiB.
const KEPT: usize = 64 << 10;

/// What compiling takes for each state, in nanoseconds.
const COMPILING: u64 = 2_000;

/// What matching takes in any case, in nanoseconds.
const AT_LEAST: u64 = 200;

/// What a pattern with a small automaton takes for a byte, in nanoseconds: the automaton is in one place at a time, whatever
/// the pattern's price is.
const SMALL_AUTOMATON: u64 = 2;

/// A pattern that is known to compile. Of thousands of Alerts most wait for events that hardly ever come, and a compiled
/// pattern takes ten times the memory of the rest of its Alert.
pub struct LazyPattern {
    source: Box<str>,
    price: Price,
    states: usize,
    /// Empty until the first match, and for as long as it cannot be kept: it is too large, or the share is used up.
    compiled: OnceLock<Kept>,
}

/// A compiled pattern, and whose share it takes.
struct Kept {
    pattern: Pattern,
    share: Option<Arc<PatternShare>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(share) = &self.share {
            share.give_back(self.pattern.footprint());
        }
    }
}

impl LazyPattern {
    /// Checks `source` and works out its price, without compiling it.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let tree = read(source)?;
        let (price, states) = (price::price(&tree), price::states(&tree));
        Ok(Self { source: source.into(), price, states, compiled: OnceLock::new() })
    }

    /// Whether the pattern occurs anywhere in `text`. Compiles it unless a match before did.
    pub fn is_match(&self, text: &str) -> bool {
        self.find(text, None)
    }

    /// The same, and keeps the compiled pattern only if there is room in `share`.
    pub fn is_match_within(&self, text: &str, share: &Arc<PatternShare>) -> bool {
        self.find(text, Some(share))
    }

    fn find(&self, text: &str, share: Option<&Arc<PatternShare>>) -> bool {
        if let Some(kept) = self.compiled.get() {
            return kept.pattern.is_match(text);
        }
        let Ok(pattern) = Pattern::new(&self.source) else { return false };
        let found = pattern.is_match(text);
        if pattern.size() <= KEPT && share.is_none_or(|share| share.take(pattern.footprint())) {
            // Should another thread have been quicker, this one is dropped and gives back what it took.
            self.compiled.get_or_init(|| Kept { pattern, share: share.cloned() });
        }
        found
    }

    /// The price of a match.
    pub fn price(&self) -> Price {
        self.price
    }

    /// About how many states its compiled form has, which is what it takes in memory.
    pub(super) fn states(&self) -> usize {
        self.states
    }

    /// The cost of a match of `bytes` bytes of text now, in nanoseconds; none if the pattern has to be compiled for it.
    pub fn cost_compiled(&self, bytes: usize) -> Option<u64> {
        let compiled = self.compiled.get()?;
        let by_automaton = compiled.pattern.has_small_automaton().then(|| SMALL_AUTOMATON * bytes as u64);
        Some(AT_LEAST + by_automaton.unwrap_or_else(|| self.price.nanoseconds_for(bytes)))
    }

    /// The cost of a match of `bytes` bytes of text in all, in nanoseconds, compiling included.
    pub fn cost(&self, bytes: usize) -> u64 {
        let compiling = || (self.states as u64 * COMPILING).saturating_add(self.price.nanoseconds_for(bytes));
        self.cost_compiled(bytes).unwrap_or_else(compiling)
    }

    /// The pattern as the user wrote it.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for LazyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LazyPattern({:?})", self.source)
    }
}
