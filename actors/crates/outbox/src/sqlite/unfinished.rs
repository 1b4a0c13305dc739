//! The event that has only a part of its deliveries in the file: what a process did not come to write of it is forgotten at
//! the next start, since nobody was told that it is stored.

use rusqlite::{Connection, OptionalExtension};

use super::schema::PLANNED;

/// The row of `numbers` that names the event; absent if there is none.
const NAME: &str = "unfinished";

/// Notes which event it is. Part of the transaction that writes its deliveries.
pub(super) fn note(connection: &Connection, event: Option<i64>) -> rusqlite::Result<()> {
    let sql = match event {
        Some(_) => "INSERT OR REPLACE INTO numbers (name, value) VALUES (?1, ?2)",
        None => "DELETE FROM numbers WHERE name = ?1 AND ?2 IS NULL",
    };
    connection.prepare_cached(sql)?.execute((NAME, event)).map(drop)
}

/// Removes what there is of one, but for an event that waited for its plan before. Returns how many deliveries it had, if there
/// is one.
pub(super) fn forget(connection: &Connection) -> rusqlite::Result<Option<usize>> {
    let noted = "SELECT value FROM numbers WHERE name = ?1";
    let Some(event) = connection.query_row(noted, [NAME], |row| row.get::<_, i64>(0)).optional()? else {
        return Ok(None);
    };
    let transaction = connection.unchecked_transaction()?;
    // Numbers ascend, so its deliveries stand behind it.
    let deliveries = connection.execute("DELETE FROM deliveries WHERE id > ?1 AND event = ?1", [event])?;
    connection.execute("DELETE FROM events WHERE id = ?1 AND planned = ?2", [event, PLANNED])?;
    note(connection, None)?;
    transaction.commit()?;
    Ok(Some(deliveries))
}
