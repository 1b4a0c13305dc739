//! Damage of the whole file: how it is noticed, and how what can be read is taken over into a new file.
//!
//! Damage of a row is told by its checksums and costs that row alone. But a byte that flipped in the file's structure
//! makes SQLite refuse the file or, in its log, silently forget what was written later. So the file is looked at before
//! SQLite opens it, and a store that meets damage while it runs leaves a mark and ends. Then every page is read here,
//! without the structure: rows are told by their columns and checked by their checksums when they are used. The damaged
//! file is kept beside the new one.
//!
//! What cannot be noticed: a log that was cut off looks as if it had never been longer.

mod bytes;
mod image;
mod log;
mod row;
mod salvage;
mod shape;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::folder;
use super::schema;
use crate::journal::Micros;
use bytes::u32_at;
use image::Image;
use log::Log;
pub(super) use salvage::{SalvageError, Salvaged};

/// Bytes of a page; see [`schema`].
const PAGE: usize = 4096;
/// Bytes of the file's header.
const HEADER: usize = 100;

/// Whether the file must be mended before SQLite may open it.
pub(super) fn is_needed(folder: &Path) -> io::Result<bool> {
    let mut header = Vec::with_capacity(HEADER);
    match fs::File::open(folder::database(folder)) {
        Ok(file) => drop(file.take(HEADER as u64).read_to_end(&mut header)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let log = Log::read(&folder::log(folder))?;
    if folder::is_marked(folder) || log.damaged {
        return Ok(true);
    }
    if header.is_empty() {
        // SQLite would drop a log without a file.
        return Ok(log.pages.is_some());
    }
    if !is_header_sound(&header) {
        return Ok(true);
    }
    let mut image = Image::open(folder)?;
    if log.pages.is_none() {
        image.pages = image::counted_pages(&header).unwrap_or(image.pages);
    }
    Ok(!image.is_whole())
}

/// Whether a header can be one of ours, or of a later version. Format: sqlite.org/fileformat2.html, section 1.3.
fn is_header_sound(header: &[u8]) -> bool {
    let fixed = header.get(..16) == Some(b"SQLite format 3\0")
        && header.get(16..18) == Some(&[0x10, 0])
        && header.get(18..20).is_some_and(|versions| versions.iter().all(|version| matches!(version, 1 | 2)))
        && header.get(20..24) == Some(&[0, 64, 32, 32]);
    let word = |at| u32_at(header, at).unwrap_or(u32::MAX);
    fixed
        && matches!(word(44), 0 | 4)
        && matches!(word(56), 0 | 1)
        && matches!(word(64), 0 | 1)
        && schema::is_plausible(word(60), word(68))
}

/// Takes over what can be read of the file in `folder` into a new file that takes its place. Returns where the damaged
/// one went.
pub(super) fn mend(folder: &Path, now: Micros) -> Result<(PathBuf, Salvaged), SalvageError> {
    let target = folder::mended(folder);
    folder::remove_database(&target)?;
    let salvaged = salvage::salvage(folder, &target, now)?;
    let aside = folder::move_aside(folder, now.div_euclid(1_000_000))?;
    folder::adopt_mended(folder)?;
    folder::unmark(folder)?;
    Ok((aside, salvaged))
}
