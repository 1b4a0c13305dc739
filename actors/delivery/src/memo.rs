//! The commit-status memo of one Provider: what Git hosts show, as far as this program wrote or read it.
//!
//! With it only changes are written, and the host is read only about statuses that the memo does not know. It is stored
//! beside the outbox, and the provider actor holds a copy, which it shares with its exchanges and passes on at its end
//! ([`Memo::hand_over`]). Two rules make it true:
//!
//! - After a crash: an entry is forgotten on disk *before* a write that would make it wrong, and remembered after the host
//!   took the write.
//! - After the end of its actor: what an exchange may still change is not passed on, so the next actor reads the host. An
//!   exchange that begins later than that sends nothing ([`Memo::is_handed_over`]).

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use campanile_domain::{ObjectKey, ObjectRef};
use campanile_outbox::{MEMO_BOUND, MemoStore};
use campanile_providers::CommitStatus;
use jiff::Timestamp;
use tokio::sync::OnceCell;
use xxhash_rust::xxh3::xxh3_128;

use crate::sharing::Sharing;

/// The knowledge of the memo about a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// The host shows exactly this.
    Shown,
    /// The host shows something else, which this program wrote or read.
    Other,
    /// Nobody has looked yet, or a write may have failed half-way.
    Unknown,
}

/// The copy of a memo between two actors of its Provider.
#[derive(Debug, Default)]
pub(crate) enum MemoCopy {
    /// Still on disk only: the next actor reads it there at the first question.
    #[default]
    OnDisk,
    /// Everything that is shown is known.
    Known(ShownHashes),
    /// Exchanges of an earlier actor may change it at any time, also on disk: the next actor reads the host.
    Unreliable,
}

/// The memo in the hands of a provider actor and its exchanges, in one arbiter.
pub(crate) struct Memo {
    provider: ObjectKey,
    outbox: Arc<dyn MemoStore>,
    shown: OnceCell<RefCell<ShownHashes>>,
    /// The places that exchanges under way may change, with the number of those exchanges.
    open: RefCell<HashMap<u128, usize>>,
    handed_over: Cell<bool>,
    sharing: RefCell<Sharing>,
}

/// Hashes of what is shown by hashes of where. At most [`MEMO_BOUND`]; the oldest is forgotten first, which costs one
/// more read.
#[derive(Debug, Default)]
pub(crate) struct ShownHashes {
    looks: HashMap<u128, u128>,
    order: VecDeque<u128>,
}

/// Keeps a place from being passed on while an exchange may change it.
pub(crate) struct OpenPlace<'m> {
    memo: &'m Memo,
    place: u128,
}

impl Memo {
    pub(crate) fn new(provider: ObjectKey, outbox: Arc<dyn MemoStore>, copy: MemoCopy) -> Self {
        let shown = match copy {
            MemoCopy::OnDisk => OnceCell::new(),
            MemoCopy::Known(shown) => OnceCell::new_with(Some(RefCell::new(shown))),
            MemoCopy::Unreliable => OnceCell::new_with(Some(RefCell::default())),
        };
        let (open, handed_over, sharing) = Default::default();
        Self { provider, outbox, shown, open, handed_over, sharing }
    }

    /// Goes on with what an earlier actor knew of whose the statuses are.
    pub(crate) fn with_sharing(self, sharing: Sharing) -> Self {
        self.sharing.replace(sharing);
        self
    }

    /// The sharing of commit statuses between objects.
    pub(crate) fn sharing(&self) -> &RefCell<Sharing> {
        &self.sharing
    }

    /// Takes note that `status` is that of `object`.
    pub(crate) fn note_owner(&self, status: &CommitStatus, object: &ObjectRef, now: Timestamp) {
        self.sharing.borrow_mut().note(place(status), status, object, now);
    }

    /// Says that an exchange about `status` begins; it is over when the answer is dropped.
    pub(crate) fn open(&self, status: &CommitStatus) -> OpenPlace<'_> {
        let place = place(status);
        *self.open.borrow_mut().entry(place).or_default() += 1;
        OpenPlace { memo: self, place }
    }

    /// What is known about `status`.
    pub(crate) async fn knowledge(&self, status: &CommitStatus) -> Knowledge {
        match self.shown().await.borrow().looks.get(&place(status)) {
            Some(shown) if *shown == look(status) => Knowledge::Shown,
            Some(_) => Knowledge::Other,
            None => Knowledge::Unknown,
        }
    }

    /// Forgets `status`, durably, because it is about to be written.
    pub(crate) async fn forget(&self, status: &CommitStatus) {
        self.shown().await.borrow_mut().remove(place(status));
        if let Err(error) = self.outbox.remember(&self.provider, place(status), None).await {
            // The write goes on: at worst a crash right now and a change back would leave an old state on the host.
            tracing::warn!(provider = %self.provider, %error, "failed to note that a commit status is being written");
        }
    }

    /// Remembers that the host shows `status` now.
    pub(crate) async fn remember(&self, status: &CommitStatus) {
        self.shown().await.borrow_mut().insert(place(status), look(status));
        // Written with the next group; if it is lost with a crash, the host is read once more.
        drop(self.outbox.remember(&self.provider, place(status), Some(look(status))));
    }

    /// Gives away what the next actor may rely on. Exchanges under way go on and note what they do on disk.
    pub(crate) fn hand_over(&self) -> MemoCopy {
        self.handed_over.set(true);
        let open = self.open.borrow();
        match self.shown.get() {
            None if open.is_empty() => MemoCopy::OnDisk,
            // It is being read for an exchange that may change it afterwards.
            None => MemoCopy::Unreliable,
            Some(shown) => {
                let mut shown = shown.take();
                open.keys().for_each(|place| shown.remove(*place));
                MemoCopy::Known(shown)
            }
        }
    }

    /// Whether the actor has come to its end: an exchange that has not begun yet is the next actor's.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.handed_over.get()
    }

    async fn shown(&self) -> &RefCell<ShownHashes> {
        self.shown
            .get_or_init(|| async {
                let mut shown = ShownHashes::default();
                match self.outbox.recall(&self.provider).await {
                    Ok(entries) => entries.into_iter().for_each(|(place, look)| shown.insert(place, look)),
                    Err(error) => {
                        tracing::warn!(provider = %self.provider, %error, "failed to read the commit-status memo, the host will be read");
                    }
                }
                RefCell::new(shown)
            })
            .await
    }
}

impl Drop for OpenPlace<'_> {
    fn drop(&mut self) {
        let mut open = self.memo.open.borrow_mut();
        if let Some(count) = open.get_mut(&self.place) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.place);
            }
        }
    }
}

impl ShownHashes {
    fn remove(&mut self, place: u128) {
        if self.looks.remove(&place).is_some() {
            self.order.retain(|known| *known != place);
        }
    }

    fn insert(&mut self, place: u128, look: u128) {
        if self.looks.insert(place, look).is_none() {
            self.order.push_back(place);
        }
        while self.order.len() > MEMO_BOUND {
            if let Some(oldest) = self.order.pop_front() {
                self.looks.remove(&oldest);
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

#[cfg(test)]
mod tests {
    use campanile_outbox::{Bounds, MemoryOutbox};
    use futures_util::FutureExt;

    use super::*;

    fn status(context: &str, state: &str) -> CommitStatus {
        CommitStatus {
            repository: "org/repo".into(),
            commit: "5".repeat(40),
            context: context.into(),
            state: state.into(),
        }
    }

    fn memo(outbox: &MemoryOutbox, copy: MemoCopy) -> Memo {
        Memo::new(ObjectKey::new("apps", "git"), Arc::new(outbox.clone()), copy)
    }

    fn knowledge(memo: &Memo, status: &CommitStatus) -> Knowledge {
        memo.knowledge(status).now_or_never().unwrap()
    }

    #[test]
    fn the_next_actor_knows_all_but_what_an_exchange_may_still_change() {
        let outbox = MemoryOutbox::new(Bounds::default());
        let first = memo(&outbox, MemoCopy::OnDisk);
        for context in ["settled", "open"] {
            first.remember(&status(context, "good")).now_or_never().unwrap();
        }
        let late = first.open(&status("open", "bad"));
        let second = memo(&outbox, first.hand_over());
        assert!(first.is_handed_over());
        // The late exchange goes on to write, after the second actor was built.
        first.forget(&status("open", "bad")).now_or_never().unwrap();
        first.remember(&status("open", "bad")).now_or_never().unwrap();
        drop(late);
        assert_eq!(knowledge(&second, &status("settled", "good")), Knowledge::Shown);
        assert_eq!(knowledge(&second, &status("settled", "bad")), Knowledge::Other);
        assert_eq!(knowledge(&second, &status("open", "good")), Knowledge::Unknown);
        let third = memo(&outbox, MemoCopy::OnDisk);
        assert_eq!(knowledge(&third, &status("open", "bad")), Knowledge::Shown, "it is on disk");
    }

    #[test]
    fn a_memo_that_nobody_asked_stays_on_disk_and_one_of_a_stuck_actor_is_not_believed() {
        let outbox = MemoryOutbox::new(Bounds::default());
        let first = memo(&outbox, MemoCopy::OnDisk);
        first.remember(&status("web", "good")).now_or_never().unwrap();
        let unasked = memo(&outbox, MemoCopy::OnDisk);
        let next = memo(&outbox, unasked.hand_over());
        assert_eq!(knowledge(&next, &status("web", "good")), Knowledge::Shown);
        let after_stuck = memo(&outbox, MemoCopy::Unreliable);
        assert_eq!(knowledge(&after_stuck, &status("web", "good")), Knowledge::Unknown);
        after_stuck.remember(&status("web", "good")).now_or_never().unwrap();
        assert_eq!(knowledge(&after_stuck, &status("web", "good")), Knowledge::Shown);
    }
}
