//! The thread of an outbox: the only one that drives its journal.
//!
//! It takes all commands that wait, writes them in one batch together with a part of the ledger, and answers after the
//! commit. It waits for no clock, so a group is as large as the disk is slow. While nothing comes it lets the journal
//! tidy up in small steps. What a batch cannot write of the ledger is kept and tried again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::handle::{Answer, Command, Shared, Write};
use super::stage::Stage;
use crate::board::WriteBatch;
use crate::journal::Journal;
use crate::{OutboxError, WhenStored};

/// Changes that one batch writes, so that many dead letters at once do not hold appends up.
pub(super) const CHANGES: usize = 4096;
/// How long changes wait for an append to ride with.
pub(super) const RIDE: Duration = Duration::from_millis(5);
/// How long after a failure changes are tried again, if no append tries before.
const RETRY: Duration = Duration::from_secs(1);
/// How long nothing must come before the journal tidies up.
const IDLE: Duration = Duration::from_millis(20);
/// Deliveries of an entry that may share a batch with others. One with more has a batch of its own, behind those that wait
/// already: whoever stores little does not wait for whoever stores much, but for the one that is being written.
const LIGHT: usize = 256;
/// An encoding buffer beyond this is given back after its batch.
const ROOM: usize = 256 << 10;

/// What the thread owns.
pub(super) struct Driver<J> {
    pub(super) journal: J,
    pub(super) shared: Arc<Shared>,
    commands: Receiver<Command>,
    /// The origin of the ids that this outbox gives.
    origin: u64,
    /// The next number to give to an event or a delivery.
    next: i64,
    /// Entries with more than [`LIGHT`] deliveries, in the order in which they came. Bounded by the events that intake lets
    /// in at a time.
    heavy: VecDeque<(Write, WhenStored)>,
    /// Changes on their way to the disk.
    pub(super) batch: WriteBatch,
    /// Room for the texts of a batch, kept from one to the next.
    text: Vec<u8>,
    /// When changes are written at the latest.
    pub(super) flush_at: Option<Instant>,
    /// Whether rows were removed since the journal was last tidy.
    untidy: bool,
    /// Why the last batch failed.
    failure: Option<OutboxError>,
    /// The storage turned out to be damaged: the thread ends, and the next opening mends it.
    damaged: bool,
}

/// How the thread ended, and who wants to know.
pub(super) struct Ending {
    pub(super) result: Result<(), OutboxError>,
    pub(super) answer: Answer<()>,
}

/// Answers; a caller that has gone away is no error.
pub(super) fn reply<T>(answer: Answer<T>, result: Result<T, OutboxError>) {
    drop(answer.send(result));
}

impl<J> Drop for Driver<J> {
    /// Also after a panic: nobody may wait for a thread that has ended.
    fn drop(&mut self) {
        let asked = self.shared.closed.swap(true, Ordering::AcqRel) && !std::thread::panicking();
        self.shared.board.lock().ledger.dismiss();
        self.shared.ended.send_replace(Some(if asked { Ok(()) } else { Err(OutboxError::Closed) }));
    }
}

impl<J: Journal> Driver<J> {
    /// A driver that gives ids of `origin`, from the number `next` on.
    pub(super) fn new(
        journal: J,
        shared: Arc<Shared>,
        commands: Receiver<Command>,
        (origin, next): (u64, i64),
    ) -> Self {
        Self {
            origin,
            journal,
            shared,
            commands,
            next,
            heavy: VecDeque::new(),
            batch: WriteBatch::default(),
            text: Vec::new(),
            flush_at: None,
            untidy: true,
            failure: None,
            damaged: false,
        }
    }

    /// Serves until the outbox is closed or nobody can reach it any more. The journal has ended when the answer comes.
    pub(super) async fn run(mut self) {
        let ending = self.serve().await;
        drop(self);
        if let Some(Ending { result, answer }) = ending {
            reply(answer, result);
        }
    }

    async fn serve(&mut self) -> Option<Ending> {
        let commands = self.commands.clone();
        loop {
            let first = match self.wait() {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    drop(self.finish().await);
                    return None;
                }
            };
            let idle = first.is_none();
            let mut writes = Vec::new();
            if let Some(ending) = self.gather(first, &commands, &mut writes).await {
                return Some(ending);
            }
            self.shared.tell();
            self.set_heavy_aside(&mut writes);
            if !writes.is_empty() || self.flush_at.is_some_and(|at| at <= Instant::now()) {
                self.write(writes).await;
                self.shared.tell();
            } else if idle && self.untidy && self.heavy.is_empty() {
                self.tidy().await;
            }
            if let Some(entry) = self.heavy.pop_front() {
                self.write(vec![entry]).await;
                self.shared.tell();
            }
            if self.damaged {
                tracing::error!(
                    "the outbox is damaged: the store ends, what can be read is taken over at the next start"
                );
                self.journal.mark_damaged();
                return None;
            }
            let is_done = commands.is_empty() && self.heavy.is_empty();
            let closing = if is_done { self.shared.closing.lock().take() } else { None };
            if let Some(answer) = closing {
                return Some(Ending { result: self.finish().await, answer });
            }
        }
    }

    /// The next command. Does not wait while a heavy entry does.
    fn wait(&self) -> Result<Command, RecvTimeoutError> {
        if !self.heavy.is_empty() {
            return self.commands.recv_timeout(Duration::ZERO);
        }
        let idle = self.untidy.then(|| Instant::now() + IDLE);
        match [self.flush_at, idle].into_iter().flatten().min() {
            Some(deadline) => self.commands.recv_deadline(deadline),
            None => self.commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Leaves in `writes` what may share a batch. An entry that comes alone may as well go at once.
    fn set_heavy_aside(&mut self, writes: &mut Vec<(Write, WhenStored)>) {
        if writes.len() > 1 || !self.heavy.is_empty() {
            self.heavy.extend(writes.extract_if(.., |(write, _)| write.deliveries() > LIGHT));
        }
    }

    /// Writes entries and changes in one batch. If that fails, the entries fail and the changes are tried alone.
    async fn write(&mut self, mut entries: Vec<(Write, WhenStored)>) {
        self.take_batch();
        if !entries.is_empty()
            && let Some(refusal) = self.journal.refusal()
        {
            self.shared.board.lock().trouble = Some(refusal.to_string());
            entries.drain(..).for_each(|(_, stored)| stored(Err(refusal.clone())));
        }
        let last = self.batch.changes.keys().take(CHANGES).copied().reduce(|_, id| id);
        let (alone, clean) = (entries.is_empty(), self.batch.is_written());
        if alone && clean {
            return self.close_batch();
        }
        let (writes, waiting): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        match self.commit(writes).await {
            Ok(verdicts) => {
                self.note_success();
                for (stored, verdict) in waiting.into_iter().zip(verdicts) {
                    stored(verdict);
                }
                self.advance_batch(last);
            }
            Err(error) => {
                self.note_failure(&error);
                waiting.into_iter().for_each(|stored| stored(Err(error.clone())));
                if clean {
                    self.close_batch();
                } else {
                    self.write_changes(!alone).await;
                }
            }
        }
    }

    /// Tries the changes of a failed batch again: at once where its entries may be what the journal refused, otherwise
    /// after a pause.
    async fn write_changes(&mut self, at_once: bool) {
        if !at_once {
            self.flush_at = Some(Instant::now() + RETRY);
            return;
        }
        let last = self.batch.changes.keys().take(CHANGES).copied().reduce(|_, id| id);
        match self.commit(Vec::new()).await {
            Ok(_) => {
                self.note_success();
                self.advance_batch(last);
            }
            Err(error) => {
                self.note_failure(&error);
                self.flush_at = Some(Instant::now() + RETRY);
            }
        }
    }

    /// Commits a batch; on success the board knows what it wrote. Returns the verdict on each entry.
    async fn commit(&mut self, writes: Vec<Write>) -> Result<Vec<Result<(), OutboxError>>, OutboxError> {
        let (text, numbers) = (std::mem::take(&mut self.text), (self.origin, self.next));
        let mut stage = Stage::new(&self.shared.board, text, numbers, writes.len());
        let verdicts = writes.into_iter().map(|write| stage.add(write)).collect();
        let done = self.journal.commit(&stage.batch(&self.batch)).await;
        self.text = stage.give_back_text(ROOM);
        done?;
        self.next = stage.publish();
        Ok(verdicts)
    }

    /// Takes what the ledger has, once all it had before is written.
    fn take_batch(&mut self) {
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

    /// Writes all that is in memory.
    async fn finish(&mut self) -> Result<(), OutboxError> {
        while let Some(entry) = self.heavy.pop_front() {
            self.write(vec![entry]).await;
        }
        loop {
            self.write(Vec::new()).await;
            if self.batch.is_written() && self.shared.board.lock().ledger.is_clean() {
                return Ok(());
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
        }
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
            tracing::error!(%error, "the outbox can not be written; new events are refused, outcomes are kept in memory");
        }
    }

    /// Takes note if an error means that the storage as a whole is damaged.
    pub(super) fn note_damage(&mut self, error: &OutboxError) {
        self.damaged |= *error == OutboxError::Damaged;
    }

    async fn tidy(&mut self) {
        self.untidy = match self.journal.tidy().await {
            Ok(more) => more,
            Err(error) => {
                self.note_damage(&error);
                tracing::warn!(%error, "free pages of the outbox could not be given back");
                false
            }
        };
    }
}
