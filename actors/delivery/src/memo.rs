//! What Git hosts show, as far as this program wrote or read it: the commit-status memo of one Provider.
//!
//! With it only changes are written, and the host is read only about statuses that the memo does not know. It is stored
//! beside the outbox. The rule that makes it true after a crash as well: an entry is forgotten on disk *before* a write
//! that would make it wrong, and remembered after the host took the write.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use campanile_domain::ObjectKey;
use campanile_outbox::{MEMO_BOUND, Outbox};
use campanile_providers::CommitStatus;
use tokio::sync::OnceCell;
use xxhash_rust::xxh3::xxh3_128;

/// What the memo says about a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// The host shows exactly this.
    Shown,
    /// The host shows something else, which this program wrote or read.
    Other,
    /// Nobody has looked yet, or a write may have failed half-way.
    Unknown,
}

/// The memo; loaded from the outbox at the first question.
pub(crate) struct Memo {
    provider: ObjectKey,
    outbox: Arc<dyn Outbox>,
    known: OnceCell<RefCell<Known>>,
}

/// Hashes of what is shown by hashes of where. At most [`MEMO_BOUND`]; the oldest is forgotten first, which costs one
/// more read.
#[derive(Default)]
struct Known {
    shown: HashMap<u128, u128>,
    order: VecDeque<u128>,
}

impl Memo {
    pub(crate) fn new(provider: ObjectKey, outbox: Arc<dyn Outbox>) -> Self {
        Self { provider, outbox, known: OnceCell::new() }
    }

    /// What is known about `status`.
    pub(crate) async fn knowledge(&self, status: &CommitStatus) -> Knowledge {
        match self.known().await.borrow().shown.get(&place(status)) {
            Some(shown) if *shown == look(status) => Knowledge::Shown,
            Some(_) => Knowledge::Other,
            None => Knowledge::Unknown,
        }
    }

    /// Forgets `status`, durably, because it is about to be written.
    pub(crate) async fn forget(&self, status: &CommitStatus) {
        self.known().await.borrow_mut().remove(place(status));
        if let Err(error) = self.outbox.remember(&self.provider, place(status), None).await {
            // The write goes on: at worst a crash right now and a change back would leave an old state on the host.
            tracing::warn!(provider = %self.provider, %error, "failed to note that a commit status is being written");
        }
    }

    /// The host shows `status` now.
    pub(crate) async fn remember(&self, status: &CommitStatus) {
        self.known().await.borrow_mut().insert(place(status), look(status));
        // Written with the next group; if it is lost with a crash, the host is read once more.
        drop(self.outbox.remember(&self.provider, place(status), Some(look(status))));
    }

    async fn known(&self) -> &RefCell<Known> {
        self.known
            .get_or_init(|| async {
                let mut known = Known::default();
                match self.outbox.recall(&self.provider).await {
                    Ok(entries) => entries.into_iter().for_each(|(place, look)| known.insert(place, look)),
                    Err(error) => {
                        tracing::warn!(provider = %self.provider, %error, "failed to read the commit-status memo, the host will be read");
                    }
                }
                RefCell::new(known)
            })
            .await
    }
}

impl Known {
    fn remove(&mut self, place: u128) {
        if self.shown.remove(&place).is_some() {
            self.order.retain(|known| *known != place);
        }
    }

    fn insert(&mut self, place: u128, look: u128) {
        if self.shown.insert(place, look).is_none() {
            self.order.push_back(place);
        }
        while self.order.len() > MEMO_BOUND {
            if let Some(oldest) = self.order.pop_front() {
                self.shown.remove(&oldest);
            }
        }
    }
}

/// Where a status stands. A NUL is in no part.
fn place(status: &CommitStatus) -> u128 {
    xxh3_128(format!("{}\0{}\0{}", status.repository, status.commit, status.context).as_bytes())
}

/// What a status looks like.
fn look(status: &CommitStatus) -> u128 {
    xxh3_128(status.state.as_bytes())
}
