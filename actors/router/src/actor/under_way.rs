//! Records that the outbox was given and has not answered for. While it is behind, further events wait where namespaces take turns
//! ([`waiting`](super::waiting)), and not in its queue, which they would leave in the order in which they came.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};
use std::task::Context as Task;

use campanile_outbox::PART;
use futures_util::task::AtomicWaker;

/// Records under way beyond which the outbox is behind: some 10 ms of writing, so that it never waits for the router.
const MOST: usize = 512;

/// The records that are under way to the outbox.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    records: AtomicUsize,
    router: AtomicWaker,
}

/// One entry under way, until it is dropped. May be dropped on any thread.
#[derive(Debug)]
pub(super) struct Passage {
    shared: Arc<Shared>,
    records: usize,
}

impl UnderWay {
    /// Notes an entry with so many deliveries. One that is written in parts lets others pass, and counts as one record.
    pub(super) fn enter(&self, deliveries: usize) -> Passage {
        let records = if deliveries > PART { 1 } else { 1 + deliveries };
        self.0.records.fetch_add(records, AcqRel);
        Passage { shared: self.0.clone(), records }
    }

    /// Whether the outbox is behind. If it is, `task` is woken when it no longer is.
    pub(super) fn is_behind(&self, task: &Task<'_>) -> bool {
        let is_behind = || self.0.records.load(Acquire) >= MOST;
        if !is_behind() {
            return false;
        }
        self.0.router.register(task.waker());
        is_behind()
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let before = self.shared.records.fetch_sub(self.records, AcqRel);
        if before >= MOST && before - self.records < MOST {
            self.shared.router.wake();
        }
    }
}
