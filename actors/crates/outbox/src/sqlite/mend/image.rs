//! The pages of a file as they were after its last transaction, without SQLite's help.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::PAGE;
use super::bytes::u32_at;
use super::log::Log;
use crate::sqlite::folder;

/// Pages between two maps of pages, the map included: a map has five bytes for each.
const MAPPED: u32 = PAGE as u32 / 5 + 1;
/// The number of the first pointer map.
const FIRST_MAP: u32 = 2;

/// The use of a page, as the pointer map says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A table's or an index' root or another of their pages.
    Tree,
    /// None: what it holds was deleted.
    Free,
    /// The rest of a long row, or a map; or the map cannot be read.
    Other,
}

/// A file and its log.
pub(super) struct Image {
    main: Option<File>,
    main_pages: u32,
    log: Option<File>,
    /// Where the newest content of a page stands in the log.
    overlay: HashMap<u32, u64>,
    /// The number of pages in total.
    pub(super) pages: u32,
    /// The map that was read last.
    map: Option<(u32, Vec<u8>)>,
}

impl Image {
    /// Opens the file in `folder`; a part that does not exist is empty.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let main = existing(&folder::database(folder))?;
        let length = main.as_ref().map_or(Ok(0), |file| file.metadata().map(|facts| facts.len()))?;
        let main_pages = u32::try_from(length.div_ceil(PAGE as u64)).unwrap_or(u32::MAX);
        let Log { frames, pages, .. } = Log::read(&folder::log(folder))?;
        let pages = pages.unwrap_or(main_pages);
        let overlay = frames.into_iter().map(|frame| (frame.page, frame.at)).collect();
        Ok(Self { main, main_pages, log: existing(&folder::log(folder))?, overlay, pages, map: None })
    }

    /// A page; none if it is nowhere or the disk does not give it.
    pub(super) fn page(&self, number: u32) -> Option<Vec<u8>> {
        let mut page = vec![0; PAGE];
        match self.overlay.get(&number) {
            Some(at) => self.log.as_ref()?.read_exact_at(&mut page, *at).ok()?,
            None => {
                let at = u64::from(number.checked_sub(1)?) * PAGE as u64;
                // The last page of a file that was cut off is filled up with zeroes.
                self.main.as_ref()?.read_at(&mut page, at).ok().filter(|read| *read > 0)?;
            }
        }
        Some(page)
    }

    /// Whether every page is there.
    pub(super) fn is_whole(&self) -> bool {
        (self.main_pages + 1..=self.pages).all(|page| self.overlay.contains_key(&page))
    }

    /// What the map of pages says that this one is for.
    pub(super) fn usage(&mut self, number: u32) -> Use {
        if number <= FIRST_MAP {
            return if number == 1 { Use::Tree } else { Use::Other };
        }
        let map = (number - FIRST_MAP) / MAPPED * MAPPED + FIRST_MAP;
        if self.map.as_ref().is_none_or(|(known, _)| *known != map) {
            self.map = Some((map, self.page(map).unwrap_or_default()));
        }
        let place = (number - map).checked_sub(1).map(|place| place as usize * 5);
        let entry = self.map.as_ref().and_then(|(_, bytes)| bytes.get(place?));
        match entry {
            Some(1 | 5) => Use::Tree,
            Some(2) => Use::Free,
            _ => Use::Other,
        }
    }
}

/// The pages that the header of the first page counts, if it does.
pub(super) fn counted_pages(header: &[u8]) -> Option<u32> {
    let (change, counted_at) = (u32_at(header, 24)?, u32_at(header, 92)?);
    u32_at(header, 28).filter(|_| change == counted_at)
}

fn existing(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
