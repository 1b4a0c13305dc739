//! A pattern of an Alert, compiled for good when the first event has to be matched against it.

use std::fmt;
use std::sync::OnceLock;

use super::{Pattern, PatternError, Price, price, read};

/// A pattern that is known to compile. Of thousands of Alerts most wait for events that hardly ever come, and a compiled
/// pattern takes ten times the memory of the rest of its Alert.
pub struct LazyPattern {
    source: Box<str>,
    price: Price,
    /// Empty until the first match. What it holds is never nothing, since `source` was checked.
    compiled: OnceLock<Option<Pattern>>,
}

impl LazyPattern {
    /// Checks `source` and works out its price, without compiling it.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let price = price::price(&read(source)?);
        Ok(Self { source: source.into(), price, compiled: OnceLock::new() })
    }

    /// Whether the pattern occurs anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Pattern::new(&self.source).ok());
        compiled.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }

    /// What matching it may cost.
    pub fn price(&self) -> Price {
        self.price
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
