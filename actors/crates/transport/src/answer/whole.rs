//! An answer as it is read to its end.

use std::time::Duration;

use actix_rt::time::timeout;
use awc::ClientResponse;
use awc::error::PayloadError;
use bytes::Bytes;
use campanile_domain::Response;

use super::{Framing, Head};
use crate::body::{Body, Chunks, gunzip};
use crate::failure::of_body;
use crate::{Endpoint, GarbledError, TransportError};

/// What of a successful answer is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its body: a success whose body is broken, late or endless is none.
    Body,
    /// Its status alone: a success is one whatever its body.
    Status,
}

/// The head of an answer, and its body to be read.
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: ClientResponse,
}

/// Why the body of an answer is not there as a whole.
pub(crate) enum Fault {
    /// The connection failed, or its framing did.
    Broken(PayloadError),
    /// It ended before its length.
    Short,
    /// Where it ends or how it is compressed is not understood.
    Garbled,
    /// It did not end in time.
    Late,
}

impl Fault {
    /// The failure of a request to `at`; none where it is the timeout's.
    pub(crate) fn told(self, at: Endpoint) -> Option<TransportError> {
        match self {
            Self::Broken(error) => Some(of_body(error, at)),
            Self::Short => Some(TransportError::Closed { at, source: None }),
            Self::Garbled => Some(TransportError::Garbled { at, source: GarbledError::Body }),
            Self::Late => None,
        }
    }
}

impl Answer {
    /// Reads the body for at most `patience`, up to `cap` bytes before and again after decompression. With a fault, the
    /// body of the response is what there is of it.
    pub(crate) async fn read(self, cap: usize, patience: Duration) -> (Response, Option<Fault>) {
        let Self { head, body } = self;
        let mut chunks = Chunks::default();
        let fault = if head.framing == Framing::Unknown {
            Some(Fault::Garbled)
        } else {
            match timeout(patience, chunks.read(body, cap)).await {
                Ok(outcome) => outcome.err().map(Fault::Broken),
                Err(_) => Some(Fault::Late),
            }
        };
        let body = chunks.into_body(cap);
        // awc passes over it.
        let fault = fault.or_else(|| is_short(&head, &body).then_some(Fault::Short));
        let (body, damage) = plain(&head, body, fault.is_some(), cap);
        let status = head.status.as_u16();
        (Response { status, headers: head.fields, body, is_quotable: true }, fault.or(damage))
    }
}

/// Whether the connection ended before the promised length or the last chunk.
fn is_short(head: &Head, body: &Body) -> bool {
    let length = u64::try_from(body.bytes.len()).unwrap_or(u64::MAX);
    let is_short = match head.framing {
        Framing::Length(promised) => length < promised,
        // Behind the last chunk nothing is read.
        Framing::Chunked => head.end.get(),
        Framing::Empty | Framing::Close | Framing::Unknown => false,
    };
    is_short && !body.cut
}

/// The body without its compression. Nothing is left of one that is damaged.
fn plain(head: &Head, body: Body, is_part: bool, cap: usize) -> (Bytes, Option<Fault>) {
    let is_gzip = head.field("content-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
    if !is_gzip || body.bytes.is_empty() {
        return (body.bytes, None);
    }
    match gunzip(&Body { cut: body.cut || is_part, ..body }, cap) {
        Ok(bytes) => (bytes, None),
        Err(_) => (Bytes::new(), Some(Fault::Garbled)),
    }
}
