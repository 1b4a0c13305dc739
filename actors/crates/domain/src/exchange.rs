//! Requests and responses as provider types see them, and what a type concludes from an exchange.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::Failure;

/// The methods that destinations' APIs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads what is already there.
    Get,
    /// Creates something at the destination.
    Post,
    /// Replaces something as a whole.
    Put,
    /// Changes something there in part.
    Patch,
    /// Removes something at the destination.
    Delete,
}

/// One HTTP request. The URL may be a secret, so `Debug` shows only the method.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method of the request.
    pub method: Method,
    /// Absolute `http` or `https` URL; user-info in it becomes Basic auth where `headers` has no `Authorization`.
    pub url: String,
    /// Header names and values in the order they are set; a later one replaces an earlier one of the same name
    /// whatever its case.
    pub headers: Vec<(String, String)>,
    /// The body, sent with its length.
    pub body: Bytes,
}

/// Headers whose values tell nothing but how to read a message and who sends it.
const HARMLESS: &[&str] = &[
    "accept",
    "content-type",
    "gotk-component",
    "user-agent",
    "x-atlassian-token",
    "x-github-api-version",
    "x-requested-with",
    "x-tfs-fedauthredirect",
];

/// From this length on, in bytes, a part of a header's value is taken for a secret of its own.
const SECRET_PART: usize = 8;

impl Request {
    /// Whether the values of this header may be shown.
    pub fn is_harmless(header: &str) -> bool {
        HARMLESS.iter().any(|harmless| header.eq_ignore_ascii_case(harmless))
    }

    /// The credentials that let this request in, as far as one can see that from outside: the values of headers and their parts, and an
    /// assertion in a form (RFC 7523, 2.1). A destination may quote them.
    pub fn credentials(&self) -> Vec<String> {
        let values = self.headers.iter().filter(|(name, _)| !Self::is_harmless(name)).map(|(_, value)| value);
        let mut found: Vec<String> = values.clone().cloned().collect();
        let parts = values.flat_map(|value| value.split([' ', ',', ';', '=']));
        found.extend(parts.filter(|part| part.len() >= SECRET_PART).map(str::to_owned));
        let pairs = self.body.split(|byte| *byte == b'&');
        let assertions = pairs.filter_map(|pair| str::from_utf8(pair.strip_prefix(b"assertion=")?).ok());
        found.extend(assertions.map(str::to_owned));
        found
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?}, {} bytes)", self.method, self.body.len())
    }
}

/// One HTTP response, its body read up to the transport's cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status of the answer, 100 to 599.
    pub status: u16,
    /// Header names in lower case, and values that are text.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, decompressed.
    pub body: Bytes,
    /// Whether texts may quote the body. What another host than the one that was asked answers, by a redirect, is not quoted:
    /// it may be anything that can be reached from here.
    pub is_quotable: bool,
}

impl Response {
    /// The part of the body that texts may quote.
    pub fn quotable(&self) -> &[u8] {
        if self.is_quotable { &self.body } else { &[] }
    }

    /// The first header called `name`, which must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The verdict of an exchange on its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The destination has taken the message.
    Delivered,
    /// There is nothing to send: the destination already shows it, or the type skips this event.
    Skipped,
    /// It did not arrive; [`Failure::class`] says whether to retry, park or give up.
    Failed(Failure),
    /// It did not arrive and the destination named the time to come back.
    RetryAfter(Duration, Failure),
}
