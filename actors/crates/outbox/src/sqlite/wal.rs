//! SQLite's write-ahead log (WAL): its size, and when it is copied into the file.
//!
//! SQLite would copy it as a part of the commit that makes it too long, before anybody is answered. The store's thread
//! does it behind the answers instead, and while no command waits if it can.

use rusqlite::Connection;

use crate::journal::JournalBatch;

/// Pages after which the log is copied: 1 MiB, some milliseconds of work.
const ENOUGH: usize = 256;
/// Pages after which it is copied although commands wait. SQLite itself does it at 2,048.
const TOO_MUCH: usize = 2 * ENOUGH;
/// The bytes of a page.
const PAGE: usize = 4096;
/// Pages that a small commit takes: the last one of each table.
const OF_A_COMMIT: usize = 2;
/// Rows that share a page, their texts aside.
const ROWS: usize = 16;

/// About how many pages are in the log.
#[derive(Debug, Default)]
pub(super) struct WalSize(usize);

impl WalSize {
    /// Takes a batch into account that was committed.
    pub(super) fn add(&mut self, batch: &JournalBatch<'_>) {
        let deliveries: usize = batch.events.iter().map(|event| event.deliveries.len()).sum();
        let rows = batch.events.len() + deliveries + batch.outcomes.len() + batch.memo.len();
        self.0 += OF_A_COMMIT + rows / ROWS + batch.texts.len() / PAGE;
    }

    /// Copies the log if it is long enough. `busy` says that somebody waits.
    ///
    /// # Errors
    /// The file cannot be written; all that was committed stays in the log.
    pub(super) fn copy(&mut self, connection: &Connection, busy: bool) -> rusqlite::Result<()> {
        if self.0 < if busy { TOO_MUCH } else { ENOUGH } {
            return Ok(());
        }
        self.0 = 0;
        super::upkeep::checkpoint(connection)
    }
}
