//! Building the board from what a journal has stored.

use std::sync::Arc;

use campanile_domain::ObjectKey;

use super::{LastFailure, Micros, Phase, RowChange, RowColumns};
use crate::board::{Board, BoardEntry, EventPlace, provider_number};
use crate::{Bounds, Ownership, reasons};

/// The number of no event.
const NO_EVENT: i64 = 0;

/// A stored delivery without its texts.
#[derive(Clone, Debug)]
pub struct StoredRow {
    /// The origin of the delivery's id.
    pub origin: u64,
    /// The number of its event.
    pub event: i64,
    /// What the row of its event weighs in bytes.
    pub event_bytes: u32,
    /// Namespace and name of its Provider.
    pub provider: ObjectKey,
    /// The columns of its row.
    pub facts: BoardEntry,
    /// The checksum that is stored with it.
    pub checksum: u64,
}

/// Takes what is stored, row by row, and has the board ready in the end.
pub struct Loader {
    board: Board,
    /// The event of the row before: deliveries of an event stand together.
    last: Option<(i64, EventPlace)>,
    highest: i64,
    next: i64,
    now: Micros,
}

impl Loader {
    /// A loader of a board with these bounds. Rows that are damaged die at `now`.
    pub fn new(bounds: Bounds, ownership: Arc<dyn Ownership>, now: Micros) -> Self {
        Self { board: Board::new(bounds, ownership), last: None, highest: 0, next: 1, now }
    }

    /// Takes a delivery; rows come in the order of their numbers. One whose checksum fails becomes a dead letter.
    pub fn delivery(&mut self, row: &StoredRow) {
        let StoredRow { origin, event, event_bytes, provider, facts, checksum } = row;
        self.highest = self.highest.max(facts.id);
        self.board.note_origin(facts.id, *origin);
        if facts.checksum(*origin, *event, *event_bytes, provider_number(provider)) != *checksum {
            return self.damaged(provider, *facts);
        }
        let place = match self.last {
            Some((last, place)) if last == *event => place,
            _ => self.board.insert_event(*event, *event_bytes),
        };
        self.board.insert(place, provider, *facts);
        self.last = Some((*event, place));
    }

    /// Takes an event without a plan, about an object of that namespace, whose row weighs so many bytes.
    pub fn unplanned(&mut self, number: i64, origin: u64, namespace: &str, accepted_at: Micros, bytes: u32) {
        self.board.note_origin(number, origin);
        self.board.insert_unplanned(number, namespace, accepted_at, bytes);
        self.highest = self.highest.max(number);
    }

    /// Takes the first number that was never given, as far as the journal has noted it.
    pub fn next(&mut self, number: i64) {
        self.next = self.next.max(number);
    }

    /// Takes the highest number that a stored reconcile has.
    pub fn reconcile(&mut self, number: i64) {
        self.board.note_reconcile(number);
    }

    /// Counts a record that was lost before it could be loaded.
    pub(crate) fn count_damage(&mut self) {
        self.board.count_damage();
    }

    /// The board, and the next number to give.
    pub(crate) fn finish(mut self) -> (Board, i64) {
        // A provider beyond its bound is brought back to it by its next append.
        self.board.drop_surplus();
        (self.board, self.next.max(self.highest + 1))
    }

    /// Takes a row whose columns cannot be trusted, its event's number included: it becomes a dead letter without an event.
    fn damaged(&mut self, provider: &ObjectKey, facts: BoardEntry) {
        let dead = BoardEntry { phase: Phase::Dead, at: self.now, ..facts };
        let (id, place) = (self.board.id(dead.id), self.board.insert_event(NO_EVENT, 0));
        let origin = id.origin();
        self.board.insert(place, provider, dead);
        self.board.count_damage();
        let standing = RowColumns {
            phase: dead.phase,
            at: dead.at,
            deadline: dead.deadline,
            attempts: dead.attempts,
            checksum: dead.checksum(origin, NO_EVENT, 0, provider_number(provider)),
            failure: LastFailure::Set(Arc::new(reasons::damaged())),
        };
        self.board.note_change(provider, dead.id, RowChange::Stands(standing));
        tracing::error!(delivery = %id, %provider, "a stored delivery is damaged and became a dead letter");
    }
}
