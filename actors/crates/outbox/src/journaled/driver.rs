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

use super::handle::{AwaitedWrite, Command, ReplyTo, StoreMemory};
use super::parts::Parts;
use crate::board::WriteBatch;
use crate::journal::Journal;
use crate::{OutboxError, PART, WhenStored};

/// How long nothing must come before the journal tidies up.
const IDLE: Duration = Duration::from_millis(20);

/// The state that the thread owns.
pub(super) struct StoreThread<J> {
    pub(super) journal: J,
    pub(super) shared: Arc<StoreMemory>,
    commands: Receiver<Command>,
    /// The origin of the ids that this outbox gives.
    pub(super) origin: u64,
    /// The next number to give to an event or a delivery.
    pub(super) next: i64,
    /// Entries with more than [`PART`] deliveries, in the order in which they came. Bounded by the events that intake lets
    /// in at a time.
    pub(super) heavy: VecDeque<(AwaitedWrite, WhenStored)>,
    /// The first of them, of which a part is written. Whoever stores little waits for one part at most.
    pub(super) parts: Option<Parts>,
    /// The journal holds a part of an entry that failed.
    pub(super) leftover: Option<i64>,
    /// Changes on their way to the disk.
    pub(super) batch: WriteBatch,
    /// Room for the texts of a batch, kept from one to the next.
    pub(super) text: Vec<u8>,
    /// When changes are written at the latest.
    pub(super) flush_at: Option<Instant>,
    /// Whether rows were removed since the journal was last tidy.
    pub(super) untidy: bool,
    /// Why the last batch failed.
    pub(super) failure: Option<OutboxError>,
    /// The storage turned out to be damaged: the thread ends, and the next opening mends it.
    pub(super) damaged: bool,
}

/// The end of the thread, and those who want to know.
pub(super) struct ThreadExit {
    pub(super) result: Result<(), OutboxError>,
    pub(super) answer: ReplyTo<()>,
}

/// Answers; a caller that has gone away is no error.
pub(super) fn reply<T>(answer: ReplyTo<T>, result: Result<T, OutboxError>) {
    drop(answer.send(result));
}

impl<J> Drop for StoreThread<J> {
    /// Also after a panic: nobody may wait for a thread that has ended.
    fn drop(&mut self) {
        let asked = self.shared.closed.swap(true, Ordering::AcqRel) && !std::thread::panicking();
        self.shared.board.lock().ledger.dismiss();
        self.shared.ended.send_replace(Some(if asked { Ok(()) } else { Err(OutboxError::Closed) }));
    }
}

impl<J: Journal> StoreThread<J> {
    /// A driver that gives ids of `origin`, from the number `next` on.
    pub(super) fn new(
        journal: J,
        shared: Arc<StoreMemory>,
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
            parts: None,
            leftover: None,
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
        if let Some(ThreadExit { result, answer }) = ending {
            reply(answer, result);
        }
    }

    async fn serve(&mut self) -> Option<ThreadExit> {
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
            } else if idle && self.untidy && !self.has_heavy() {
                self.tidy().await;
            }
            self.write_part().await;
            self.checkpoint(!commands.is_empty()).await;
            if self.damaged {
                tracing::error!(
                    "the outbox is damaged: the store ends, what can be read is taken over at the next start"
                );
                self.journal.mark_damaged();
                return None;
            }
            let is_done = commands.is_empty() && !self.has_heavy();
            let closing = if is_done { self.shared.closing.lock().take() } else { None };
            if let Some(answer) = closing {
                return Some(ThreadExit { result: self.finish().await, answer });
            }
        }
    }

    /// The next command. Does not wait while a heavy entry does.
    fn wait(&self) -> Result<Command, RecvTimeoutError> {
        if self.has_heavy() {
            return self.commands.recv_timeout(Duration::ZERO);
        }
        let idle = self.untidy.then(|| Instant::now() + IDLE);
        match [self.flush_at, idle].into_iter().flatten().min() {
            Some(deadline) => self.commands.recv_deadline(deadline),
            None => self.commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn has_heavy(&self) -> bool {
        self.parts.is_some() || !self.heavy.is_empty()
    }

    /// Leaves in `writes` what may share a batch.
    fn set_heavy_aside(&mut self, writes: &mut Vec<(AwaitedWrite, WhenStored)>) {
        self.heavy.extend(writes.extract_if(.., |(write, _)| write.deliveries() > PART));
    }

    /// Gives so many numbers that follow each other; returns the first.
    pub(super) fn give(&mut self, numbers: usize) -> i64 {
        let first = self.next;
        self.next += numbers.cast_signed() as i64;
        first
    }

    /// Writes all that is in memory.
    async fn finish(&mut self) -> Result<(), OutboxError> {
        while self.has_heavy() {
            self.write_part().await;
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

    async fn checkpoint(&mut self, busy: bool) {
        if let Err(error) = self.journal.checkpoint(busy).await {
            self.note_damage(&error);
            tracing::warn!(%error, "the outbox's log could not be copied into its file, it grows until it can");
        }
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
