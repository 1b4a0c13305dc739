//! How much the patterns of one Alert may take together, so that one Alert holds up no other.

use super::{LazyPattern, MAX_PROGRAM, PatternError};

/// Compiled, the patterns of one Alert take at most this, in bytes: some 2,000 short ones, compiled in a fraction of a
/// second.
const MOST: usize = 16 << 20;

/// What is left for the patterns of one Alert. They are checked in order, inclusion before exclusion; the first that
/// finds nothing left is [`PatternError::TooMany`], and whatever comes after it is not looked at.
#[derive(Debug)]
pub struct PatternBudget(usize);

impl Default for PatternBudget {
    fn default() -> Self {
        Self(MOST)
    }
}

impl PatternBudget {
    /// Checks that `source` compiles.
    ///
    /// # Errors
    /// As [`Pattern::new`](super::Pattern::new), and [`PatternError::TooMany`] if nothing is left.
    pub fn check(&mut self, source: &str) -> Result<LazyPattern, PatternError> {
        self.ensure()?;
        let checked = LazyPattern::check(source);
        let cost = match &checked {
            Ok(pattern) => pattern.size(),
            // It took as long as the largest that fits.
            Err(PatternError::TooLarge) => MAX_PROGRAM,
            Err(_) => source.len(),
        };
        self.0 = self.0.saturating_sub(cost);
        checked
    }

    /// Pays for a pattern of another Alert, so that it does not depend on other Alerts what fits.
    ///
    /// # Errors
    /// [`PatternError::TooMany`] if nothing is left.
    pub fn admit(&mut self, pattern: &LazyPattern) -> Result<(), PatternError> {
        self.ensure()?;
        self.0 = self.0.saturating_sub(pattern.size());
        Ok(())
    }

    fn ensure(&self) -> Result<(), PatternError> {
        if self.0 == 0 { Err(PatternError::TooMany) } else { Ok(()) }
    }
}
