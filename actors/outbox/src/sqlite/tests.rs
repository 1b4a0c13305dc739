//! What only a store on a disk can do wrong.

mod damage;
mod folder;
mod full;
mod memo;
mod mend;
mod survival;

use std::path::Path;

use campanile_testkit::noon;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Opened, SqliteOutbox};
use crate::suite::harness::{chat, entry, of_lane, wait};
use crate::{Bounds, DeliveryView, Outbox, Selection};

/// A store in a folder of its own.
struct Place {
    folder: TempDir,
    bounds: Bounds,
}

impl Place {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), bounds: Bounds::default() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self) -> SqliteOutbox {
        self.opened().outbox
    }

    fn opened(&self) -> Opened {
        SqliteOutbox::open(self.path(), self.bounds, noon()).unwrap()
    }

    /// Changes the file while no store has it open.
    fn edit(&self, sql: &str) {
        Connection::open(self.path().join("outbox.db")).unwrap().execute_batch(sql).unwrap();
    }

    /// Bytes of the database and its log.
    fn size(&self) -> u64 {
        ["outbox.db", "outbox.db-wal"]
            .iter()
            .filter_map(|name| self.path().join(name).metadata().ok())
            .map(|file| file.len())
            .sum()
    }
}

/// Appends an event with one delivery in a lane of the same name.
fn put(outbox: &SqliteOutbox, lane: &str) {
    wait(outbox.append(entry(lane, vec![of_lane(lane)]))).unwrap();
}

fn take(outbox: &SqliteOutbox, limit: usize) -> Vec<crate::Lease> {
    wait(outbox.take(&chat(), limit, noon())).unwrap()
}

fn dead(outbox: &SqliteOutbox) -> Vec<DeliveryView> {
    wait(outbox.list(Selection { dead: true, ..Selection::default() })).unwrap()
}

/// Waits until all that happened so far is on disk.
fn flush(outbox: &SqliteOutbox) {
    wait(outbox.settle(Vec::new(), noon())).unwrap();
}
