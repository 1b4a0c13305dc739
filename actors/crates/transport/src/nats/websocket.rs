//! The handshake of a WebSocket (RFC 6455, section 4). Frames are the library's (docs/adr/0033-websocket-frames-by-a-library.md);
//! the handshake is ours, since its answer is read within the bounds of every other head and refused in words.

use std::io;

use awc::http::StatusCode;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio_websockets::{ClientBuilder, Limits, WebSocketStream};

use super::NatsError;
use crate::Endpoint;
use crate::answer::read_head;
use crate::limits::MAX_PROXY_HEAD;
use crate::link::ByteStream;

/// What is joined to the key of a handshake (RFC 6455, 1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Errors for which there is no WebSocket.
pub(super) enum UpgradeError {
    Io(io::Error),
    Said(NatsError),
}

impl From<io::Error> for UpgradeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Opens a WebSocket over `link` at `path` of `at`, whose messages have at most `longest` bytes.
pub(super) async fn open(
    mut link: ByteStream,
    at: &Endpoint,
    path: &str,
    longest: usize,
) -> Result<WebSocketStream<ByteStream>, UpgradeError> {
    let key = STANDARD.encode(nonce()?);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
         {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    link.write_all(request.as_bytes()).await?;
    link.flush().await?;
    // Frames follow the head.
    let answer =
        read_head(&mut link, MAX_PROXY_HEAD).await?.map_err(|_| UpgradeError::Said(NatsError::Garbled))?;
    if answer.status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(UpgradeError::Said(NatsError::NoWebSocket(answer.status.as_u16())));
    }
    let accepted = answer.field("sec-websocket-accept") == Some(answer_to(&key).as_str());
    if !accepted {
        return Err(UpgradeError::Said(NatsError::Garbled));
    }
    let limits = Limits::default().max_payload_len(Some(longest));
    Ok(ClientBuilder::new().limits(limits).take_over(link))
}

/// What proves that a server has understood a handshake with `key`.
fn answer_to(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{MAGIC}").as_bytes()))
}

fn nonce() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gave no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_handshake_is_that_of_the_standard() {
        // RFC 6455, 1.3.
        assert_eq!(answer_to("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
