//! Building the board from the file.
//!
//! One pass over the deliveries, texts aside. A row whose checksum fails becomes a dead letter (`damaged`).

use std::sync::Arc;

use campanile_domain::ObjectKey;
use rusqlite::{Connection, Row};

use crate::board::{Arrival, Board, Change, EventPlace, Micros, Note, Phase, Standing, provider_number};
use crate::codec::{DELIVERY_OVERHEAD, EVENT_OVERHEAD};
use crate::{Bounds, reasons};

const DELIVERIES: &str = "
    SELECT id, event, event_bytes, provider_namespace, provider_name, lane, state, at, deadline, attempts, checksum,
           octet_length(plan)
    FROM deliveries ORDER BY id";

const UNPLANNED: &str = "SELECT id, accepted_at, octet_length(body) FROM events WHERE planned = 0";

/// The number of no event.
const NO_EVENT: i64 = 0;

/// What a file holds.
pub(super) struct Rebuilt {
    pub(super) board: Board,
    /// The next number to give.
    pub(super) next: i64,
}

/// Reads a whole file.
pub(super) fn rebuild(connection: &Connection, bounds: Bounds, now: Micros) -> rusqlite::Result<Rebuilt> {
    let mut pass = Pass { board: Board::new(bounds), last: None, highest: 0, now };
    let mut statement = connection.prepare(DELIVERIES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        pass.delivery(row)?;
    }
    let mut statement = connection.prepare(UNPLANNED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let bytes = row.get::<_, i64>(2)?.cast_unsigned() + EVENT_OVERHEAD;
        pass.board.insert_unplanned(id, row.get(1)?, saturated(bytes));
        pass.highest = pass.highest.max(id);
    }
    let reserved: i64 =
        connection.query_row("SELECT value FROM numbers WHERE name = 'next'", [], |row| row.get(0))?;
    let mut board = pass.board;
    // A provider beyond its bound is brought back to it by its next append.
    board.drop_surplus();
    Ok(Rebuilt { board, next: reserved.max(pass.highest + 1) })
}

struct Pass {
    board: Board,
    /// The event and the provider of the row before: deliveries of an event stand together.
    last: Option<(i64, EventPlace, ObjectKey)>,
    highest: i64,
    now: Micros,
}

impl Pass {
    fn delivery(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let id: i64 = row.get(0)?;
        let event: i64 = row.get(1).unwrap_or_default();
        let event_bytes: u32 = row.get(2).unwrap_or_default();
        let stored: i64 = row.get(10).unwrap_or_default();
        let provider = self.provider(row);
        let facts = facts(row, id);
        self.highest = self.highest.max(id);
        if facts.checksum(event, event_bytes, provider_number(&provider)).cast_signed() != stored {
            self.damaged(&provider, facts);
            return Ok(());
        }
        let place = match &self.last {
            Some((last, place, _)) if *last == event => *place,
            _ => self.board.insert_event(event, event_bytes),
        };
        self.board.insert(place, &provider, facts);
        self.last = Some((event, place, provider));
        Ok(())
    }

    /// The provider of a row, shared with the row before where it is the same.
    fn provider(&self, row: &Row<'_>) -> ObjectKey {
        let text =
            |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default();
        let (namespace, name) = (text(3), text(4));
        match &self.last {
            Some((.., key)) if *key.namespace == *namespace && *key.name == *name => key.clone(),
            _ => ObjectKey::new(namespace, name),
        }
    }

    /// A row whose columns can not be trusted, its event's number included: it becomes a dead letter without an event.
    fn damaged(&mut self, provider: &ObjectKey, facts: Arrival) {
        let dead = Arrival { phase: Phase::Dead, at: self.now, ..facts };
        let place = self.board.insert_event(NO_EVENT, 0);
        self.board.insert(place, provider, dead);
        self.board.count_damage();
        let standing = Standing {
            phase: dead.phase,
            at: dead.at,
            deadline: dead.deadline,
            attempts: dead.attempts,
            checksum: dead.checksum(NO_EVENT, 0, provider_number(provider)),
            note: Note::Set(Arc::new(reasons::damaged())),
        };
        self.board.ledger.note(dead.id, Change::Stands(standing));
        tracing::error!(delivery = dead.id, %provider, "a stored delivery is damaged and became a dead letter");
    }
}

/// The columns of a row; a value that is not possible is replaced, which its checksum will tell.
fn facts(row: &Row<'_>, id: i64) -> Arrival {
    let bytes = row.get::<_, i64>(11).unwrap_or_default().cast_unsigned();
    Arrival {
        id,
        lane: row.get::<_, i64>(5).unwrap_or_default().cast_unsigned(),
        phase: row.get(6).ok().and_then(Phase::of_number).unwrap_or(Phase::Dead),
        at: row.get(7).unwrap_or_default(),
        deadline: row.get(8).unwrap_or_default(),
        attempts: row.get(9).unwrap_or_default(),
        bytes: saturated(bytes + DELIVERY_OVERHEAD),
    }
}

/// A size as the board keeps it.
pub(super) fn saturated(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
