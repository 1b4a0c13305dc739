//! The place of a connection, which can be emptied while a pool holds it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::link::ByteStream;

/// The place of a link. It is empty once that was closed.
pub(crate) struct LinkSlot {
    /// Locked for one step of reading or writing; nobody else wants it meanwhile.
    pub(super) link: Mutex<Option<ByteStream>>,
    /// The number of its rest, or zero while an exchange uses it.
    pub(super) resting: AtomicU64,
    /// Whether it leads to a private address.
    pub(super) is_private: bool,
}

impl LinkSlot {
    pub(super) fn is_open(&self) -> bool {
        self.link.lock().is_some()
    }

    pub(crate) fn is_private(&self) -> bool {
        self.is_private
    }

    pub(super) fn set_resting(&self, number: u64) {
        self.resting.store(number, Relaxed);
    }

    /// Closes the link. Whoever holds the seat finds its end.
    pub(super) fn close(&self) {
        // Not under the lock: dropping it may write.
        let link = self.link.lock().take();
        drop(link);
    }
}
