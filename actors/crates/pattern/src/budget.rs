//! The budget of the patterns of one Alert, so that one Alert holds up no other.

use super::{LazyPattern, PatternError, Price};

/// What the patterns of one Alert may cost together.
const MOST: Price = Price::milliseconds(50);

/// A pattern that costs no more is a usual one: where it does not fit any more, there are too many.
const USUAL: Price = Price::milliseconds(5);

/// Bytes of patterns that are read of one Alert: reading them takes a few milliseconds at most.
const MOST_READ: usize = 64 << 10;

/// What reading a pattern costs beside its bytes, as if it had so many more.
const READING: usize = 32;

/// States of all compiled patterns of one Alert, which is a few megabytes.
const MOST_STATES: usize = 1 << 15;

/// The budget that is left for the patterns of one Alert. They are checked in order, inclusion before exclusion; one that costs more
/// than what is left is [`PatternError::TooDear`]. The first that is not even read is [`PatternError::TooMany`], and whatever
/// comes after it is not looked at.
#[derive(Debug)]
pub struct PatternBudget {
    left: Price,
    unread: usize,
    states: usize,
}

impl Default for PatternBudget {
    fn default() -> Self {
        Self { left: MOST, unread: MOST_READ, states: MOST_STATES }
    }
}

impl PatternBudget {
    /// Checks that `source` is a pattern and pays for it. Nothing is compiled.
    ///
    /// # Errors
    /// As [`Pattern::new`](super::Pattern::new), [`PatternError::TooDear`] if less is left than it costs, and
    /// [`PatternError::TooMany`] if it is not read any more.
    pub fn check(&mut self, source: &str) -> Result<LazyPattern, PatternError> {
        self.read(source)?;
        let checked = LazyPattern::new(source);
        let Ok(pattern) = checked else {
            // It may have taken as long as any that is right.
            self.unread = self.unread.saturating_sub(MOST_READ / 64);
            return checked;
        };
        self.pay(&pattern)?;
        Ok(pattern)
    }

    /// Pays for a pattern of another Alert, so that it does not depend on other Alerts what fits.
    ///
    /// # Errors
    /// [`PatternError::TooDear`] and [`PatternError::TooMany`], as for [`PatternBudget::check`].
    pub fn admit(&mut self, pattern: &LazyPattern) -> Result<(), PatternError> {
        self.read(pattern.as_str())?;
        self.pay(pattern)
    }

    fn read(&mut self, source: &str) -> Result<(), PatternError> {
        if self.left < Price::LEAST {
            return Err(PatternError::TooMany);
        }
        let unread = self.unread.checked_sub(source.len() + READING);
        self.unread = unread.unwrap_or(0);
        if unread.is_none() { Err(PatternError::TooMany) } else { Ok(()) }
    }

    fn pay(&mut self, pattern: &LazyPattern) -> Result<(), PatternError> {
        let price = pattern.price();
        let states = self.states.checked_sub(pattern.states()).ok_or(PatternError::TooLarge)?;
        let Some(left) = self.left.less(price) else {
            if price <= USUAL {
                // Of many usual ones the first that does not fit is named, and none after it.
                self.left = Price::default();
                return Err(PatternError::TooMany);
            }
            return Err(PatternError::TooDear { price, left: self.left, most: MOST });
        };
        self.left = left;
        self.states = states;
        Ok(())
    }
}
