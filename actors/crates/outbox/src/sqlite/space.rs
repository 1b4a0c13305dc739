//! Whether the disk has enough free space for new events.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long one look at the disk is good for.
const GOOD_FOR: Duration = Duration::from_millis(100);

/// The size of the volume that a folder is on, in bytes; none if it does not tell.
pub(super) fn size_of_volume(folder: &Path) -> Option<u64> {
    let volume = rustix::fs::statvfs(folder).ok()?;
    Some(volume.f_blocks.saturating_mul(volume.f_frsize)).filter(|size| *size > 0)
}

/// Watches the disk of the state folder.
pub(super) struct Space {
    folder: PathBuf,
    reserve: u64,
    looked: Option<Instant>,
    short: bool,
}

impl Space {
    /// A watch that wants `reserve` bytes to stay free.
    pub(super) fn new(folder: PathBuf, reserve: u64) -> Self {
        Self { folder, reserve, looked: None, short: false }
    }

    /// Whether less than the reserve is free. A disk that does not tell counts as roomy.
    pub(super) fn is_short(&mut self) -> bool {
        if self.looked.is_none_or(|at| at.elapsed() >= GOOD_FOR) {
            self.looked = Some(Instant::now());
            self.short = rustix::fs::statvfs(&self.folder)
                .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < self.reserve);
        }
        self.short
    }

    #[cfg(test)]
    pub(super) fn set_reserve(&mut self, reserve: u64) {
        (self.reserve, self.looked) = (reserve, None);
    }
}
