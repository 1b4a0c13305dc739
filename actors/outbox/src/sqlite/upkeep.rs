//! Giving free pages back to the file system.

use rusqlite::Connection;

/// Free pages that stay in the file (4 MiB): the next backlog fills them first, also on a disk that is full.
const KEEP: i64 = 1024;
/// Pages given back in one step (4 MiB).
const STEP: i64 = 1024;

/// One step. Returns whether there is more to do.
pub(super) fn step(connection: &Connection) -> rusqlite::Result<bool> {
    let free: i64 = connection.prepare_cached("PRAGMA freelist_count")?.query_row([], |row| row.get(0))?;
    if free > KEEP {
        // The pragma frees a page with each row that is asked for.
        let mut statement =
            connection.prepare(&format!("PRAGMA incremental_vacuum({})", STEP.min(free - KEEP)))?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        return Ok(true);
    }
    // The file gets shorter when the log is copied into it.
    connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))?;
    Ok(false)
}
