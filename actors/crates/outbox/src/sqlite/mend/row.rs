//! Rows of a page, read from its bytes. Format: sqlite.org/fileformat2.html, sections 1.6 and 2.1.

use rusqlite::types::Value;

use super::PAGE;
use super::bytes::{signed, u16_at, u32_at, varint};
use super::image::Image;

/// A page of rows, and one of an index or a table that is one.
const TABLE_LEAF: u8 = 0x0D;
const INDEX_LEAF: u8 = 0x0A;
/// Pages that only lead to others.
const INNER: [u8; 2] = [0x02, 0x05];
/// Where the first page's own header ends.
const FIRST_HEADER: usize = 100;
/// No page has more rows: each takes a place of two bytes and at least four of its own.
const MOST_CELLS: usize = PAGE / 6;
/// A row's text beyond this is not ours; it bounds what damage can make this program read.
const MOST: usize = 64 << 20;

/// The type of a page.
pub(super) enum PageType {
    /// A page of rows, at these places.
    Rows(Vec<usize>),
    /// Entries of an index, at these places.
    Entries(Vec<usize>),
    /// No rows, and none are missed.
    Inner,
    /// A page that cannot be read.
    Unreadable,
}

/// A row: its number (none in an index), and its columns.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) columns: Vec<Value>,
}

/// Looks at a page and says its type.
pub(super) fn look(page: &[u8], number: u32) -> PageType {
    let start = if number == 1 { FIRST_HEADER } else { 0 };
    let places = || {
        let count = u16_at(page, start + 3).filter(|count| *count <= MOST_CELLS)?;
        // A place that is none makes a row that cannot be read.
        let place = |each| u16_at(page, start + 8 + 2 * each).unwrap_or(PAGE);
        Some((0..count).map(place).collect())
    };
    match page.get(start).copied() {
        Some(TABLE_LEAF) => places().map_or(PageType::Unreadable, PageType::Rows),
        Some(INDEX_LEAF) => places().map_or(PageType::Unreadable, PageType::Entries),
        Some(kind) if INNER.contains(&kind) => PageType::Inner,
        _ => PageType::Unreadable,
    }
}

/// The row at `at`. What of its last texts cannot be read is replaced, which their checksums will tell.
pub(super) fn row(image: &Image, page: &[u8], at: usize) -> Option<Row> {
    let (length, at) = varint(page, at)?;
    let (id, at) = varint(page, at)?;
    let payload = payload(image, page, at, usize::try_from(length).ok()?, PAGE - 35)?;
    Some(Row { id: id.cast_signed(), columns: columns(&payload)? })
}

/// The entry at `at` of an index.
pub(super) fn entry(image: &Image, page: &[u8], at: usize) -> Option<Row> {
    let (length, at) = varint(page, at)?;
    let most = (PAGE - 12) * 64 / 255 - 23;
    let payload = payload(image, page, at, usize::try_from(length).ok()?, most)?;
    Some(Row { id: 0, columns: columns(&payload)? })
}

/// The bytes of a row: up to `most` of them on its page, the others on a chain of pages.
fn payload(image: &Image, page: &[u8], at: usize, length: usize, most: usize) -> Option<Vec<u8>> {
    if length > MOST {
        return None;
    }
    if length <= most {
        return page.get(at..at + length).map(<[u8]>::to_vec);
    }
    let least = (PAGE - 12) * 32 / 255 - 23;
    let wanted = least + (length - least) % (PAGE - 4);
    let local = if wanted <= most { wanted } else { least };
    let mut bytes = page.get(at..at + local)?.to_vec();
    let mut next = u32_at(page, at + local)?;
    while bytes.len() < length {
        let rest = image.page(next).filter(|_| next > 0);
        let Some(rest) = rest else { break };
        next = u32_at(&rest, 0)?;
        let take = (length - bytes.len()).min(PAGE - 4);
        bytes.extend_from_slice(rest.get(4..4 + take)?);
    }
    bytes.resize(length, b'?');
    Some(bytes)
}

fn columns(payload: &[u8]) -> Option<Vec<Value>> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok()?;
    let (mut body, mut columns) = (header, Vec::new());
    while at < header {
        let (kind, next) = varint(payload, at)?;
        at = next;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        let bytes = payload.get(body..body.checked_add(length)?)?;
        body += length;
        columns.push(value(kind, bytes));
    }
    Some(columns)
}

fn value(kind: u64, bytes: &[u8]) -> Value {
    match kind {
        0 | 7 => Value::Null,
        1..=6 => Value::Integer(signed(bytes)),
        8 | 9 => Value::Integer(i64::from(kind == 9)),
        _ if kind.is_multiple_of(2) => Value::Blob(bytes.to_vec()),
        _ => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
}
