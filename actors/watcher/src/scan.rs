//! Which manifests a folder holds, and whether they changed.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The most manifests that are read.
pub(crate) const MAX_FILES: usize = 50_000;

/// The deepest folder below the first.
const MAX_DEPTH: usize = 32;

/// The stamp that tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Stamp {
    /// Whether the file was written so shortly before `now` that another write could leave the same stamp.
    pub(crate) fn is_fresh(&self, now: SystemTime) -> bool {
        const GRANULARITY: std::time::Duration = std::time::Duration::from_secs(2);
        let age = self.modified.and_then(|modified| now.duration_since(modified).ok());
        age.is_none_or(|age| age < GRANULARITY)
    }
}

/// The outcome of a walk.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Manifests in the order of their paths.
    pub(crate) files: BTreeMap<PathBuf, Stamp>,
    /// Files and folders that cannot be looked at.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
    /// Whether there are more than [`MAX_FILES`].
    pub(crate) truncated: bool,
}

/// Device and inode of a folder or file, symbolic links followed.
pub(crate) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Walks `root`, or takes it alone if it is a file. Symbolic links are followed, each folder is entered once, and names
/// that begin with a dot are passed over: of a mounted ConfigMap that leaves the links and not what they hide behind.
///
/// # Errors
/// If `root` cannot be read.
pub(crate) fn walk(root: &Path) -> io::Result<Scan> {
    let mut walk = Walk { scan: Scan::default(), entered: HashSet::new() };
    let metadata = fs::metadata(root)?;
    if metadata.is_file() {
        walk.file(root.to_owned(), &metadata);
        return Ok(walk.scan);
    }
    walk.entered.insert((metadata.dev(), metadata.ino()));
    walk.folder(root, 0)?;
    Ok(walk.scan)
}

struct Walk {
    scan: Scan,
    entered: HashSet<(u64, u64)>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
        paths.sort();
        for path in paths {
            self.entry(path, depth);
        }
        Ok(())
    }

    fn entry(&mut self, path: PathBuf, depth: usize) {
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => return self.lost(path, error),
        };
        if metadata.is_file() {
            if is_manifest(&path) {
                self.file(path, &metadata);
            }
        } else if !metadata.is_dir() {
            if is_manifest(&path) {
                self.lost(path, no_file());
            }
        } else if self.entered.insert((metadata.dev(), metadata.ino())) {
            let outcome = if depth < MAX_DEPTH {
                self.folder(&path, depth + 1)
            } else {
                Err(io::Error::other(format!("nested deeper than {MAX_DEPTH} folders")))
            };
            if let Err(error) = outcome {
                self.lost(path, error);
            }
        }
    }

    /// Notes what cannot be looked at, unless it went away meanwhile or is a dangling link.
    fn lost(&mut self, path: PathBuf, error: io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.scan.unreadable.push((path, error));
        }
    }

    fn file(&mut self, path: PathBuf, metadata: &Metadata) {
        if self.scan.files.len() == MAX_FILES {
            self.scan.truncated = true;
            return;
        }
        let stamp =
            Stamp { modified: metadata.modified().ok(), length: metadata.len(), inode: metadata.ino() };
        self.scan.files.insert(path, stamp);
    }
}

/// A pipe would be waited for, and a device may have no end.
pub(crate) fn no_file() -> io::Error {
    io::Error::other("it is a pipe, a socket or a device and no file")
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}
