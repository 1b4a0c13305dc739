//! Batches of the outbox's thread: what is written together, and what becomes of it when the journal fails.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::driver::{StoreThread, reply};
use super::handle::AwaitedWrite;
use super::parts::Parts;
use super::stage::StagedWrites;
use crate::journal::Journal;
use crate::{OutboxError, WhenStored};

/// Changes that one batch writes, so that many dead letters at once do not hold appends up: some 2 ms.
pub(super) const CHANGES: usize = 256;
/// How long changes wait for an append to ride with.
pub(super) const RIDE: Duration = Duration::from_millis(5);
/// How long after a failure changes are tried again, if no append tries before.
const RETRY: Duration = Duration::from_secs(1);
/// An encoding buffer beyond this is given back after its batch.
const ROOM: usize = 256 << 10;

impl<J: Journal> StoreThread<J> {
    /// Writes entries and changes in one batch. If that fails, the entries fail and the changes are tried alone.
    pub(super) async fn write(&mut self, mut entries: Vec<(AwaitedWrite, WhenStored)>) {
        if !entries.is_empty()
            && let Some(refusal) = self.refusal()
        {
            entries.drain(..).for_each(|(_, stored)| stored(Err(refusal.clone())));
        }
        self.take_batch();
        if entries.is_empty() && self.batch.is_written() {
            return self.close_batch();
        }
        let (writes, waiting): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        match self.write_batch(writes, None).await {
            Ok(verdicts) => waiting.into_iter().zip(verdicts).for_each(|(stored, verdict)| stored(verdict)),
            Err(error) => waiting.into_iter().for_each(|stored| stored(Err(error.clone()))),
        }
    }

    /// Why new entries are refused, which the board shows.
    pub(super) fn refusal(&mut self) -> Option<OutboxError> {
        let refusal = self.journal.refusal()?;
        self.shared.board.lock().trouble = Some(refusal.to_string());
        Some(refusal)
    }

    /// Writes a batch. If that fails, its changes are tried alone: at once where its entries may be what the journal refused,
    /// otherwise after a pause.
    pub(super) async fn write_batch(
        &mut self,
        writes: Vec<AwaitedWrite>,
        mut part: Option<&mut Parts>,
    ) -> Result<Vec<Result<(), OutboxError>>, OutboxError> {
        let alone = writes.is_empty() && part.is_none();
        let result = self.try_batch(writes, part.as_deref_mut()).await;
        if result.is_err() {
            self.leftover = self.leftover.or(part.filter(|part| part.is_begun()).map(|part| part.number));
            if self.batch.is_written() {
                self.close_batch();
            } else if alone || self.try_batch(Vec::new(), None).await.is_err() {
                self.flush_at = Some(Instant::now() + RETRY);
            }
        }
        result
    }

    /// Writes a batch, and drops its changes if that succeeds.
    async fn try_batch(
        &mut self,
        writes: Vec<AwaitedWrite>,
        part: Option<&mut Parts>,
    ) -> Result<Vec<Result<(), OutboxError>>, OutboxError> {
        let last = self.last_change();
        let result = self.commit(writes, part).await;
        match &result {
            Ok(_) => {
                self.note_success();
                self.advance_batch(last);
            }
            Err(error) => self.note_failure(error),
        }
        result
    }

    /// The last change that the next batch writes.
    fn last_change(&self) -> Option<i64> {
        self.batch.changes.keys().take(CHANGES).copied().reduce(|_, id| id)
    }

    /// Commits a batch; on success the board knows what it wrote, but for a part. Returns the verdict on each entry, that on
    /// the part last.
    async fn commit(
        &mut self,
        writes: Vec<AwaitedWrite>,
        part: Option<&mut Parts>,
    ) -> Result<Vec<Result<(), OutboxError>>, OutboxError> {
        let under_way = part.as_deref().or(self.parts.as_ref());
        let staged = under_way.map(Parts::staged).unwrap_or_default();
        let begun = under_way.and_then(Parts::unfinished);
        let (text, numbers) = (std::mem::take(&mut self.text), (self.origin, self.next));
        let mut stage = StagedWrites::new(&self.shared.board, text, numbers, writes.len()).beside(staged);
        stage.leave_unfinished(self.leftover.or(begun));
        let mut verdicts: Vec<_> = writes.into_iter().map(|write| stage.add(write)).collect();
        if let Some(part) = part {
            let verdict = part.add_to(&mut stage);
            let finished = part.is_written() && verdict.is_ok();
            let unfinished = (part.is_begun() && !finished).then_some(part.number);
            stage.leave_unfinished(unfinished);
            verdicts.push(verdict);
        }
        let done = self.journal.commit(&stage.batch(&self.batch)).await;
        self.text = stage.give_back_text(ROOM);
        done?;
        self.next = stage.publish();
        Ok(verdicts)
    }

    /// Takes what the ledger has, once all it had before is written.
    pub(super) fn take_batch(&mut self) {
        self.flush_at = None;
        self.shared.kicked.store(false, Ordering::Release);
        if self.batch.is_written() && self.batch.waiters.is_empty() {
            let mut board = self.shared.board.lock();
            if board.ledger.is_open() {
                self.batch = board.ledger.take_batch();
            }
        }
    }

    /// Drops what was written of the batch: all of the memo and of what is settled, and changes up to `last`.
    fn advance_batch(&mut self, last: Option<i64>) {
        self.batch.memo.clear();
        self.batch.settled.clear();
        if let Some(last) = last {
            self.untidy = true;
            self.batch.changes = self.batch.changes.split_off(&(last + 1));
        }
        self.close_batch();
    }

    /// Answers those who waited for the batch if all of it is written; otherwise the rest is due at once.
    fn close_batch(&mut self) {
        if !self.batch.is_written() {
            self.flush_at = Some(Instant::now());
            return;
        }
        let waiters = std::mem::take(&mut self.batch.waiters);
        {
            let mut board = self.shared.board.lock();
            board.ledger.writing = false;
            if board.ledger.is_open() {
                self.flush_at.get_or_insert_with(|| Instant::now() + RIDE);
            }
        }
        waiters.into_iter().for_each(|waiter| reply(waiter, Ok(())));
    }

    fn note_success(&mut self) {
        if self.journal.refusal().is_none() {
            self.shared.board.lock().trouble = None;
        }
        if self.failure.take().is_some() {
            tracing::info!("the outbox can be written again");
        }
    }

    fn note_failure(&mut self, error: &OutboxError) {
        self.note_damage(error);
        self.shared.board.lock().count_failed_write(error);
        if self.failure.replace(error.clone()).is_none() {
            tracing::error!(%error, "the outbox cannot be written; new events are refused, outcomes are kept in memory");
        }
    }

    /// Takes note if an error means that the storage as a whole is damaged.
    pub(super) fn note_damage(&mut self, error: &OutboxError) {
        self.damaged |= *error == OutboxError::Damaged;
    }
}
