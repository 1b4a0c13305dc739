//! A pattern of an Alert, compiled for good when the first event has to be matched against it.

use std::fmt;
use std::sync::OnceLock;

use super::small::is_small;
use super::{LEAST_PROGRAM, Pattern, PatternError, read};

/// A pattern that is known to compile. Of thousands of Alerts most wait for events that hardly ever come, and a compiled
/// pattern takes ten times the memory of the rest of its Alert.
pub struct LazyPattern {
    source: Box<str>,
    size: usize,
    /// Empty until the first match. What it holds is never nothing, since `source` was checked.
    compiled: OnceLock<Option<Pattern>>,
}

impl LazyPattern {
    /// Checks `source`. Only a pattern that is not small is compiled for that, and its compiled form given back.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub(super) fn check(source: &str) -> Result<Self, PatternError> {
        let tree = read(source)?;
        let size = if is_small(&tree) { LEAST_PROGRAM } else { Pattern::build(source, &tree)?.size() };
        Ok(Self { source: source.into(), size, compiled: OnceLock::new() })
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
