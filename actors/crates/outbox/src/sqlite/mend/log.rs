//! The write-ahead log of a file, frame by frame.
//!
//! SQLite reads its log up to the first frame whose checksum fails and takes that for the end. A byte that flipped in
//! the middle therefore hides every later transaction without a word. The checksums are a chain, but each frame carries
//! the link that the next one starts from, so a frame after a bad one can still be told to be sound: then the log is
//! damaged, not merely unfinished. Format: sqlite.org/fileformat2.html, section 4.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::PAGE;
use super::bytes::u32_at;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The magic number; its last bit says that checksums are made of big-endian words.
const MAGIC: u32 = 0x377F_0682;

/// A page that the log holds.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) page: u32,
    /// Where its content begins in the log.
    pub(super) at: u64,
}

/// The contents of a write-ahead log.
#[derive(Default)]
pub(super) struct Log {
    /// The frames of its transactions, oldest first.
    pub(super) frames: Vec<Frame>,
    /// Pages of the file after the last transaction; none if there is no transaction.
    pub(super) pages: Option<u32>,
    /// Whether something before its last transaction is damaged.
    pub(super) damaged: bool,
}

impl Log {
    /// Reads a log. One that does not exist is empty.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::with_capacity(16 * PAGE, file);
        let mut header = [0; HEADER];
        if !fill(&mut reader, &mut header)? {
            return Ok(Self::default());
        }
        let mut scan = Scan::new(&header);
        let mut frame = vec![0; FRAME_HEADER + PAGE];
        let mut at = HEADER + FRAME_HEADER;
        while fill(&mut reader, &mut frame)? {
            scan.frame(&frame, at as u64);
            at += frame.len();
        }
        Ok(scan.log)
    }
}

/// Fills `bytes`. False if the file ends before.
fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A log while it is read.
struct Scan {
    log: Log,
    big_endian: bool,
    /// The link of the chain that the next frame starts from, as stored.
    link: Sums,
    /// The two salts of the log's frames. Others are left over from an earlier use of the file.
    salts: Option<[u8; 8]>,
    /// Whether a header or a frame before this place is damaged.
    broken: bool,
    /// Frames since the last commit.
    open: Vec<Frame>,
}

type Sums = (u32, u32);

impl Scan {
    fn new(header: &[u8; HEADER]) -> Self {
        let word = |at| u32_at(header, at).unwrap_or_default();
        let known = word(0) & !1 == MAGIC;
        let big_endian = if known { word(0) & 1 == 1 } else { cfg!(target_endian = "big") };
        let sums = checksum((0, 0), &header[..24], big_endian);
        let sound = known && word(8) as usize == PAGE && sums == (word(24), word(28));
        Self {
            log: Log::default(),
            big_endian,
            link: (word(24), word(28)),
            salts: if sound { header[16..24].try_into().ok() } else { None },
            broken: !sound,
            open: Vec::new(),
        }
    }

    fn frame(&mut self, frame: &[u8], at: u64) {
        let word = |place| u32_at(frame, place).unwrap_or_default();
        let (page, pages, stored) = (word(0), word(4), (word(16), word(20)));
        let sums = checksum(self.link, &frame[..8], self.big_endian);
        let sound = checksum(sums, &frame[FRAME_HEADER..], self.big_endian) == stored;
        self.link = stored;
        if self.salts.is_none() && sound {
            self.salts = frame[8..16].try_into().ok();
        }
        if self.salts.is_some_and(|salts| salts != frame[8..16]) {
            self.broken = true;
            return;
        }
        // A damaged frame is used all the same: the rows of its page have checksums of their own.
        self.open.push(Frame { page, at });
        self.broken |= !sound;
        if sound && pages > 0 {
            self.log.damaged |= self.broken;
            self.log.pages = Some(pages);
            self.log.frames.append(&mut self.open);
        }
    }
}

/// SQLite's checksum of `bytes`, a multiple of eight, that goes on from `sums`.
fn checksum(sums: Sums, bytes: &[u8], big_endian: bool) -> Sums {
    let word = |word: [u8; 4]| if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
    bytes.chunks_exact(8).fold(sums, |(first, second), pair| {
        let [a, b, c, d, e, f, g, h] = pair.try_into().unwrap_or_default();
        let first = first.wrapping_add(word([a, b, c, d])).wrapping_add(second);
        (first, second.wrapping_add(word([e, f, g, h])).wrapping_add(first))
    })
}
