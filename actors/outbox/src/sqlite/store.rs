//! The store thread: the only one that touches the file.
//!
//! It takes all commands that wait, writes them in one transaction together with a page of the ledger, and answers after
//! the commit. It waits for no clock, so a group is as large as the disk is slow. While nothing comes it
//! gives free pages back to the file system in small steps. What a transaction can not write of the ledger is kept and
//! tried again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rusqlite::Connection;

use super::fault::refusal;
use super::folder::{self, FolderLock};
use super::group::Numbers;
use super::memo::Memo;
use super::shared::{Answer, Command, Shared, Write};
use super::space::Space;
use super::upkeep;
use crate::board::Page;
use crate::{OutboxError, WhenStored};

/// Changes that one transaction writes, so that a burial of many does not hold appends up.
pub(super) const CHANGES: usize = 4096;
/// How long changes wait for an append to ride with.
pub(super) const RIDE: Duration = Duration::from_millis(5);
/// How long after a failure changes are tried again, if no append tries before.
const RETRY: Duration = Duration::from_secs(1);
/// How long nothing must come before free pages are given back.
const IDLE: Duration = Duration::from_millis(20);

/// What the thread owns.
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    pub(super) commands: Receiver<Command>,
    pub(super) numbers: Numbers,
    pub(super) folder: PathBuf,
    pub(super) space: Space,
    pub(super) memo: Memo,
    /// Changes on their way to the disk.
    pub(super) page: Page,
    pub(super) text: Vec<u8>,
    /// When changes are written at the latest.
    pub(super) flush_at: Option<Instant>,
    /// Whether rows were removed since the last upkeep.
    pub(super) untidy: bool,
    /// Whether the file was trimmed since the last checkpoint.
    pub(super) trimmed: bool,
    /// Why the last group failed.
    pub(super) failure: Option<OutboxError>,
    /// The file turned out to be damaged: the thread ends, and the next opening mends it.
    pub(super) damaged: bool,
    #[cfg(test)]
    pub(super) broken: bool,
    pub(super) _lock: FolderLock,
}

/// How the thread ended, and who wants to know.
pub(super) struct Ending {
    pub(super) result: Result<(), OutboxError>,
    pub(super) answer: Answer<()>,
}

/// Runs the store until it is closed or nobody can reach it any more. The file is closed and the folder free when the
/// answer comes.
pub(super) fn run(mut store: Store) {
    let ending = store.serve();
    drop(store);
    if let Some(Ending { result, answer }) = ending {
        reply(answer, result);
    }
}

/// Answers; a caller that has gone away is no error.
pub(super) fn reply<T>(answer: Answer<T>, result: Result<T, OutboxError>) {
    drop(answer.send(result));
}

impl Drop for Store {
    /// Also after a panic: nobody may wait for a thread that has ended.
    fn drop(&mut self) {
        let asked = self.shared.closed.swap(true, Ordering::AcqRel) && !std::thread::panicking();
        self.shared.board.lock().ledger.dismiss();
        self.shared.ended.send_replace(Some(if asked { Ok(()) } else { Err(OutboxError::Closed) }));
    }
}

impl Store {
    fn serve(&mut self) -> Option<Ending> {
        let commands = self.commands.clone();
        loop {
            let first = match self.wait() {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    drop(self.finish());
                    return None;
                }
            };
            let idle = first.is_none();
            let mut writes = Vec::new();
            if let Some(ending) = self.gather(first, &commands, &mut writes) {
                return Some(ending);
            }
            self.shared.tell();
            if !writes.is_empty() || self.flush_at.is_some_and(|at| at <= Instant::now()) {
                self.write(writes);
                self.shared.tell();
            } else if idle && self.untidy {
                self.tidy();
            }
            if self.damaged {
                self.leave_a_mark();
                return None;
            }
            let closing = if commands.is_empty() { self.shared.closing.lock().take() } else { None };
            if let Some(answer) = closing {
                return Some(Ending { result: self.finish(), answer });
            }
        }
    }

    fn wait(&self) -> Result<Command, RecvTimeoutError> {
        let idle = self.untidy.then(|| Instant::now() + IDLE);
        match [self.flush_at, idle].into_iter().flatten().min() {
            Some(deadline) => self.commands.recv_deadline(deadline),
            None => self.commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Writes entries and changes in one transaction. If that fails, the entries fail and the changes are tried alone.
    fn write(&mut self, mut entries: Vec<(Write, WhenStored)>) {
        self.turn_page();
        if !entries.is_empty() && self.space.is_short() {
            let refusal = || OutboxError::Full("the disk is down to its reserve of free space");
            self.shared.board.lock().trouble = Some(refusal().to_string());
            entries.drain(..).for_each(|(_, stored)| stored(Err(refusal())));
        }
        let last = self.page.changes.keys().take(CHANGES).copied().reduce(|_, id| id);
        let (writes, waiting): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let (alone, clean) = (writes.is_empty(), self.page.is_written());
        if alone && clean {
            return self.close_page();
        }
        match self.transact(writes) {
            Ok(verdicts) => {
                self.note_success();
                for (stored, verdict) in waiting.into_iter().zip(verdicts) {
                    stored(verdict);
                }
                self.advance_page(last);
            }
            Err(error) => {
                self.note_failure(&error);
                waiting.into_iter().for_each(|stored| stored(Err(error.clone())));
                if clean {
                    self.close_page();
                } else if alone {
                    self.flush_at = Some(Instant::now() + RETRY);
                } else {
                    self.write(Vec::new());
                }
            }
        }
    }

    /// Takes what the ledger has, once all it had before is written.
    fn turn_page(&mut self) {
        self.flush_at = None;
        self.shared.kicked.store(false, Ordering::Release);
        if self.page.is_written() && self.page.waiters.is_empty() {
            let mut board = self.shared.board.lock();
            if board.ledger.is_open() {
                self.page = board.ledger.tear();
            }
        }
    }

    /// Drops what was written of the page: all of the memo, and changes up to `last`.
    fn advance_page(&mut self, last: Option<i64>) {
        self.page.memo.clear();
        if let Some(last) = last {
            self.untidy = true;
            self.page.changes = self.page.changes.split_off(&(last + 1));
        }
        self.close_page();
    }

    /// Answers those who waited for the page if all of it is written; otherwise the rest is due at once.
    fn close_page(&mut self) {
        if !self.page.is_written() {
            self.flush_at = Some(Instant::now());
            return;
        }
        let waiters = std::mem::take(&mut self.page.waiters);
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
    fn finish(&mut self) -> Result<(), OutboxError> {
        loop {
            self.write(Vec::new());
            if self.page.is_written() && self.shared.board.lock().ledger.is_clean() {
                return Ok(());
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
        }
    }

    fn note_success(&mut self) {
        if !self.space.is_short() {
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

    /// Takes note if an error means that the file as a whole is damaged.
    pub(super) fn note_damage(&mut self, error: &OutboxError) {
        self.damaged |= *error == OutboxError::Damaged;
    }

    fn leave_a_mark(&self) {
        tracing::error!(
            "the outbox is damaged: the store ends, what can be read is taken over at the next start"
        );
        if let Err(error) = folder::mark(&self.folder) {
            tracing::error!(%error, "the state folder can not be marked as damaged");
        }
    }

    fn tidy(&mut self) {
        let step = upkeep::trim(&self.connection).and_then(|more| {
            if !more && self.trimmed {
                upkeep::checkpoint(&self.connection)?;
            }
            Ok(more)
        });
        (self.untidy, self.trimmed) = match step {
            Ok(more) => (more, more),
            Err(error) => {
                self.note_damage(&refusal(&error));
                tracing::warn!(%error, "free pages of the outbox could not be given back");
                (false, false)
            }
        };
    }
}
