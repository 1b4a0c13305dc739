//! The filter between awc and the socket: what awc writes, made into what goes out.
//!
//! awc's encoder has three habits without a setting: it adds a `Date` to every request, it writes headers in the order
//! of a hash table, and it cannot write the absolute form (RFC 9112, section 3.2.2) that a forwarding proxy wants. The
//! filter follows the requests on one connection and writes each head anew; bodies it only counts.

use std::io;

use memchr::{memchr, memchr_iter, memmem};

use crate::limits::MAX_REQUEST_HEAD;

/// Room for the fields of a usual head.
const USUAL_FIELDS: usize = 16;

/// The bytes that end a head.
const END: &[u8; 4] = b"\r\n\r\n";

/// The line of an empty `Date`, which [`crate::head`] sets to keep awc from adding one. One with a value is the user's.
const NO_DATE: &[u8] = b"date: \r\n";

/// Heads of the requests on one connection, one after the other.
pub(crate) struct HeadFilter {
    /// `http://authority`, to be put before each request's path.
    prefix: Option<String>,
    /// The head that is being read.
    head: Vec<u8>,
    /// How much of [`END`] the last bytes of `head` are.
    matched: usize,
    /// Bytes of body that are to come before the next head.
    body: u64,
}

impl HeadFilter {
    /// A filter at the beginning of a connection.
    pub(crate) fn new(prefix: Option<String>) -> Self {
        Self { prefix, head: Vec::new(), matched: 0, body: 0 }
    }

    /// Whether what comes next belongs to a head.
    pub(crate) fn expects_head(&self) -> bool {
        self.body == 0
    }

    /// Reads on in a head: how many bytes of `bytes` belong to it, and once it is complete what is to be sent for it.
    ///
    /// # Errors
    /// The head passes its bound, or is not one that awc writes for a body that is there as a whole.
    pub(crate) fn read_head(&mut self, bytes: &[u8]) -> io::Result<(usize, Option<Vec<u8>>)> {
        let end = self.find_end(bytes);
        let length = end.unwrap_or(bytes.len());
        if self.head.len().saturating_add(length) > MAX_REQUEST_HEAD {
            return Err(invalid("the request's head is too long"));
        }
        let whole = self.head.is_empty() && end.is_some();
        if !whole {
            self.head.extend_from_slice(&bytes[..length]);
        }
        if end.is_none() {
            return Ok((length, None));
        }
        // The usual head comes in one piece and is not copied.
        let before = std::mem::take(&mut self.head);
        let head = if whole { &bytes[..length] } else { &before };
        let (rewritten, body) = rewrite(head, self.prefix.as_deref())?;
        self.body = body;
        Ok((length, Some(rewritten)))
    }

    /// The part of `bytes` that belongs to the body.
    pub(crate) fn body_of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let length = usize::try_from(self.body).map_or(bytes.len(), |body| body.min(bytes.len()));
        &bytes[..length]
    }

    /// Notes that `length` bytes of the body are on their way.
    pub(crate) fn sent(&mut self, length: usize) {
        self.body = self.body.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
    }

    /// How many of `bytes` there are up to the end of the head.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        // The usual head comes in one piece.
        if self.matched == 0
            && let Some(position) = memmem::find(bytes, END)
        {
            return Some(position + END.len());
        }
        for (position, byte) in bytes.iter().enumerate() {
            let matched = if *byte == END[self.matched] { self.matched + 1 } else { 0 };
            self.matched = if matched == 0 { usize::from(*byte == b'\r') } else { matched };
            if self.matched == END.len() {
                self.matched = 0;
                return Some(position + 1);
            }
        }
        None
    }
}

/// The head to send for `head`, and the length of the body that follows. `Host` comes first, as RFC 9110, section 7.2
/// has it; the others follow by name.
fn rewrite(head: &[u8], prefix: Option<&str>) -> io::Result<(Vec<u8>, u64)> {
    let mut begin = 0;
    let mut lines = memchr_iter(b'\n', head).map(|end| &head[std::mem::replace(&mut begin, end + 1)..=end]);
    let request = lines.next().unwrap_or_default();
    let mut fields = Vec::with_capacity(USUAL_FIELDS);
    fields.extend(lines.filter(|line| *line != b"\r\n" && !line.eq_ignore_ascii_case(NO_DATE)));
    sort(&mut fields);

    let prefix = prefix.unwrap_or_default();
    let target = memchr(b' ', request).map_or(0, |space| space + 1);
    let (method, rest) = request.split_at(target);
    let mut rewritten = Vec::with_capacity(head.len() + prefix.len());
    [method, prefix.as_bytes(), rest].into_iter().for_each(|part| rewritten.extend_from_slice(part));
    fields.iter().for_each(|line| rewritten.extend_from_slice(line));
    rewritten.extend_from_slice(b"\r\n");
    Ok((rewritten, body_length(&fields)?))
}

fn sort(fields: &mut [&[u8]]) {
    let mut hosts = 0;
    for place in 0..fields.len() {
        if value_of(fields[place], "host:").is_some() {
            fields.swap(hosts, place);
            hosts += 1;
        }
    }
    fields[hosts..].sort_unstable();
}

/// What the fields say about the body; without a word there is none (RFC 9112, section 6.3).
fn body_length(fields: &[&[u8]]) -> io::Result<u64> {
    if fields.iter().any(|line| value_of(line, "transfer-encoding:").is_some()) {
        return Err(invalid("the request's body has no length"));
    }
    let Some(value) = fields.iter().find_map(|line| value_of(line, "content-length:")) else {
        return Ok(0);
    };
    let length = std::str::from_utf8(value).ok().and_then(|value| value.trim().parse().ok());
    length.ok_or_else(|| invalid("the request's length is no number"))
}

/// The value of `line` if it is the field that `name`, with its colon, stands for.
fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (own, value) = line.split_at_checked(name.len())?;
    own.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_for(head: &str, prefix: Option<&str>) -> String {
        let (taken, rewritten) =
            HeadFilter::new(prefix.map(str::to_owned)).read_head(head.as_bytes()).unwrap();
        assert_eq!(taken, head.len());
        String::from_utf8(rewritten.unwrap()).unwrap()
    }

    #[test]
    fn an_empty_date_is_removed_and_one_with_a_value_is_kept() {
        assert_eq!(
            sent_for("GET / HTTP/1.1\r\nDate: \r\nA: b\r\n\r\n", None),
            "GET / HTTP/1.1\r\nA: b\r\n\r\n"
        );
        let dated = "GET / HTTP/1.1\r\nDate: yesterday\r\nX-Date: \r\n\r\n";
        assert_eq!(sent_for(dated, None), dated);
    }

    #[test]
    fn host_comes_first_and_the_others_by_name() {
        let head = "GET / HTTP/1.1\r\nB: 1\r\nHost: h\r\nA: 2\r\nHosted: x\r\n\r\n";
        assert_eq!(sent_for(head, None), "GET / HTTP/1.1\r\nHost: h\r\nA: 2\r\nB: 1\r\nHosted: x\r\n\r\n");
    }

    #[test]
    fn the_absolute_form_names_scheme_and_authority() {
        let rewritten = sent_for("POST /a?b HTTP/1.1\r\nHost: h:81\r\n\r\n", Some("http://h:81"));
        assert_eq!(rewritten, "POST http://h:81/a?b HTTP/1.1\r\nHost: h:81\r\n\r\n");
    }

    #[test]
    fn the_length_says_where_the_next_head_begins() {
        let mut filter = HeadFilter::new(None);
        let bytes = b"PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\n\r\n\r\nGET";
        let (taken, _) = filter.read_head(bytes).unwrap();
        let rest = &bytes[taken..];
        assert!(!filter.expects_head());
        assert_eq!(filter.body_of(rest), b"\r\n\r\n");
        filter.sent(3);
        assert_eq!(filter.body_of(&rest[3..]), b"\n");
        filter.sent(1);
        assert!(filter.expects_head());
    }

    #[test]
    fn line_ends_inside_a_head_are_not_its_end() {
        for head in ["A\r\r\n\r\n", "A\r\n\r\r\n\r\n", "A\n\n\r\n\r\n"] {
            assert_eq!(HeadFilter::new(None).find_end(format!("{head}body").as_bytes()), Some(head.len()));
        }
    }

    #[test]
    fn a_head_without_end_is_given_up_at_the_bound() {
        let mut filter = HeadFilter::new(None);
        let part = vec![b'x'; MAX_REQUEST_HEAD];
        assert_eq!(filter.read_head(&part).unwrap(), (MAX_REQUEST_HEAD, None));
        assert!(filter.read_head(b"x").is_err());
    }

    #[test]
    fn a_body_of_unknown_length_is_refused() {
        for field in ["Transfer-Encoding: chunked", "Content-Length: many", "Content-Length: -1"] {
            let head = format!("POST / HTTP/1.1\r\n{field}\r\n\r\n");
            assert!(HeadFilter::new(None).read_head(head.as_bytes()).is_err(), "{field}");
        }
    }
}
