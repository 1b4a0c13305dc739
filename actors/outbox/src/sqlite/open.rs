//! Opening the store: take the folder, open or begin the file, rebuild the board, start the thread.
//!
//! A file that is damaged or no database of ours is moved aside, and what can be read of it is taken over into a new one,
//! so that a bad file never keeps the program from starting. A file of a later version is left alone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;

use super::fault::Fault;
use super::folder::{self, FolderLock, LockError};
use super::group::Numbers;
use super::memo::Memo;
use super::mend::{self, SalvageError, Salvaged};
use super::rebuild::{Rebuilt, rebuild};
use super::schema::{self, Format, VERSION};
use super::shared::{Handle, Shared};
use super::space::Space;
use super::store::{Store, run};
use super::{COMMANDS, SqliteOutbox};
use crate::Bounds;
use crate::board::{Micros, Page};

/// Why the store can not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the folder.
    #[error("lock the state folder {}: another process holds it; end it, or name another folder", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder or its file can not be written.
    #[error("write the state folder {}: {cause}; let this process own it", folder.display())]
    NotWritable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file is of a later version of this program.
    #[error("read the outbox in {}: its format is {found} and this version knows {VERSION}; run the later version, or name another folder", folder.display())]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// The file's format.
        found: i64,
    },
    /// The database failed in another way, for example because the disk is full.
    #[error("open the outbox in {}; free space or mend the disk", folder.display())]
    Database {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The thread could not be started, or a damaged file not be moved.
    #[error("set up the outbox in {}", folder.display())]
    System {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// An open store.
pub struct Opened {
    /// The outbox.
    pub outbox: SqliteOutbox,
    /// Where a damaged file went. What can be read of it was taken over.
    pub moved_aside: Option<PathBuf>,
}

/// Why a file can not be used.
enum Unusable {
    /// It is damaged or foreign: another takes its place.
    File,
    /// Nothing that a new file would mend.
    Fatal(OpenError),
}

/// Opens the store in `folder`, which is made if it is missing.
pub(super) fn open(folder: &Path, bounds: Bounds, now: Timestamp) -> Result<Opened, OpenError> {
    let lock = folder::lock(folder).map_err(|error| match error {
        LockError::Held => OpenError::Locked { folder: folder.into() },
        LockError::Io(cause) => OpenError::NotWritable { folder: folder.into(), cause: cause.to_string() },
    })?;
    let found = folder::adopt_mended(folder).and_then(|()| mend::is_needed(folder));
    let damaged = found.map_err(|source| system(folder, source))?;
    let micros = now.as_microsecond();
    let connected = if damaged { Err(Unusable::File) } else { connect(folder, bounds, micros) };
    let (found, moved_aside) = match connected {
        Ok(found) => (found, None),
        Err(Unusable::Fatal(error)) => return Err(error),
        Err(Unusable::File) => {
            let (found, aside) = mended(folder, bounds, micros)?;
            (found, Some(aside))
        }
    };
    let outbox = start(folder, bounds, lock, found).map_err(|source| system(folder, source))?;
    Ok(Opened { outbox, moved_aside })
}

/// Opens a new file with what can be read of a damaged one. Returns where that went.
fn mended(folder: &Path, bounds: Bounds, now: Micros) -> Result<((Connection, Rebuilt), PathBuf), OpenError> {
    let (aside, salvaged) = mend::mend(folder, now).map_err(|error| match error {
        SalvageError::Io(source) => system(folder, source),
        SalvageError::Database(source) => OpenError::Database { folder: folder.into(), source },
    })?;
    let (connection, mut rebuilt) = connect(folder, bounds, now).map_err(|error| lasting(folder, error))?;
    (0..salvaged.unreadable).for_each(|_| rebuilt.board.count_damage());
    let Salvaged { deliveries, planned_again, unreadable } = salvaged;
    tracing::error!(
        file = %aside.display(), deliveries, planned_again, unreadable,
        "the outbox is damaged: it was moved aside, and what can be read of it was taken over into a new file"
    );
    Ok(((connection, rebuilt), aside))
}

fn connect(folder: &Path, bounds: Bounds, now: Micros) -> Result<(Connection, Rebuilt), Unusable> {
    let judge = |error| unusable(folder, error);
    let connection = Connection::open(folder::database(folder)).map_err(judge)?;
    match schema::prepare(&connection).map_err(judge)? {
        Format::Ours => {}
        Format::Foreign => return Err(Unusable::File),
        Format::Newer(found) => {
            return Err(Unusable::Fatal(OpenError::Newer { folder: folder.into(), found }));
        }
    }
    let rebuilt = rebuild(&connection, bounds, now).map_err(judge)?;
    Ok((connection, rebuilt))
}

fn unusable(folder: &Path, error: rusqlite::Error) -> Unusable {
    match Fault::of(&error) {
        Fault::Damage | Fault::Schema => Unusable::File,
        Fault::ReadOnly => {
            Unusable::Fatal(OpenError::NotWritable { folder: folder.into(), cause: error.to_string() })
        }
        Fault::Full | Fault::Other => {
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

fn system(folder: &Path, source: io::Error) -> OpenError {
    OpenError::System { folder: folder.into(), source }
}

fn start(
    folder: &Path,
    bounds: Bounds,
    lock: FolderLock,
    (connection, Rebuilt { board, next }): (Connection, Rebuilt),
) -> io::Result<SqliteOutbox> {
    let shared = Arc::new(Shared::new(board));
    let (sender, commands) = crossbeam_channel::bounded(COMMANDS);
    let store = Store {
        connection,
        shared: shared.clone(),
        commands,
        numbers: Numbers { next, reserved: next },
        folder: folder.into(),
        space: Space::new(folder.into(), bounds.reserve_bytes),
        memo: Memo::default(),
        page: Page::default(),
        text: Vec::new(),
        flush_at: None,
        untidy: true,
        trimmed: false,
        failure: None,
        damaged: false,
        #[cfg(test)]
        broken: false,
        _lock: lock,
    };
    std::thread::Builder::new().name("outbox".into()).spawn(move || run(store))?;
    let handle = Handle { shared, commands: sender };
    // What was damaged is on the ledger already.
    handle.kick();
    Ok(SqliteOutbox { handle })
}
