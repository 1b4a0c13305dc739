//! What has changed in memory and not on disk.
//!
//! A delivery has at most one entry, which says all that the row must become; so an entry may be written late, twice, or
//! never if a newer one replaces it. Bounded by the deliveries that the outbox holds. Changes of memos are kept in the
//! order in which they were made; when too many wait, more are refused.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::Arc;

use campanile_domain::Failure;
use tokio::sync::oneshot;

use super::memo::{MemoChange, MemoNote};
use super::record::{Micros, Phase};
use crate::OutboxError;

/// Changes of memos that may wait for a group.
const NOTES: usize = 4096;

/// What a delivery's row must become.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Nothing; nor must the row of its event stay, where that is named.
    Gone {
        /// The event, if this was its last delivery.
        event: Option<i64>,
    },
    /// This.
    Stands(Standing),
}

/// The columns of a delivery that change.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) phase: Phase,
    pub(crate) at: Micros,
    pub(crate) deadline: Micros,
    pub(crate) attempts: u16,
    pub(crate) checksum: u64,
    pub(crate) note: Note,
}

/// What becomes of the last failure.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// It stays.
    Keep,
    /// It is forgotten.
    Clear,
    /// It is replaced.
    Set(Arc<Failure>),
}

/// Who waits until everything before is on disk.
pub(crate) type Waiter = oneshot::Sender<Result<(), OutboxError>>;

/// Changes that wait for a group, and who waits for them.
#[derive(Default)]
pub(crate) struct Ledger {
    changes: BTreeMap<i64, Change>,
    memo: Vec<MemoNote>,
    waiters: Vec<Waiter>,
    /// Whether the store holds a page of earlier changes that are not all on disk yet.
    pub(crate) writing: bool,
}

/// A part of the ledger on its way to the disk.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) changes: BTreeMap<i64, Change>,
    pub(crate) memo: Vec<MemoNote>,
    pub(crate) waiters: Vec<Waiter>,
}

impl Ledger {
    /// Notes what a delivery's row must become.
    pub(crate) fn note(&mut self, id: i64, mut change: Change) {
        if let Change::Stands(Standing { note: note @ Note::Keep, .. }) = &mut change
            && let Some(Change::Stands(before)) = self.changes.get(&id)
        {
            *note = before.note.clone();
        }
        self.changes.insert(id, change);
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

    /// Changes of memos that wait, in their order.
    pub(crate) fn memo(&self) -> &[MemoNote] {
        &self.memo
    }

    /// Whether everything is on disk.
    pub(crate) fn is_clean(&self) -> bool {
        self.changes.is_empty() && self.memo.is_empty() && !self.writing
    }

    /// Whether something waits for the next page.
    pub(crate) fn is_open(&self) -> bool {
        !self.changes.is_empty() || !self.memo.is_empty() || !self.waiters.is_empty()
    }

    /// Answers `waiter` once everything up to now is on disk.
    pub(crate) fn wait(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// Tears off all that waits.
    pub(crate) fn tear(&mut self) -> Page {
        self.writing = true;
        let Self { changes, memo, waiters, .. } = self;
        Page { changes: take(changes), memo: take(memo), waiters: take(waiters) }
    }

    /// Sends away who waits, because nothing will be written any more.
    pub(crate) fn dismiss(&mut self) {
        self.waiters.clear();
    }

    /// What a change that waits says about the last failure of a delivery, if anything.
    pub(super) fn note_on(&self, id: i64) -> Option<Note> {
        note_in(&self.changes, id)
    }
}

impl Page {
    /// Whether all of it is on disk.
    pub(crate) fn is_written(&self) -> bool {
        self.changes.is_empty() && self.memo.is_empty()
    }

    /// What the page says about the last failure of a delivery, if anything.
    pub(crate) fn note_on(&self, id: i64) -> Option<Note> {
        note_in(&self.changes, id)
    }
}

fn note_in(changes: &BTreeMap<i64, Change>, id: i64) -> Option<Note> {
    match changes.get(&id)? {
        Change::Stands(standing) => Some(standing.note.clone()),
        Change::Gone { .. } => None,
    }
}
