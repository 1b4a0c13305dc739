//! The state folder: one process holds it, and damaged files are kept in it for a while.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::private;

/// The database's name in the folder.
const NAME: &str = "outbox.db";
/// What a file that is being mended is called until it is whole.
const MENDED: &str = "outbox.db.mended";
/// Says that the file was found damaged while it was in use.
const MARK: &str = "damaged";
/// Damaged files that are kept.
const KEPT: usize = 3;

/// Proof that this process holds the folder; it lets go when this is dropped or the process ends.
pub(super) struct FolderLock(#[expect(dead_code, reason = "held for its lock")] File);

/// Errors for which the folder is not ours.
pub(super) enum LockError {
    /// Another process holds the folder.
    Held,
    /// The folder cannot be written.
    Io(io::Error),
}

/// Makes the folder and takes it.
pub(super) fn lock(folder: &Path) -> Result<FolderLock, LockError> {
    let open = || {
        private::folder(folder)?;
        private::file(&folder.join("lock"))
    };
    let file = open().map_err(LockError::Io)?;
    match file.try_lock() {
        Ok(()) => own_files(folder).map(|()| FolderLock(file)).map_err(LockError::Io),
        Err(TryLockError::WouldBlock) => Err(LockError::Held),
        Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
    }
}

/// SQLite would follow a link, and leave others the right to read what an earlier version made.
fn own_files(folder: &Path) -> io::Result<()> {
    let paths = [database(folder), log(folder), mended(folder)];
    let mut there = paths.iter().filter(|path| path.symlink_metadata().is_ok());
    there.try_for_each(|path| private::file(path).map(drop))
}

/// The path of the database file.
pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// The path of the database's log.
pub(super) fn log(folder: &Path) -> PathBuf {
    with_suffix(&database(folder), "-wal")
}

/// The path of the file that is to take the database's place.
pub(super) fn mended(folder: &Path) -> PathBuf {
    folder.join(MENDED)
}

/// Whether the database was found damaged while it was in use.
pub(super) fn is_marked(folder: &Path) -> bool {
    folder.join(MARK).exists()
}

/// Has the next opening mend the database.
pub(super) fn mark(folder: &Path) -> io::Result<()> {
    private::file(&folder.join(MARK)).and_then(|file| file.sync_all())
}

/// Removes the mark: the database is mended.
pub(super) fn unmark(folder: &Path) -> io::Result<()> {
    absent(fs::remove_file(folder.join(MARK)))
}

/// Puts a mended file in the place of a database that was moved aside, also where a crash came between the two.
pub(super) fn adopt_mended(folder: &Path) -> io::Result<()> {
    if database(folder).exists() {
        return remove_database(&mended(folder));
    }
    if mended(folder).exists() {
        absent(fs::remove_file(log(folder)))?;
        fs::rename(mended(folder), database(folder))?;
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Removes a database and its log, if they exist.
pub(super) fn remove_database(path: &Path) -> io::Result<()> {
    absent(fs::remove_file(path))?;
    absent(fs::remove_file(with_suffix(path, "-wal")))
}

fn absent(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Moves the database and its log aside under a name with the time, and drops the oldest beyond those that are kept.
pub(super) fn move_aside(folder: &Path, seconds: i64) -> io::Result<PathBuf> {
    let named = |at: i64| folder.join(format!("{NAME}.damaged-{at}"));
    let target = (seconds..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(seconds));
    // A log whose file is gone is kept too.
    absent(fs::rename(database(folder), &target))?;
    for suffix in ["-wal", "-shm"] {
        absent(fs::rename(with_suffix(&database(folder), suffix), with_suffix(&target, suffix)))?;
    }
    let mut aside = damaged_files(folder)?;
    aside.sort_unstable();
    for (_, path) in aside.iter().rev().skip(KEPT) {
        absent(fs::remove_file(path))?;
        for suffix in ["-wal", "-shm"] {
            drop(fs::remove_file(with_suffix(path, suffix)));
        }
    }
    Ok(target)
}

fn damaged_files(folder: &Path) -> io::Result<Vec<(i64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let time =
            name.to_str().and_then(|name| name.strip_prefix(NAME)?.strip_prefix(".damaged-")?.parse().ok());
        found.extend(time.map(|time| (time, entry.path())));
    }
    Ok(found)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
