//! Reading a request's body under its own limit and that of all bodies together.

use std::time::Duration;

use actix_http::RequestHead;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::answer::Outcome;
use crate::budget::Hold;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is larger than one body may be: 413.
    #[error("it has more than the {limit} bytes that one event may have; post a smaller event")]
    TooLarge {
        /// Bytes.
        limit: usize,
    },
    /// The sender went away, or what it sent is no HTTP: 400.
    #[error("it broke off before its end")]
    BrokenOff,
    /// It took too long: 400.
    #[error("it was not complete after {} s", .limit.as_secs())]
    Slow {
        /// Counted from its head.
        limit: Duration,
    },
    /// All bodies in flight together are too large: 503.
    #[error("the bodies of all events that are not stored yet take too many bytes; the sender tries again")]
    Crowded,
}

impl ReadError {
    /// How the request ends.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::TooLarge { .. } => Outcome::TooLarge,
            Self::BrokenOff | Self::Slow { .. } => Outcome::Unreadable,
            Self::Crowded => Outcome::Overloaded,
        }
    }
}

/// The length that a head declares, if it does.
pub(crate) fn declared(head: &RequestHead) -> Option<usize> {
    head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

/// Reads all of `payload`. A body is too large as soon as its declared or its counted length is more than `limit`,
/// whatever stands in it (contract, control plane 4.4).
///
/// # Errors
/// Why the request is refused; the rest of the body is still unread then.
pub(crate) async fn read(
    payload: &mut Payload,
    declared: Option<usize>,
    limit: usize,
    timeout: Duration,
    hold: &mut Hold,
) -> Result<Bytes, ReadError> {
    if declared.is_some_and(|length| length > limit) {
        return Err(ReadError::TooLarge { limit });
    }
    let slow = ReadError::Slow { limit: timeout };
    tokio::time::timeout(timeout, gather(payload, limit, hold)).await.unwrap_or(Err(slow))
}

async fn gather(payload: &mut Payload, limit: usize, hold: &mut Hold) -> Result<Bytes, ReadError> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ReadError::BrokenOff)?;
        length += chunk.len();
        if length > limit {
            return Err(ReadError::TooLarge { limit });
        }
        if !hold.grow(chunk.len()) {
            return Err(ReadError::Crowded);
        }
        if first.is_empty() {
            first = chunk;
            continue;
        }
        if joined.is_empty() {
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&chunk);
    }
    // The usual body comes in one piece and is not copied.
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}
