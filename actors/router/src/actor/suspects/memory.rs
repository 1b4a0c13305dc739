//! The file that remembers suspects: a line with the version of the program, then one for each event with its mark and how
//! often it was suspect. Another version may have mended what was wrong, and marks events otherwise, so it reads nothing.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file in the state folder.
const NAME: &str = "suspects";
/// A file that is longer is not ours.
const LONGEST: u64 = 64 << 10;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The file in the state folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// What is in the file; nothing if there is none, or it cannot be read.
pub(super) fn read(file: &Path) -> VecDeque<(u64, u32)> {
    let is_ours = std::fs::symlink_metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST);
    let text = if is_ours { std::fs::read_to_string(file).unwrap_or_default() } else { String::new() };
    let mut lines = text.lines();
    if lines.next() != Some(VERSION) {
        return VecDeque::new();
    }
    let count = |line: &str| {
        let (mark, times) = line.split_once(' ')?;
        Some((u64::from_str_radix(mark, 16).ok()?, times.parse().ok()?))
    };
    lines.filter_map(count).take(super::MOST).collect()
}

/// Writes the file anew, so that it is whole at any time.
///
/// # Errors
/// If the folder or the disk refuses.
pub(super) fn write(file: &Path, counts: &VecDeque<(u64, u32)>) -> io::Result<()> {
    let mut text = format!("{VERSION}\n");
    for (mark, times) in counts {
        // Writing to a text cannot fail.
        writeln!(text, "{mark:x} {times}").map_err(io::Error::other)?;
    }
    let beside = file.with_extension("new");
    // What an earlier process left, or somebody put there, is not written to.
    std::fs::remove_file(&beside).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut new = options.open(&beside)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&beside, file)
}
