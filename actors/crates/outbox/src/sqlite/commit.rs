//! The transaction that writes a batch: all of it is in the file, or nothing.

use rusqlite::{Connection, params};

use super::error_class::refusal;
use super::memo::MemoTable;
use super::reconciles;
use super::schema::{PLANNED, SET_ASIDE, UNPLANNED, event_checksum, plan_checksum};
use super::unfinished;
use crate::OutboxError;
use crate::journal::{
    EventAction, JournalBatch, LastFailure, RowChange, RowColumns, RowOutcome, StagedDelivery, StagedEvent,
};

/// Numbers that are reserved on disk at a time, so that not every batch must note how far it came.
const RESERVE: i64 = 1024;

const INSERT_EVENT: &str =
    "INSERT INTO events (id, accepted_at, planned, body, checksum, origin) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const INSERT_DELIVERY: &str = "
    INSERT INTO deliveries (id, event, event_bytes, provider_namespace, provider_name, lane, state, at, deadline,
                            attempts, checksum, plan, plan_checksum, origin)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// The numbers that the file has given so far.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    /// The first that the file does not know to be given.
    pub(super) reserved: i64,
    /// The event that has only a part of its deliveries.
    pub(super) unfinished: Option<i64>,
}

/// Writes a batch. Returns what the file knows of numbers afterwards.
pub(super) fn commit(
    connection: &Connection,
    memo: &mut MemoTable,
    batch: &JournalBatch<'_>,
    known: Numbers,
) -> Result<Numbers, OutboxError> {
    let write = || -> Result<Numbers, OutboxError> {
        write_outcomes(connection, &batch.outcomes).map_err(|error| refusal(&error))?;
        memo.write(connection, batch.memo).map_err(|error| memo_refusal(&error))?;
        let write = || -> rusqlite::Result<Numbers> {
            batch.events.iter().try_for_each(|event| write_event(connection, batch, event))?;
            reconciles::write(connection, batch)?;
            if batch.unfinished != known.unfinished {
                unfinished::note(connection, batch.unfinished)?;
            }
            let reserved = reserve(connection, batch, known.reserved)?;
            Ok(Numbers { reserved, unfinished: batch.unfinished })
        };
        write().map_err(|error| refusal(&error))
    };
    in_transaction(connection, write).inspect_err(|_| memo.roll_back(connection))
}

/// The error of a memo that could not be written. Damage of the memo alone is mended on the spot.
fn memo_refusal(error: &rusqlite::Error) -> OutboxError {
    match refusal(error) {
        OutboxError::Damaged => OutboxError::Store(format!("use the memo of the outbox: {error}")),
        other => other,
    }
}

fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T, OutboxError>,
) -> Result<T, OutboxError> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]).map(drop);
    let run = |sql| run(sql).map_err(|error| refusal(&error));
    let attempt = || {
        run("BEGIN IMMEDIATE")?;
        let done = work()?;
        run("COMMIT")?;
        Ok(done)
    };
    attempt().inspect_err(|_| {
        if !connection.is_autocommit()
            && let Err(error) = run("ROLLBACK")
        {
            tracing::error!(%error, "a failed group could not be rolled back");
        }
    })
}

/// Makes sure that the mark in the file is beyond every number that was given.
fn reserve(connection: &Connection, batch: &JournalBatch<'_>, reserved: i64) -> rusqlite::Result<i64> {
    if batch.events.is_empty() || batch.next <= reserved {
        return Ok(reserved);
    }
    let mark = batch.next + RESERVE;
    connection.prepare_cached("UPDATE numbers SET value = ?1 WHERE name = 'next'")?.execute([mark])?;
    Ok(mark)
}

fn write_event(
    connection: &Connection,
    batch: &JournalBatch<'_>,
    event: &StagedEvent,
) -> rusqlite::Result<()> {
    let StagedEvent { number, accepted_at, action, deliveries, .. } = event;
    match action {
        EventAction::Add(body) => {
            let planned = if deliveries.is_empty() { UNPLANNED } else { PLANNED };
            let body = batch.text(body)?;
            let checksum = event_checksum(batch.origin, *number, *accepted_at, body.as_bytes());
            let values = params![number, accepted_at, planned, body, checksum, batch.origin.cast_signed()];
            connection.prepare_cached(INSERT_EVENT)?.execute(values)?;
        }
        EventAction::Extend => {}
        EventAction::Plan => mark_event(connection, *number, PLANNED)?,
        EventAction::SetAside => mark_event(connection, *number, SET_ASIDE)?,
        EventAction::Remove => {
            connection.prepare_cached("DELETE FROM events WHERE id = ?1")?.execute([number])?;
        }
    }
    deliveries.iter().try_for_each(|delivery| write_delivery(connection, batch, event, delivery))
}

/// Changes whether an event waits for its plan.
pub(super) fn mark_event(connection: &Connection, number: i64, planned: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE events SET planned = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([number, planned]).map(drop)
}

fn write_delivery(
    connection: &Connection,
    batch: &JournalBatch<'_>,
    event: &StagedEvent,
    delivery: &StagedDelivery,
) -> rusqlite::Result<()> {
    let StagedDelivery { plan, provider, facts, text } = delivery;
    let text = batch.text(text)?;
    let values = params![
        facts.id,
        event.number,
        event.bytes,
        &*plan.provider.namespace,
        &*plan.provider.name,
        facts.lane.cast_signed(),
        facts.phase as i64,
        facts.at,
        facts.deadline,
        facts.attempts,
        facts.checksum(batch.origin, event.number, event.bytes, *provider).cast_signed(),
        text,
        plan_checksum(batch.origin, facts.id, event.number, text.as_bytes()),
        batch.origin.cast_signed(),
    ];
    connection.prepare_cached(INSERT_DELIVERY)?.execute(values).map(drop)
}

/// Writes outcomes. Their epoch is that of the one process that holds the file.
fn write_outcomes(connection: &Connection, outcomes: &[(i64, &RowOutcome)]) -> rusqlite::Result<()> {
    let mut gone = Vec::new();
    for (id, outcome) in outcomes {
        match &outcome.change {
            RowChange::Gone { event } => gone.extend(event.iter().chain([id])),
            RowChange::Stands(standing) => write_standing(connection, *id, standing)?,
        }
    }
    delete(connection, gone)
}

/// Deletes rows of events and deliveries. They have their numbers from one counter, so a run without a gap is deleted
/// at once, whichever rows its numbers stand for.
fn delete(connection: &Connection, mut gone: Vec<i64>) -> rusqlite::Result<()> {
    gone.sort_unstable();
    for run in gone.chunk_by(|before, after| before + 1 == *after) {
        let ([first, ..], [.., last]) = (run, run) else { continue };
        for sql in [
            "DELETE FROM deliveries WHERE id BETWEEN ?1 AND ?2",
            "DELETE FROM events WHERE id BETWEEN ?1 AND ?2",
        ] {
            connection.prepare_cached(sql)?.execute([first, last])?;
        }
    }
    Ok(())
}

fn write_standing(connection: &Connection, id: i64, standing: &RowColumns) -> rusqlite::Result<()> {
    let RowColumns { phase, at, deadline, attempts, checksum, failure } = standing;
    let failure = match failure {
        LastFailure::Keep => {
            let sql = "UPDATE deliveries SET state = ?2, at = ?3, deadline = ?4, attempts = ?5, checksum = ?6 WHERE id = ?1";
            let values = params![id, *phase as i64, at, deadline, attempts, checksum.cast_signed()];
            return connection.prepare_cached(sql)?.execute(values).map(drop);
        }
        LastFailure::Clear => None,
        LastFailure::Set(failure) => serde_json::to_string(&**failure).ok(),
    };
    let sql = "UPDATE deliveries SET state = ?2, at = ?3, deadline = ?4, attempts = ?5, checksum = ?6, failure = ?7 WHERE id = ?1";
    let values = params![id, *phase as i64, at, deadline, attempts, checksum.cast_signed(), failure];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}
