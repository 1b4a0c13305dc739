//! Reading a request's body under its own limit and that of all bodies together.

use std::time::Duration;

use actix_web::dev::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::answer::Outcome;
use crate::budget::Hold;

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
) -> Result<Bytes, Outcome> {
    if declared.is_some_and(|length| length > limit) {
        return Err(Outcome::TooLarge);
    }
    tokio::time::timeout(timeout, gather(payload, limit, hold)).await.unwrap_or(Err(Outcome::Unreadable))
}

async fn gather(payload: &mut Payload, limit: usize, hold: &mut Hold) -> Result<Bytes, Outcome> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Outcome::Unreadable)?;
        length += chunk.len();
        if length > limit {
            return Err(Outcome::TooLarge);
        }
        if !hold.grow(chunk.len()) {
            return Err(Outcome::Overloaded);
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
