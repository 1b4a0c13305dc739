//! The budget of one evaluation, which bounds its time and the memory that it can take.

use super::error::EvaluationError;
use campanile_pattern::Price;

/// Steps that one evaluation may take. A step is one node of the expression, one element, or 16 bytes of text: no more
/// than 16 bytes of text or one value are made for a step, and whoever makes them pays first.
pub(super) const BUDGET: usize = 500_000;
/// Bytes of text that are read or written for one step.
pub(super) const BYTES_PER_STEP: usize = 16;
/// What a step may cost, in nanoseconds of one core: the worst expressions that we found take 50 ms for the whole budget.
pub(super) const NANOSECONDS_A_STEP: u64 = 100;

/// Counts down from the budget.
pub(super) struct StepMeter {
    left: usize,
}

impl StepMeter {
    /// A budget of so many steps.
    pub(super) fn new(steps: usize) -> Self {
        Self { left: steps.min(BUDGET) }
    }

    /// Pays for `steps` steps of the budget.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), EvaluationError> {
        match self.left.checked_sub(steps) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                return Err(EvaluationError::Exhausted);
            }
        }
        Ok(())
    }

    /// Pays for matching a text of `bytes` bytes against a pattern of that price.
    pub(super) fn spend_match(&mut self, price: Price, bytes: usize) -> Result<(), EvaluationError> {
        self.spend(steps_of_match(price, bytes))
    }

    /// Pays for reading or writing `bytes` bytes.
    pub(super) fn spend_bytes(&mut self, bytes: usize) -> Result<(), EvaluationError> {
        self.spend(bytes / BYTES_PER_STEP + 1)
    }
}

/// The steps of matching a text of `bytes` bytes against a pattern of that price.
pub(super) fn steps_of_match(price: Price, bytes: usize) -> usize {
    let steps = price.nanoseconds_for(bytes) / NANOSECONDS_A_STEP;
    usize::try_from(steps).unwrap_or(usize::MAX).saturating_add(bytes / BYTES_PER_STEP + 1)
}
