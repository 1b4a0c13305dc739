//! Texts that are read back: of leases beyond the cache, of lists, of events without a plan.

use std::sync::Arc;

use campanile_domain::{Event, ObjectKey};
use rusqlite::{Connection, OptionalExtension, Row};

use super::commit::mark_event;
use super::error_class::{SqliteErrorClass, is_structural};
use super::schema::{SET_ASIDE, event_checksum, plan_checksum};
use crate::board::timestamp;
use crate::codec;
use crate::journal::{Micros, StoredDelivery, StoredEvent, StoredEvents, StoredTexts, TextRequest};

const DELIVERY: &str = "
    SELECT d.plan, d.plan_checksum, d.event, e.accepted_at, e.body, e.checksum, e.origin, d.failure, d.origin
    FROM deliveries d LEFT JOIN events e ON e.id = d.event WHERE d.id = ?1";

const PLAN: &str = "SELECT plan FROM deliveries WHERE id = ?1";

const UNPLANNED: &str = "
    SELECT accepted_at, body, checksum, origin FROM events WHERE id = ?1 AND planned = 0";

/// The event that was read last: deliveries of one event are often read one after the other.
type Recent = Option<(i64, Micros, Arc<Event>)>;

/// Reads deliveries. One whose record is damaged has no texts.
pub(super) fn deliveries(
    connection: &Connection,
    wanted: &[TextRequest],
) -> rusqlite::Result<Vec<StoredDelivery>> {
    let mut recent = None;
    wanted.iter().map(|wanted| delivery(connection, wanted, &mut recent)).collect()
}

fn delivery(
    connection: &Connection,
    wanted: &TextRequest,
    recent: &mut Recent,
) -> rusqlite::Result<StoredDelivery> {
    let read = connection.prepare_cached(DELIVERY)?.query_row([wanted.number], |row| {
        let failure =
            row.get_ref(7).ok().and_then(|value| serde_json::from_slice(value.as_bytes().ok()?).ok());
        Ok(StoredDelivery { texts: texts(row, wanted, recent), failure })
    });
    match read.optional() {
        Ok(found) => Ok(found.unwrap_or_default()),
        Err(error) if SqliteErrorClass::of(&error) == SqliteErrorClass::Damage && !is_structural(&error) => {
            Ok(StoredDelivery::default())
        }
        Err(error) => Err(error),
    }
}

fn texts(row: &Row<'_>, wanted: &TextRequest, recent: &mut Recent) -> Option<StoredTexts> {
    let text = row.get_ref(0).ok()?.as_bytes().ok()?;
    let event_id = row.get(2).ok()?;
    let origin = row.get::<_, i64>(8).ok()?.cast_unsigned();
    if row.get::<_, i64>(1).ok()? != plan_checksum(origin, wanted.number, event_id, text) {
        return None;
    }
    let plan = codec::decode_plan(text, wanted.provider.clone(), wanted.deadline)?;
    let (accepted_at, event) = match recent {
        Some((last, accepted_at, event)) if *last == event_id => (*accepted_at, event.clone()),
        _ => event_of(row, event_id, 3)?,
    };
    *recent = Some((event_id, accepted_at, event.clone()));
    Some(StoredTexts { plan, event, accepted_at: timestamp(accepted_at) })
}

/// The event whose acceptance, body, checksum and origin stand in four columns from `first`.
fn event_of(row: &Row<'_>, id: i64, first: usize) -> Option<(Micros, Arc<Event>)> {
    let accepted_at: Micros = row.get(first).ok()?;
    let body = row.get_ref(first + 1).ok()?.as_bytes().ok()?;
    let origin = row.get::<_, i64>(first + 3).ok()?.cast_unsigned();
    if row.get::<_, i64>(first + 2).ok()? != event_checksum(origin, id, accepted_at, body) {
        return None;
    }
    Some((accepted_at, Arc::new(codec::decode_event(body)?)))
}

/// Reads the Alert of a delivery; none if there is no such row any more, or its text cannot be read.
pub(super) fn alert(connection: &Connection, id: i64) -> rusqlite::Result<Option<ObjectKey>> {
    let read = connection
        .prepare_cached(PLAN)?
        .query_row([id], |row| Ok(row.get_ref(0)?.as_bytes().ok().and_then(codec::decode_alert)));
    match read.optional() {
        Ok(found) => Ok(found.flatten()),
        Err(error) if SqliteErrorClass::of(&error) == SqliteErrorClass::Damage => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads events without a plan, and sets those aside that cannot be read.
pub(super) fn unplanned(connection: &Connection, numbers: &[i64]) -> rusqlite::Result<StoredEvents> {
    let mut found = StoredEvents::default();
    let mut statement = connection.prepare_cached(UNPLANNED)?;
    for number in numbers {
        match statement.query_row([number], |row| Ok(event_of(row, *number, 0))).optional()?.flatten() {
            Some((accepted_at, event)) => {
                let accepted_at = timestamp(accepted_at);
                found.sound.push(StoredEvent { number: *number, event, accepted_at });
            }
            None => found.damaged.push(*number),
        }
    }
    found.damaged.iter().try_for_each(|number| mark_event(connection, *number, SET_ASIDE))?;
    Ok(found)
}
