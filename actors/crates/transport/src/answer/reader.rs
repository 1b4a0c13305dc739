//! The reader of heads, which passes over interim answers.

use std::io;

use awc::http::StatusCode;
use awc::http::header::HeaderName;
use memchr::memchr;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::AnswerHead;
use crate::GarbledError;
use crate::limits::MAX_INTERIM_ANSWERS;

/// Room for the fields of a usual head.
const USUAL_FIELDS: usize = 16;

/// What every answer begins with. Both versions of HTTP/1 are understood.
const START: &[u8] = b"HTTP/1.";

/// Reads the heads of one answer: the final one, and before it those of interim answers (RFC 9110, section 15.2), which
/// say nothing that matters here.
pub(crate) struct HeadReader {
    /// The head that is being read.
    head: Vec<u8>,
    /// Where its last line begins.
    line: usize,
    /// The number of interim answers so far.
    interim: usize,
    /// Bytes of all heads so far.
    total: usize,
    /// Most bytes of all heads.
    max: usize,
}

impl HeadReader {
    /// A reader for an answer whose heads, the interim ones included, have at most `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self { head: Vec::new(), line: 0, interim: 0, total: 0, max }
    }

    /// Whether anything of the answer has come.
    pub(crate) fn has_begun(&self) -> bool {
        self.total > 0
    }

    /// Reads on: how many of `bytes` belong to heads, and the final one once it is complete.
    ///
    /// # Errors
    /// It is not HTTP/1, or passes a bound.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(usize, Option<AnswerHead>), GarbledError> {
        // The usual head comes in one piece.
        self.head.reserve(bytes.len().min(self.max));
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            taken += length;
            if !self.is_complete_with(&rest[..length])? {
                continue;
            }
            self.line = 0;
            let head = parse(&std::mem::take(&mut self.head)).ok_or(GarbledError::NotHttp)?;
            if !is_interim(head.status) {
                return Ok((taken, Some(head)));
            }
            self.interim += 1;
            if self.interim > MAX_INTERIM_ANSWERS {
                return Err(GarbledError::Interim { max: MAX_INTERIM_ANSWERS });
            }
        }
        Ok((taken, None))
    }

    /// Takes a line or a part of one; whether the head ends with it. Empty lines before a head are passed over.
    fn is_complete_with(&mut self, piece: &[u8]) -> Result<bool, GarbledError> {
        self.total = self.total.saturating_add(piece.len());
        if self.total > self.max {
            return Err(GarbledError::HeadTooLong { max: self.max });
        }
        self.head.extend_from_slice(piece);
        let line = &self.head[self.line..];
        let is_blank = matches!(line, b"\n" | b"\r\n");
        if is_blank && self.line == 0 {
            self.head.clear();
        } else if !is_blank {
            // Whoever speaks something else may wait for an answer instead of ending the head.
            if self.line == 0 && !self.begins_as_http() && self.head != b"\r" {
                return Err(GarbledError::NotHttp);
            }
            if self.head.ends_with(b"\n") {
                self.line = self.head.len();
            }
        }
        Ok(is_blank && self.line > 0)
    }

    fn begins_as_http(&self) -> bool {
        self.head.iter().zip(START).all(|(own, wanted)| own == wanted)
    }
}

/// Whether another answer follows. After 101 the connection speaks another protocol.
fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

/// Reads heads from `stream` and not a byte more: what follows belongs to somebody else.
///
/// # Errors
/// The connection fails or ends; inside, what [`HeadReader::read`] says.
pub(crate) async fn read_head<S>(stream: &mut S, max: usize) -> io::Result<Result<AnswerHead, GarbledError>>
where
    S: AsyncRead + Unpin,
{
    let mut reader = HeadReader::new(max);
    loop {
        match reader.read(&[stream.read_u8().await?]) {
            Ok((_, None)) => {}
            Ok((_, Some(head))) => return Ok(Ok(head)),
            Err(garbled) => return Ok(Err(garbled)),
        }
    }
}

/// Understands a head as a whole; none if it is not one.
fn parse(head: &[u8]) -> Option<AnswerHead> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (is_old, status) = parse_status(lines.next()?)?;
    let mut fields: Vec<(HeaderName, Vec<u8>)> = Vec::with_capacity(USUAL_FIELDS);
    for line in lines.filter(|line| !line.is_empty()) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            // A folded line stands for a space (RFC 9112, section 5.2).
            let (_, value) = fields.last_mut()?;
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name.trim_ascii_end()).ok()?;
        fields.push((name, value.strip_prefix(b":")?.trim_ascii().to_vec()));
    }
    Some(AnswerHead::new(status, is_old, fields.into_iter().filter_map(text_field).collect()))
}

/// Whether the status line is HTTP/1.0's, and its status.
fn parse_status(line: &[u8]) -> Option<(bool, StatusCode)> {
    let (version, rest) = line.strip_prefix(START)?.split_first()?;
    let is_old = match version {
        b'0' => true,
        b'1' => false,
        _ => return None,
    };
    let (status, reason) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
    let is_whole = reason.is_empty() || reason.starts_with(b" ");
    StatusCode::from_bytes(status).ok().filter(|_| is_whole).map(|status| (is_old, status))
}

/// A field whose value is printable ASCII; values that are not are of no use to anybody.
fn text_field((name, value): (HeaderName, Vec<u8>)) -> Option<(String, String)> {
    let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    let value = String::from_utf8(value).ok().filter(|_| is_text)?;
    Some((name.as_str().to_owned(), value))
}
