//! Giving free pages back to the file system.

use rusqlite::Connection;

/// Free pages that stay in the file (4 MiB): the next backlog fills them first, also on a disk that is full.
const KEEP: i64 = 1024;
/// Pages given back in one step (4 MiB).
const STEP: i64 = 1024;

/// Gives one step's pages back. Returns false if there are none to give.
pub(super) fn trim(connection: &Connection) -> rusqlite::Result<bool> {
    let free: i64 = connection.prepare_cached("PRAGMA freelist_count")?.query_row([], |row| row.get(0))?;
    if free <= KEEP {
        return Ok(false);
    }
    // The pragma frees a page with each row that is asked for.
    let mut statement =
        connection.prepare(&format!("PRAGMA incremental_vacuum({})", STEP.min(free - KEEP)))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}

/// Copies the log into the file, which is when a file that was trimmed gets shorter.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))
}
