//! Reading texts back: of leases beyond the cache, of lists, of events without a plan.

use std::sync::Arc;

use campanile_domain::{Delivery, DeliveryId, Event, Failure, NewDelivery, ObjectKey};
use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::{Fault, is_structural};
use super::schema::{event_checksum, plan_checksum};
use crate::board::{Micros, Note, Pick, Sketch, timestamp};
use crate::{DeliveryState, DeliveryView, EventId, Unplanned, codec, reasons};

const DELIVERY: &str = "
    SELECT d.plan, d.plan_checksum, d.event, e.accepted_at, e.body, e.checksum, d.failure
    FROM deliveries d LEFT JOIN events e ON e.id = d.event WHERE d.id = ?1";

const PLAN: &str = "SELECT plan FROM deliveries WHERE id = ?1";

const UNPLANNED: &str = "
    SELECT id, accepted_at, body, checksum FROM events WHERE planned = 0 ORDER BY id LIMIT ?1";

/// The event that was read last: deliveries of one event are often read one after the other.
pub(super) type Recent = Option<(i64, Micros, Arc<Event>)>;

/// A delivery's texts.
struct Texts {
    plan: NewDelivery,
    event: Arc<Event>,
    accepted_at: Micros,
}

/// Reads a leased delivery; none if its record is damaged.
pub(super) fn delivery(
    connection: &Connection,
    pick: &Pick,
    provider: &ObjectKey,
    recent: &mut Recent,
) -> rusqlite::Result<Option<Delivery>> {
    let read = connection
        .prepare_cached(DELIVERY)?
        .query_row([pick.id], |row| Ok(texts(row, pick.id, provider, pick.deadline, recent)))
        .optional();
    match read {
        Ok(found) => Ok(found.flatten().map(|texts| Delivery {
            id: DeliveryId(pick.id),
            event: texts.event,
            plan: texts.plan,
            accepted_at: timestamp(texts.accepted_at),
            attempts: pick.attempts.into(),
        })),
        Err(error) if Fault::of(&error) == Fault::Damage && !is_structural(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn texts(
    row: &Row<'_>,
    id: i64,
    provider: &ObjectKey,
    deadline: Micros,
    recent: &mut Recent,
) -> Option<Texts> {
    let text = row.get_ref(0).ok()?.as_bytes().ok()?;
    let event_id = row.get(2).ok()?;
    if row.get::<_, i64>(1).ok()? != plan_checksum(id, event_id, text) {
        return None;
    }
    let plan = codec::decode_plan(text, provider.clone(), timestamp(deadline))?;
    let (accepted_at, event) = match recent {
        Some((last, accepted_at, event)) if *last == event_id => (*accepted_at, event.clone()),
        _ => event_of(row, event_id, 3)?,
    };
    *recent = Some((event_id, accepted_at, event.clone()));
    Some(Texts { plan, event, accepted_at })
}

/// The event whose acceptance, body and checksum stand in three columns from `first`.
fn event_of(row: &Row<'_>, id: i64, first: usize) -> Option<(Micros, Arc<Event>)> {
    let accepted_at: Micros = row.get(first).ok()?;
    let body = row.get_ref(first + 1).ok()?.as_bytes().ok()?;
    if row.get::<_, i64>(first + 2).ok()? != event_checksum(id, accepted_at, body) {
        return None;
    }
    Some((accepted_at, Arc::new(codec::decode_event(body)?)))
}

/// Reads what a list shows of a delivery. What can not be read stays empty.
pub(super) fn view(
    connection: &Connection,
    sketch: Sketch,
    recent: &mut Recent,
) -> rusqlite::Result<DeliveryView> {
    let Sketch { id, state, provider, attempts, at, note } = sketch;
    let read = connection.prepare_cached(DELIVERY)?.query_row([id], |row| {
        let stored =
            row.get_ref(6).ok().and_then(|value| serde_json::from_slice(value.as_bytes().ok()?).ok());
        Ok((texts(row, id, &provider, 0, recent), stored))
    });
    let (texts, stored): (Option<Texts>, Option<Failure>) = match read {
        Ok(found) => found,
        Err(error) if Fault::of(&error) == Fault::Damage => (None, None),
        Err(error) => return Err(error),
    };
    let failure = match note {
        Note::Keep => stored,
        Note::Clear => None,
        Note::Set(failure) => Some((*failure).clone()),
    };
    // A dead letter always has a reason; where it can not be read, that is one.
    let failure = failure.or_else(|| (state == DeliveryState::Dead).then(reasons::damaged));
    let (object, reason) = texts
        .as_ref()
        .map(|texts| (texts.event.involved_object.path(), texts.event.reason.clone()))
        .unwrap_or_default();
    Ok(DeliveryView {
        id: DeliveryId(id),
        state,
        provider,
        alert: texts.as_ref().map_or_else(|| ObjectKey::new("", ""), |texts| texts.plan.alert.key.clone()),
        object,
        reason,
        attempts: attempts.into(),
        accepted_at: timestamp(texts.map_or(0, |texts| texts.accepted_at)),
        at: at.map(timestamp),
        failure,
    })
}

/// Reads the Alert of a delivery; none if there is no such row any more, or its text can not be read.
pub(super) fn alert(connection: &Connection, id: i64) -> rusqlite::Result<Option<ObjectKey>> {
    let read = connection
        .prepare_cached(PLAN)?
        .query_row([id], |row| Ok(row.get_ref(0)?.as_bytes().ok().and_then(codec::decode_alert)));
    match read.optional() {
        Ok(found) => Ok(found.flatten()),
        Err(error) if Fault::of(&error) == Fault::Damage => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads events without a plan, oldest first: those that can be read, and the numbers of those that can not.
pub(super) fn unplanned(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<(Vec<Unplanned>, Vec<i64>)> {
    let (mut sound, mut damaged) = (Vec::new(), Vec::new());
    let mut statement = connection.prepare_cached(UNPLANNED)?;
    let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        match event_of(row, id, 1) {
            Some((accepted_at, event)) => {
                sound.push(Unplanned { id: EventId(id), event, accepted_at: timestamp(accepted_at) });
            }
            None => damaged.push(id),
        }
    }
    Ok((sound, damaged))
}
