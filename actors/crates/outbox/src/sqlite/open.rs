//! The opening of the state folder: take its lock, open or begin the file, load it, start the outbox.
//!
//! A file that is damaged or no database of ours is moved aside, and what can be read of it is taken over into a new one,
//! so that a bad file never keeps the program from starting. A file of a later version is left alone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;

use super::SqliteJournal;
use super::commit::Numbers;
use super::error_class::SqliteErrorClass;
use super::folder::{self, LockError};
use super::load::load;
use super::memo::MemoTable;
use super::mend::{self, SalvageError, Salvaged};
use super::private;
use super::schema::{self, FileFormat, VERSION};
use super::space::{self, Space};
use super::wal::WalSize;
use crate::journal::{Loader, Micros};
use crate::{Bounds, JournaledOutbox, Ownership};

/// Errors for which the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the folder.
    #[error("lock the state folder {}: another process holds it; end it, or name another folder", folder.display())]
    Locked {
        /// The state folder that is meant.
        folder: PathBuf,
    },
    /// The folder or its file cannot be written.
    #[error("write the state folder {}: {cause}; let this process own it, or name another folder with --state-dir", folder.display())]
    NotWritable {
        /// The state folder that is meant.
        folder: PathBuf,
        /// The cause, in the words of the system.
        cause: String,
    },
    /// The file is of a later version of this program.
    #[error("read the outbox in {}: its format is {found} and this version knows {VERSION}; run the later version, or name another folder", folder.display())]
    Newer {
        /// The state folder that is meant.
        folder: PathBuf,
        /// The format that was found, by its number.
        found: i64,
    },
    /// The database failed in another way, for example because the disk is full.
    #[error("open the outbox in {}; free space or mend the disk", folder.display())]
    Database {
        /// The state folder that is meant.
        folder: PathBuf,
        /// The error of the database.
        source: rusqlite::Error,
    },
    /// The thread could not be started, or a damaged file not be moved.
    #[error("set up the outbox in {}", folder.display())]
    System {
        /// The state folder that is meant.
        folder: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
}

/// An open outbox, with what was found at its opening.
pub struct Opened {
    /// The outbox, ready for use.
    pub outbox: JournaledOutbox,
    /// Where a damaged file went. What can be read of it was taken over.
    pub moved_aside: Option<PathBuf>,
}

/// The causes for which a file cannot be used.
enum Unusable {
    /// It is damaged or foreign: another takes its place.
    File,
    /// The disk or its permissions are at fault: a new file would fail the same way.
    Fatal(OpenError),
}

/// Opens the outbox in `folder`, which is made if it is missing, and holds the folder's lock until it is closed. It hands
/// out the deliveries of the Providers of `ownership`.
///
/// # Errors
/// When another process holds the folder, when it cannot be written, when the file is of a later version, or when
/// the database fails. A damaged file is no error: it is moved aside, and what can be read of it taken over.
pub fn open(
    folder: &Path,
    bounds: Bounds,
    ownership: Arc<dyn Ownership>,
    now: Timestamp,
) -> Result<Opened, OpenError> {
    let (journal, loaded, moved_aside) = open_journal(folder, bounds, ownership, now)?;
    let outbox = JournaledOutbox::start(journal, loaded).map_err(|source| system(folder, source))?;
    Ok(Opened { outbox, moved_aside })
}

/// Opens the journal in `folder` and loads it. Also returns where a damaged file went.
pub(crate) fn open_journal(
    folder: &Path,
    bounds: Bounds,
    ownership: Arc<dyn Ownership>,
    now: Timestamp,
) -> Result<(SqliteJournal, Loader, Option<PathBuf>), OpenError> {
    let lock = folder::lock(folder).map_err(|error| match error {
        LockError::Held => OpenError::Locked { folder: folder.into() },
        LockError::Io(cause) => not_writable(folder, &cause),
    })?;
    let found = folder::adopt_mended(folder).and_then(|()| mend::is_needed(folder));
    let damaged = found.map_err(|source| system(folder, source))?;
    let micros = now.as_microsecond();
    let bounds = space::size_of_volume(folder).map_or(bounds, |volume| bounds.within(volume));
    let fresh = move || Loader::new(bounds, ownership.clone(), micros);
    let connected = if damaged { Err(Unusable::File) } else { connect(folder, fresh()) };
    let ((connection, loaded), moved_aside) = match connected {
        Ok(found) => (found, None),
        Err(Unusable::Fatal(error)) => return Err(error),
        Err(Unusable::File) => {
            let (found, aside) = mended(folder, fresh(), micros)?;
            (found, Some(aside))
        }
    };
    let journal = SqliteJournal {
        connection,
        folder: folder.into(),
        space: Space::new(folder.into(), bounds.reserve_bytes),
        memo: MemoTable::default(),
        numbers: Numbers { reserved: 0, unfinished: None },
        wal: WalSize::default(),
        trimmed: false,
        #[cfg(test)]
        broken: false,
        _lock: lock,
    };
    Ok((journal, loaded, moved_aside))
}

/// Opens a new file with what can be read of a damaged one. Returns where that went.
fn mended(folder: &Path, loader: Loader, now: Micros) -> Result<((Connection, Loader), PathBuf), OpenError> {
    let (aside, salvaged) = mend::mend(folder, now).map_err(|error| match error {
        SalvageError::Io(source) => system(folder, source),
        SalvageError::Database(source) => OpenError::Database { folder: folder.into(), source },
    })?;
    let (connection, mut loaded) = connect(folder, loader).map_err(|error| lasting(folder, error))?;
    (0..salvaged.unreadable).for_each(|_| loaded.count_damage());
    let Salvaged { deliveries, planned_again, unreadable } = salvaged;
    tracing::error!(
        file = %aside.display(), deliveries, planned_again, unreadable,
        "the outbox is damaged: it was moved aside, and what can be read of it was taken over into a new file"
    );
    Ok(((connection, loaded), aside))
}

fn connect(folder: &Path, mut loader: Loader) -> Result<(Connection, Loader), Unusable> {
    let judge = |error| unusable(folder, error);
    let path = folder::database(folder);
    private::file(&path).map_err(|source| Unusable::Fatal(not_writable(folder, &source)))?;
    let connection = Connection::open(path).map_err(judge)?;
    match schema::prepare(&connection).map_err(judge)? {
        FileFormat::Ours => {}
        FileFormat::Foreign => return Err(Unusable::File),
        FileFormat::Newer(found) => {
            return Err(Unusable::Fatal(OpenError::Newer { folder: folder.into(), found }));
        }
    }
    load(&connection, &mut loader).map_err(judge)?;
    Ok((connection, loader))
}

fn unusable(folder: &Path, error: rusqlite::Error) -> Unusable {
    match SqliteErrorClass::of(&error) {
        SqliteErrorClass::Damage | SqliteErrorClass::Schema => Unusable::File,
        SqliteErrorClass::ReadOnly => {
            Unusable::Fatal(OpenError::NotWritable { folder: folder.into(), cause: error.to_string() })
        }
        SqliteErrorClass::Full | SqliteErrorClass::Other => {
            Unusable::Fatal(OpenError::Database { folder: folder.into(), source: error })
        }
    }
}

/// The error of a new file that is no better than the one it replaces.
fn lasting(folder: &Path, error: Unusable) -> OpenError {
    match error {
        Unusable::Fatal(error) => error,
        Unusable::File => system(
            folder,
            io::Error::other("a new file is damaged at once; the disk does not keep what is written"),
        ),
    }
}

fn not_writable(folder: &Path, cause: &io::Error) -> OpenError {
    OpenError::NotWritable { folder: folder.into(), cause: cause.to_string() }
}

fn system(folder: &Path, source: io::Error) -> OpenError {
    OpenError::System { folder: folder.into(), source }
}
