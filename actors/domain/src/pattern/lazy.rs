//! A pattern of an Alert, compiled for good when the first event has to be matched against it.

use std::fmt;
use std::sync::OnceLock;

use super::Pattern;

/// A pattern that is known to compile. Of thousands of Alerts most wait for events that hardly ever come, and a compiled
/// pattern takes ten times the memory of the rest of its Alert.
pub struct LazyPattern {
    source: Box<str>,
    size: usize,
    /// Empty until the first match. What it holds is never nothing, since `source` compiled before.
    compiled: OnceLock<Option<Pattern>>,
}

impl LazyPattern {
    /// The same pattern, its compiled form given back.
    pub fn of(pattern: Pattern) -> Self {
        Self { size: pattern.size(), source: pattern.source, compiled: OnceLock::new() }
    }

    /// Whether the pattern occurs anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Pattern::new(&self.source).ok());
        compiled.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }

    /// What it takes in memory once it is compiled, in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

impl fmt::Debug for LazyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LazyPattern({:?})", self.source)
    }
}
