//! Heads of answers: read and understood here, before awc sees them.
//!
//! awc takes an interim answer for the final one, gives up at 96 header lines, at a second `Content-Length` and at folded
//! lines, and treats what it cannot frame as no answer at all. So it is told only where the body ends; the rest of the
//! head goes to the client directly.

mod reader;
#[cfg(test)]
mod tests;
mod whole;

use std::cell::Cell;
use std::rc::Rc;

use awc::http::StatusCode;

pub use whole::BodyUse;

pub(crate) use reader::{HeadReader, read_head};
pub(crate) use whole::UnreadAnswer;

/// The head of a final answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AnswerHead {
    pub(crate) status: StatusCode,
    /// Names in lower case, and values that are text.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) framing: Framing,
    /// Whether the connection may be used again.
    persists: bool,
    /// Whether the connection has ended behind this head.
    pub(crate) end: Rc<Cell<bool>>,
}

/// The framing of an answer's body: where it ends (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// At once: there is none.
    Empty,
    /// The body ends after so many bytes.
    Length(u64),
    /// The body ends with the last chunk.
    Chunked,
    /// The body ends with the connection.
    Close,
    /// Nobody knows: what the head says contradicts itself or is not understood.
    Unknown,
}

impl AnswerHead {
    fn new(status: StatusCode, is_old: bool, fields: Vec<(String, String)>) -> Self {
        let says = |option: &str| {
            let mut options = values(&fields, "connection").flat_map(|value| value.split(','));
            options.any(|own| own.trim().eq_ignore_ascii_case(option))
        };
        let switches = status == StatusCode::SWITCHING_PROTOCOLS;
        let persists = !says("close") && !switches && (!is_old || says("keep-alive"));
        let is_bodiless = switches || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let framing = if is_bodiless { Framing::Empty } else { framing(&fields, is_old, persists) };
        Self { status, fields, framing, persists, end: Rc::default() }
    }

    /// The first field called `name`, which must be in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        values(&self.fields, name).next()
    }

    /// The head of an answer with the same framing and nothing else, which awc is given in place of this one.
    pub(crate) fn for_awc(&self) -> String {
        let version = if matches!(self.framing, Framing::Close | Framing::Unknown) { "1.0" } else { "1.1" };
        let framing = match self.framing {
            Framing::Empty | Framing::Close | Framing::Unknown => String::new(),
            Framing::Length(length) => format!("content-length: {length}\r\n"),
            Framing::Chunked => "transfer-encoding: chunked\r\n".to_owned(),
        };
        let closing = if self.persists { "" } else { "connection: close\r\n" };
        format!("HTTP/{version} 200 OK\r\n{closing}{framing}\r\n")
    }
}

/// The values of all fields called `name`.
fn values<'a>(fields: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// As the reference controller's HTTP library has it: chunks count before a length, HTTP/1.0 has no chunks, and lengths
/// may be repeated as long as they are equal. An answer of HTTP/1.1 that says nothing and keeps its connection has no body.
fn framing(fields: &[(String, String)], is_old: bool, persists: bool) -> Framing {
    let mut codings = values(fields, "transfer-encoding").filter(|_| !is_old);
    match (codings.next(), codings.next()) {
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => return Framing::Chunked,
        (Some(coding), None) if coding.eq_ignore_ascii_case("identity") => {}
        (Some(_), _) => return Framing::Unknown,
        (None, _) => {}
    }
    let mut lengths = values(fields, "content-length").flat_map(|value| value.split(',')).map(length);
    match lengths.next() {
        Some(Some(length)) if lengths.all(|other| other == Some(length)) => Framing::Length(length),
        Some(_) => Framing::Unknown,
        None if persists => Framing::Empty,
        None => Framing::Close,
    }
}

fn length(value: &str) -> Option<u64> {
    // A sign is none of its characters, although numbers may have one.
    let digits = Some(value.trim()).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok())
}
