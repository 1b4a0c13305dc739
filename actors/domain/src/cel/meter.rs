//! The budget of one evaluation, which bounds its time and the memory that it can take.

use super::error::Fault;

/// Steps that one evaluation may take. A step is one node of the expression, one element, or 16 bytes of text: no more
/// than 16 bytes of text or one value are made for a step, and whoever makes them pays first.
const BUDGET: usize = 500_000;
/// Bytes of text that are read or written for one step.
const BYTES_PER_STEP: usize = 16;

/// Counts down from the budget.
pub(super) struct Meter {
    left: usize,
}

impl Meter {
    /// A full budget.
    pub(super) fn new() -> Self {
        Self { left: BUDGET }
    }

    /// Pays for `steps` steps.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        match self.left.checked_sub(steps) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                return Err(Fault::Exhausted);
            }
        }
        Ok(())
    }

    /// Pays for reading or writing `bytes` bytes.
    pub(super) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.spend(bytes / BYTES_PER_STEP + 1)
    }
}
