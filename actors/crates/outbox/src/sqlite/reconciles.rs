//! The table of postponed reconciles.

use campanile_domain::{ObjectKey, PostponedReconcile};
use rusqlite::{Connection, Row, params};

use super::schema::reconcile_checksum;
use crate::board::timestamp;
use crate::journal::{JournalBatch, StoredReconciles};

const INSERT: &str = "INSERT INTO reconciles VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const DELETE: &str = "DELETE FROM reconciles WHERE id = ?1";
const READ: &str = "
    SELECT id, resource, receiver_namespace, receiver_name, accepted_at, request, checksum FROM reconciles ORDER BY id";

/// Removes what is settled, and adds what is new.
pub(super) fn write(connection: &Connection, batch: &JournalBatch<'_>) -> rusqlite::Result<()> {
    for number in batch.settled {
        connection.prepare_cached(DELETE)?.execute([number])?;
    }
    for (number, reconcile) in batch.reconciles {
        let PostponedReconcile { resource, receiver, accepted_at, request } = reconcile;
        let values = params![
            number,
            resource,
            &*receiver.namespace,
            &*receiver.name,
            accepted_at.as_microsecond(),
            request,
            reconcile_checksum(*number, reconcile),
        ];
        connection.prepare_cached(INSERT)?.execute(values)?;
    }
    Ok(())
}

/// Reads all postponed reconciles that are stored.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<StoredReconciles> {
    let mut statement = connection.prepare_cached(READ)?;
    let mut rows = statement.query([])?;
    let mut found = StoredReconciles::default();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        match reconcile(row, number) {
            Some(reconcile) => found.sound.push((number, reconcile)),
            None => found.damaged.push(number),
        }
    }
    Ok(found)
}

/// A row, if its checksum holds.
fn reconcile(row: &Row<'_>, number: i64) -> Option<PostponedReconcile> {
    let text = |column| row.get::<_, String>(column).ok();
    let reconcile = PostponedReconcile {
        resource: text(1)?,
        receiver: ObjectKey::new(text(2)?, text(3)?),
        accepted_at: timestamp(row.get(4).ok()?),
        request: text(5)?,
    };
    (row.get(6) == Ok(reconcile_checksum(number, &reconcile))).then_some(reconcile)
}
