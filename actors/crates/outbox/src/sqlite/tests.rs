//! What only a store on a disk can do wrong.

mod damage;
mod folder;
mod full;
mod heavy;
mod memo;
mod mend;
mod migrate;
mod reconciles;
mod survival;

use std::path::Path;
use std::sync::Arc;

use campanile_domain::DeliveryId;
use campanile_testkit::noon;
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{OpenError, Opened, open};
use crate::suite::harness::{appended, chat, entry, of_lane, wait};
use crate::{
    AllProviders, Bounds, Browse, BrowseFilter, DeliveryView, JournaledOutbox, Scheduler, Settlement,
};

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

    fn open(&self) -> JournaledOutbox {
        self.opened().outbox
    }

    fn opened(&self) -> Opened {
        open_in(self.path(), self.bounds, noon()).unwrap()
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

fn open_in(folder: &Path, bounds: Bounds, now: Timestamp) -> Result<Opened, OpenError> {
    open(folder, bounds, Arc::new(AllProviders), now)
}

/// Appends an event with one delivery in a lane of the same name.
fn put(outbox: &JournaledOutbox, lane: &str) {
    wait(appended(outbox, entry(lane, vec![of_lane(lane)]))).unwrap();
}

fn take(outbox: &JournaledOutbox, limit: usize) -> Vec<crate::Lease> {
    wait(outbox.take(&chat(), limit, noon())).unwrap()
}

fn dead(outbox: &JournaledOutbox) -> Vec<DeliveryView> {
    wait(outbox.list(BrowseFilter { dead: true, ..BrowseFilter::default() })).unwrap()
}

/// Waits until all that happened so far is on disk.
fn flush(outbox: &JournaledOutbox) {
    wait(outbox.flushed()).unwrap();
}

/// Ends leases at noon, all in the same way, and waits until that is on disk.
fn settle(outbox: &JournaledOutbox, ids: impl IntoIterator<Item = DeliveryId>, settlement: &Settlement) {
    ids.into_iter().for_each(|id| outbox.settle(id, settlement.clone(), noon()));
    flush(outbox);
}
