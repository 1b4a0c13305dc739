//! The journal on disk: a SQLite file in the state folder.

mod commit;
mod error_class;
mod folder;
mod load;
mod memo;
mod mend;
mod open;
mod private;
mod read;
mod reconciles;
mod schema;
mod space;
#[cfg(test)]
mod tests;
mod unfinished;
mod upkeep;
mod wal;

use campanile_domain::ObjectKey;
use rusqlite::Connection;

use crate::OutboxError;
use crate::journal::{
    Journal, JournalBatch, Loader, StoredDelivery, StoredEvents, StoredReconciles, TextRequest,
};
use commit::Numbers;
use error_class::refusal;
use folder::FolderLock;
use memo::MemoTable;
use space::Space;
use wal::WalSize;

#[cfg(test)]
pub(crate) use open::open_journal;
pub use open::{OpenError, Opened, open};

/// A journal in a SQLite file. It holds the lock of its folder as long as it lives.
pub(crate) struct SqliteJournal {
    connection: Connection,
    folder: std::path::PathBuf,
    space: Space,
    memo: MemoTable,
    numbers: Numbers,
    wal: WalSize,
    /// Whether the file was trimmed since the last checkpoint.
    trimmed: bool,
    #[cfg(test)]
    broken: bool,
    _lock: FolderLock,
}

impl Journal for SqliteJournal {
    async fn load(&mut self, into: &mut Loader) -> Result<(), OutboxError> {
        load::load(&self.connection, into).map_err(|error| refusal(&error))
    }

    async fn commit(&mut self, batch: &JournalBatch<'_>) -> Result<(), OutboxError> {
        #[cfg(test)]
        if self.broken {
            return Err(OutboxError::Full("the disk has no space left"));
        }
        self.numbers = commit::commit(&self.connection, &mut self.memo, batch, self.numbers)?;
        self.wal.add(batch);
        Ok(())
    }

    async fn forget_unfinished(&mut self) -> Result<(), OutboxError> {
        unfinished::forget(&self.connection).map_err(|error| refusal(&error))?;
        self.numbers.unfinished = None;
        Ok(())
    }

    async fn read(&mut self, wanted: &[TextRequest]) -> Result<Vec<StoredDelivery>, OutboxError> {
        read::deliveries(&self.connection, wanted).map_err(|error| refusal(&error))
    }

    async fn alerts(&mut self, numbers: &[i64]) -> Result<Vec<Option<ObjectKey>>, OutboxError> {
        let alert = |number: &i64| read::alert(&self.connection, *number);
        numbers.iter().map(alert).collect::<rusqlite::Result<_>>().map_err(|error| refusal(&error))
    }

    async fn unplanned(&mut self, numbers: &[i64]) -> Result<StoredEvents, OutboxError> {
        read::unplanned(&self.connection, numbers).map_err(|error| refusal(&error))
    }

    async fn recall(&mut self, provider: u64) -> Result<Vec<(u128, u128)>, OutboxError> {
        self.memo.read(&self.connection, provider).map_err(|error| refusal(&error))
    }

    async fn reconciles(&mut self) -> Result<StoredReconciles, OutboxError> {
        reconciles::read(&self.connection).map_err(|error| refusal(&error))
    }

    fn refusal(&mut self) -> Option<OutboxError> {
        let short = self.space.is_short();
        short.then_some(OutboxError::Full("the disk is down to its reserve of free space"))
    }

    async fn checkpoint(&mut self, busy: bool) -> Result<(), OutboxError> {
        self.wal.copy(&self.connection, busy).map_err(|error| refusal(&error))
    }

    async fn tidy(&mut self) -> Result<bool, OutboxError> {
        let more = upkeep::trim(&self.connection).and_then(|more| {
            if !more && self.trimmed {
                upkeep::checkpoint(&self.connection)?;
            }
            Ok(more)
        });
        self.trimmed = more.as_ref().is_ok_and(|more| *more);
        more.map_err(|error| refusal(&error))
    }

    fn mark_damaged(&mut self) {
        if let Err(error) = folder::mark(&self.folder) {
            tracing::error!(%error, "the state folder cannot be marked as damaged");
        }
    }
}
