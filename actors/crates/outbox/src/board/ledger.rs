//! The ledger of changes that are in memory and not yet on disk.
//!
//! A delivery has at most one entry, which says all that the row must become; so an entry may be written late, twice, or
//! never if a newer one replaces it. Bounded by the deliveries that the outbox holds. Changes of memos are kept in the
//! order in which they were made; when too many wait, more are refused.

use std::collections::BTreeMap;
use std::mem::take;

use tokio::sync::oneshot;

use crate::OutboxError;
use crate::journal::{LastFailure, MemoChange, MemoNote, RowChange, RowColumns, RowOutcome};

/// Changes of memos that may wait for a group.
const NOTES: usize = 4096;

/// The caller that waits until everything before is on disk.
pub(crate) type Waiter = oneshot::Sender<Result<(), OutboxError>>;

/// Changes that wait for a group, and who waits for them.
#[derive(Default)]
pub(crate) struct Ledger {
    changes: BTreeMap<i64, RowOutcome>,
    memo: Vec<MemoNote>,
    /// Postponed reconciles that are settled; bounded by those that are stored.
    settled: Vec<i64>,
    waiters: Vec<Waiter>,
    /// Whether the store holds a batch of earlier changes that are not all on disk yet.
    pub(crate) writing: bool,
}

/// A part of the ledger on its way to the disk.
#[derive(Default)]
pub(crate) struct WriteBatch {
    pub(crate) changes: BTreeMap<i64, RowOutcome>,
    pub(crate) memo: Vec<MemoNote>,
    pub(crate) settled: Vec<i64>,
    pub(crate) waiters: Vec<Waiter>,
}

impl Ledger {
    /// Notes what a delivery's row must become.
    pub(crate) fn note(&mut self, id: i64, mut outcome: RowOutcome) {
        if let RowChange::Stands(RowColumns { failure: failure @ LastFailure::Keep, .. }) =
            &mut outcome.change
            && let Some(RowChange::Stands(before)) = self.changes.get(&id).map(|before| &before.change)
        {
            *failure = before.failure.clone();
        }
        self.changes.insert(id, outcome);
    }

    /// Notes a change of a memo.
    pub(crate) fn note_memo(&mut self, note: MemoNote) -> Result<(), OutboxError> {
        if self.memo.len() >= NOTES {
            return Err(OutboxError::Full("too many notes wait for the disk"));
        }
        self.memo.push(note);
        Ok(())
    }

    /// Notes that a provider's memo must go. Never refused: it replaces what waits of that provider.
    pub(crate) fn drop_memo(&mut self, provider: u64) {
        self.memo.retain(|note| note.provider != provider);
        self.memo.push(MemoNote { provider, change: MemoChange::Drop });
    }

    /// Notes that postponed reconciles are settled.
    pub(crate) fn note_settled(&mut self, numbers: Vec<i64>) {
        self.settled.extend(numbers);
    }

    /// Postponed reconciles that are settled and still stored.
    pub(crate) fn settled(&self) -> &[i64] {
        &self.settled
    }

    /// Changes of memos that wait, in their order.
    pub(crate) fn memo(&self) -> &[MemoNote] {
        &self.memo
    }

    /// Whether everything is on disk.
    pub(crate) fn is_clean(&self) -> bool {
        self.changes.is_empty() && self.memo.is_empty() && self.settled.is_empty() && !self.writing
    }

    /// Whether something waits for the next batch.
    pub(crate) fn is_open(&self) -> bool {
        !self.changes.is_empty()
            || !self.memo.is_empty()
            || !self.settled.is_empty()
            || !self.waiters.is_empty()
    }

    /// Answers `waiter` once everything up to now is on disk.
    pub(crate) fn wait(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// Takes all that waits, to be written.
    pub(crate) fn take_batch(&mut self) -> WriteBatch {
        self.writing = true;
        let Self { changes, memo, settled, waiters, .. } = self;
        WriteBatch {
            changes: take(changes),
            memo: take(memo),
            settled: take(settled),
            waiters: take(waiters),
        }
    }

    /// Sends away who waits, because nothing will be written any more.
    pub(crate) fn dismiss(&mut self) {
        self.waiters.clear();
    }

    /// What a change that waits says about the last failure of a delivery, if anything.
    pub(super) fn failure_of(&self, id: i64) -> Option<LastFailure> {
        failure_in(&self.changes, id)
    }
}

impl WriteBatch {
    /// Whether all of it is on disk.
    pub(crate) fn is_written(&self) -> bool {
        self.changes.is_empty() && self.memo.is_empty() && self.settled.is_empty()
    }

    /// What the batch says about the last failure of a delivery, if anything.
    pub(crate) fn failure_of(&self, id: i64) -> Option<LastFailure> {
        failure_in(&self.changes, id)
    }
}

fn failure_in(changes: &BTreeMap<i64, RowOutcome>, id: i64) -> Option<LastFailure> {
    match &changes.get(&id)?.change {
        RowChange::Stands(standing) => Some(standing.failure.clone()),
        RowChange::Gone { .. } => None,
    }
}
