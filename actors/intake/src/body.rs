//! Reading a request's body under its own limit and that of all bodies together.

use std::time::Duration;

use actix_http::RequestHead;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::answer::RequestOutcome;
use crate::budget::Hold;

/// A body beyond so many bytes has to come at a least rate: smaller ones take no memory to speak of.
const SMALL: usize = 64 << 10;
/// How often its rate is looked at, and the fewest bytes that have to come in between: 8 KiB a second.
const WINDOW: Duration = Duration::from_secs(5);
const LEAST: usize = 40 << 10;

/// Errors for which a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is larger than one body may be: 413.
    #[error("it has more than the {limit} bytes that one event may have; post a smaller event")]
    TooLarge {
        /// The most bytes of a body.
        limit: usize,
    },
    /// The sender went away, or what it sent is no HTTP: 400.
    #[error("it broke off before its end")]
    BrokenOff,
    /// It took too long: 400.
    #[error("it was not complete after {} s", .limit.as_secs())]
    Slow {
        /// The longest time for it, counted from its head.
        limit: Duration,
    },
    /// It is large and came at less than the least rate: 400.
    #[error("it came at less than 8 KiB a second; post it faster")]
    Trickling,
    /// All bodies in flight together are too large: 503.
    #[error("the bodies of all events that are not stored yet take too many bytes; the sender tries again")]
    Crowded,
}

impl ReadError {
    /// The outcome with which the request ends.
    pub(crate) fn outcome(self) -> RequestOutcome {
        match self {
            Self::TooLarge { .. } => RequestOutcome::TooLarge,
            Self::BrokenOff | Self::Slow { .. } | Self::Trickling => RequestOutcome::Unreadable,
            Self::Crowded => RequestOutcome::Overloaded,
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

/// Until when a body has to have which length.
struct Window {
    end: Instant,
    length: usize,
}

async fn gather(payload: &mut Payload, limit: usize, hold: &mut Hold) -> Result<Bytes, ReadError> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    let mut length = 0;
    let mut window: Option<Window> = None;
    loop {
        let chunk = match &window {
            Some(window) => timeout_at(window.end, payload.next()).await.map_err(|_| ReadError::Trickling)?,
            None => payload.next().await,
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|_| ReadError::BrokenOff)?;
        length += chunk.len();
        if length > SMALL && window.as_ref().is_none_or(|window| length >= window.length) {
            window = Some(Window { end: Instant::now() + WINDOW, length: length + LEAST });
        }
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
