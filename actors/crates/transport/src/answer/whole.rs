//! An answer as it is read to its end.

use std::time::Duration;

use actix_rt::time::timeout;
use awc::ClientResponse;
use awc::error::PayloadError;
use bytes::Bytes;
use campanile_domain::Response;

use super::{AnswerHead, Framing};
use crate::body::{Chunks, ReadBody, gunzip};
use crate::failure::of_body;
use crate::{Endpoint, GarbledError, TransportError};

/// The use of a successful answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyUse {
    /// Its body: a success whose body is broken, late or endless is none.
    Body,
    /// Its status alone: a success is one whatever its body.
    Status,
}

/// The head of an answer, and its body to be read.
pub(crate) struct UnreadAnswer {
    pub(crate) head: AnswerHead,
    pub(crate) body: ClientResponse,
}

/// Errors of an answer's body that is not there as a whole.
pub(crate) enum WholeBodyError {
    /// The connection failed, or its framing did.
    Broken(PayloadError),
    /// It ended before its length.
    Short,
    /// Where it ends or how it is compressed is not understood.
    Garbled,
    /// It did not end in time.
    Late,
}

impl WholeBodyError {
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

impl UnreadAnswer {
    /// Reads the body for at most `patience`, up to `cap` bytes before and again after decompression. With a fault, the
    /// body of the response is what there is of it.
    pub(crate) async fn read(self, cap: usize, patience: Duration) -> (Response, Option<WholeBodyError>) {
        let Self { head, body } = self;
        let mut chunks = Chunks::default();
        let fault = if head.framing == Framing::Unknown {
            Some(WholeBodyError::Garbled)
        } else {
            match timeout(patience, chunks.read(body, cap)).await {
                Ok(outcome) => outcome.err().map(WholeBodyError::Broken),
                Err(_) => Some(WholeBodyError::Late),
            }
        };
        let body = chunks.into_body(cap);
        // awc passes over it.
        let fault = fault.or_else(|| is_short(&head, &body).then_some(WholeBodyError::Short));
        let (body, damage) = plain(&head, body, fault.is_some(), cap);
        let status = head.status.as_u16();
        (Response { status, headers: head.fields, body, is_quotable: true }, fault.or(damage))
    }
}

/// Whether the connection ended before the promised length or the last chunk.
fn is_short(head: &AnswerHead, body: &ReadBody) -> bool {
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
fn plain(head: &AnswerHead, body: ReadBody, is_part: bool, cap: usize) -> (Bytes, Option<WholeBodyError>) {
    let is_gzip = head.field("content-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
    if !is_gzip || body.bytes.is_empty() {
        return (body.bytes, None);
    }
    match gunzip(&ReadBody { cut: body.cut || is_part, ..body }, cap) {
        Ok(bytes) => (bytes, None),
        Err(_) => (Bytes::new(), Some(WholeBodyError::Garbled)),
    }
}
