//! A claimed key, for as long as its event is being stored.

use std::sync::Arc;

use jiff::Timestamp;

use super::Window;
use crate::key::DuplicateKey;

/// The right to store the event of one key. Dropped unconfirmed, it frees the key and wakes who waits for it.
#[derive(Debug)]
pub(crate) struct Ticket {
    window: Arc<Window>,
    key: DuplicateKey,
    slot: u32,
    reset: Timestamp,
    confirmed: bool,
}

impl Ticket {
    pub(super) fn new(window: Arc<Window>, key: DuplicateKey, slot: u32, reset: Timestamp) -> Self {
        Self { window, key, slot, reset, confirmed: false }
    }

    /// When the key is free again, if this event is stored.
    pub(crate) fn reset(&self) -> Timestamp {
        self.reset
    }

    /// The event is stored: from now on its duplicates are refused.
    pub(crate) fn confirm(mut self) {
        self.confirmed = true;
        self.window.confirm(&self.key, self.slot);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.confirmed {
            self.window.release(&self.key);
        }
    }
}
