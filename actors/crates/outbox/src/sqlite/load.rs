//! Reading what the file holds: one pass over the deliveries, texts aside.

use campanile_domain::ObjectKey;
use rusqlite::{Connection, Row};

use super::unfinished;
use crate::BoardEntry;
use crate::codec::{DELIVERY_OVERHEAD, EVENT_OVERHEAD};
use crate::journal::{Loader, Phase, StoredRow};

const DELIVERIES: &str = "
    SELECT id, event, event_bytes, provider_namespace, provider_name, lane, state, at, deadline, attempts, checksum,
           octet_length(plan), origin
    FROM deliveries ORDER BY id";

const UNPLANNED: &str = "
    SELECT id, accepted_at, octet_length(body), origin,
           CASE WHEN json_valid(body) THEN body ->> '$.involved_object.namespace' END
    FROM events WHERE planned = 0 ORDER BY id";

/// Reads the whole of a file.
pub(super) fn load(connection: &Connection, into: &mut Loader) -> rusqlite::Result<()> {
    if let Some(deliveries) = unfinished::forget(connection)? {
        tracing::info!(
            deliveries,
            "an event was not stored to its end and is removed; its sender was not told that it was accepted"
        );
    }
    let mut statement = connection.prepare(DELIVERIES)?;
    let mut rows = statement.query([])?;
    let mut last = ObjectKey::new("", "");
    while let Some(row) = rows.next()? {
        let row = stored_row(row, &last)?;
        into.delivery(&row);
        last = row.provider;
    }
    let mut statement = connection.prepare(UNPLANNED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let bytes = row.get::<_, i64>(2)?.cast_unsigned() + EVENT_OVERHEAD;
        let origin = row.get::<_, i64>(3)?.cast_unsigned();
        let namespace = row.get_ref(4)?.as_str().unwrap_or_default();
        into.unplanned(row.get(0)?, origin, namespace, row.get(1)?, saturated(bytes));
    }
    let reserved = "SELECT value FROM numbers WHERE name = 'next'";
    into.next(connection.query_row(reserved, [], |row| row.get(0))?);
    let last = "SELECT ifnull(max(id), 0) FROM reconciles";
    into.reconcile(connection.query_row(last, [], |row| row.get(0))?);
    Ok(())
}

/// A row. A value that is not possible is replaced, which its checksum will tell. The provider is shared with the row
/// before where it is the same.
fn stored_row(row: &Row<'_>, last: &ObjectKey) -> rusqlite::Result<StoredRow> {
    let text = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default();
    let (namespace, name) = (text(3), text(4));
    let same = *last.namespace == *namespace && *last.name == *name;
    let bytes = row.get::<_, i64>(11).unwrap_or_default().cast_unsigned();
    Ok(StoredRow {
        origin: row.get::<_, i64>(12).unwrap_or_default().cast_unsigned(),
        event: row.get(1).unwrap_or_default(),
        event_bytes: row.get(2).unwrap_or_default(),
        provider: if same { last.clone() } else { ObjectKey::new(namespace, name) },
        facts: BoardEntry {
            id: row.get(0)?,
            lane: row.get::<_, i64>(5).unwrap_or_default().cast_unsigned(),
            phase: row.get(6).ok().and_then(Phase::of_number).unwrap_or(Phase::Dead),
            at: row.get(7).unwrap_or_default(),
            deadline: row.get(8).unwrap_or_default(),
            attempts: row.get(9).unwrap_or_default(),
            bytes: saturated(bytes + DELIVERY_OVERHEAD),
        },
        checksum: row.get::<_, i64>(10).unwrap_or_default().cast_unsigned(),
    })
}

/// A size as the board keeps it.
fn saturated(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
