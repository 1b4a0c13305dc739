//! A folder of manifests that is read again and again. Only files whose stamp changed are parsed anew; a file that
//! fails keeps its last good objects; a folder that is gone keeps everything.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use campanile_crds::Rule;
use campanile_yaml::MAX_TEXT;
use rustix::fs::OFlags;

use crate::Loaded;
use crate::finding::{FilePlace, Finding};
use crate::manifest::{Content, encrypted, parse_text};
use crate::scan::{MAX_FILES, Scan, Stamp, no_file, walk};

/// The folder cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "manifests folder '{}' cannot be read: {source}; bring it back, until then everything stays as it was",
    .folder.display()
)]
pub struct FolderError {
    /// The folder that cannot be read.
    pub folder: PathBuf,
    /// The error of the file system.
    pub source: io::Error,
}

struct FileState {
    stamp: Stamp,
    /// Whether the file may change once more without changing its stamp.
    fresh: bool,
    /// Of the text that `content` stands for; none if it could not be read.
    digest: Option<u64>,
    content: Content,
}

/// A folder and what its files held when they were last good.
pub struct Folder {
    root: PathBuf,
    files: BTreeMap<PathBuf, FileState>,
    problems: Vec<Finding>,
}

/// Reads a folder, or one file, once.
///
/// # Errors
/// [`FolderError`] if it cannot be read. What is wrong with single files is in [`Loaded::problems`].
pub fn load(root: &Path) -> Result<Loaded, FolderError> {
    let mut folder = Folder::new(root.to_owned());
    folder.refresh()?;
    Ok(folder.loaded())
}

impl Folder {
    /// A folder of which nothing is known yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root, files: BTreeMap::new(), problems: Vec::new() }
    }

    /// The path it was made with.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads what changed since the last time. Returns whether anything was read, came or went.
    ///
    /// # Errors
    /// [`FolderError`] if the folder is gone; then nothing is forgotten.
    pub fn refresh(&mut self) -> Result<bool, FolderError> {
        let now = SystemTime::now();
        let scan = walk(&self.root).map_err(|source| FolderError { folder: self.root.clone(), source })?;
        let problems = scan_problems(&self.root, &scan);
        let mut changed = problems != self.problems;
        self.problems = problems;
        let before = self.files.len();
        self.files.retain(|path, _| {
            scan.files.contains_key(path) || scan.unreadable.iter().any(|(lost, _)| path.starts_with(lost))
        });
        changed |= self.files.len() != before;
        for (path, stamp) in scan.files {
            changed |= self.read(path, stamp, now);
        }
        Ok(changed)
    }

    /// The objects of the folder as they are now.
    pub fn loaded(&self) -> Loaded {
        Loaded::assemble(&self.root, self.files.values().map(|file| &file.content), self.problems.clone())
    }

    fn read(&mut self, path: PathBuf, stamp: Stamp, now: SystemTime) -> bool {
        let known = self.files.get(&path);
        if known.is_some_and(|file| file.stamp == stamp && !file.fresh) {
            return false;
        }
        let mut digest = None;
        let content = match read_text(&path) {
            Ok(text) => {
                digest = Some(digest_of(&text));
                // A second look at a fresh file mostly finds the same text: it costs no second copy of everything.
                if known.is_some_and(|file| file.digest == digest) {
                    self.note_stamp(&path, stamp, now);
                    return false;
                }
                let last_good = known.map_or(&[][..], |file| &file.content.entries);
                parse_text(&Arc::from(path.as_path()), &text, last_good)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.files.remove(&path).is_some();
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData && tool_of(&path).is_some() => {
                let last_good = known.map_or(&[][..], |file| &file.content.entries);
                encrypted::content(&Arc::from(path.as_path()), tool_of(&path).unwrap_or_default(), last_good)
            }
            Err(error) => {
                let last_good = known.map(|file| file.content.clone()).unwrap_or_default();
                let message = format!("cannot be read: {error}; correct the file or its permissions");
                last_good.failed(Finding::error(Rule::Unreadable, FilePlace::whole(&path), "", message))
            }
        };
        self.files.insert(path, FileState { stamp, fresh: stamp.is_fresh(now), digest, content });
        true
    }

    fn note_stamp(&mut self, path: &Path, stamp: Stamp, now: SystemTime) {
        if let Some(file) = self.files.get_mut(path) {
            (file.stamp, file.fresh) = (stamp, stamp.is_fresh(now));
        }
    }
}

fn digest_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn scan_problems(root: &Path, scan: &Scan) -> Vec<Finding> {
    let mut problems: Vec<Finding> = scan
        .unreadable
        .iter()
        .map(|(path, error)| {
            let message = format!("cannot be read: {error}; correct its permissions or remove it");
            Finding::error(Rule::Unreadable, FilePlace::whole(path), "", message)
        })
        .collect();
    if scan.truncated {
        let message =
            format!("holds more than {MAX_FILES} manifests, the rest is ignored; put objects together");
        problems.push(Finding::error(Rule::Unreadable, FilePlace::whole(root), "", message));
    }
    problems
}

/// The tool that encrypted a file that is no text.
fn tool_of(path: &Path) -> Option<&'static str> {
    let mut begin = [0; 32];
    let length = open(path).and_then(|mut file| file.read(&mut begin)).ok()?;
    encrypted::by(begin.get(..length)?)
}

/// Opens a file, and waits for nobody should a pipe have taken its place since the walk.
fn open(path: &Path) -> io::Result<File> {
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(nonblocking).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

/// Reads a file of at most [`MAX_TEXT`] bytes of UTF-8.
fn read_text(path: &Path) -> io::Result<String> {
    let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX);
    let mut text = String::new();
    open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if text.len() > MAX_TEXT {
        return Err(io::Error::other(format!("it is longer than {MAX_TEXT} bytes, split it")));
    }
    Ok(text)
}
