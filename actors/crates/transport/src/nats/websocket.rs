//! NATS inside WebSocket frames (RFC 6455), as far as a client of NATS needs it: no extensions, no texts.

use std::io;

use awc::http::StatusCode;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::NatsError;
use crate::Endpoint;
use crate::answer::read_head;
use crate::limits::MAX_PROXY_HEAD;
use crate::link::Link;

/// Opcodes (RFC 6455, 5.2).
pub(super) const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// What is joined to the key of a handshake (RFC 6455, 1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why there is no WebSocket.
pub(super) enum Refusal {
    Io(io::Error),
    Said(NatsError),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Opens a WebSocket over `link` at `path` of `at`.
pub(super) async fn open(link: &mut Link, at: &Endpoint, path: &str) -> Result<(), Refusal> {
    let key = STANDARD.encode(random::<16>()?);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
         {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    link.write_all(request.as_bytes()).await?;
    link.flush().await?;
    // Frames follow the head.
    let answer = read_head(link, MAX_PROXY_HEAD).await?.map_err(|_| Refusal::Said(NatsError::Garbled))?;
    if answer.status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Refusal::Said(NatsError::NoWebSocket(answer.status.as_u16())));
    }
    let accepted = answer.field("sec-websocket-accept") == Some(answer_to(&key).as_str());
    if accepted { Ok(()) } else { Err(Refusal::Said(NatsError::Garbled)) }
}

/// What proves that a server has understood a handshake with `key`.
fn answer_to(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{MAGIC}").as_bytes()))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gave no random numbers"))?;
    Ok(bytes)
}

/// Sends `payload` as one frame, masked as a client must (RFC 6455, 5.3).
pub(super) async fn send(link: &mut Link, opcode: u8, payload: &[u8]) -> io::Result<()> {
    let mask = random::<4>()?;
    let mut frame = BytesMut::with_capacity(payload.len() + 14);
    frame.put_u8(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => frame.put_u8(0x80 | u8::try_from(length).unwrap_or_default()),
        length @ 126..=0xffff => {
            frame.put_u8(0x80 | 126);
            frame.put_u16(u16::try_from(length).unwrap_or_default());
        }
        length => {
            frame.put_u8(0x80 | 127);
            frame.put_u64(length as u64);
        }
    }
    frame.put_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    link.write_all(&frame).await?;
    link.flush().await
}

/// Puts the payload of the next frame with data behind `unread`, at most `longest` bytes; none at the end. Pings are answered
/// on the way.
pub(super) async fn receive(link: &mut Link, unread: &mut BytesMut, longest: usize) -> io::Result<usize> {
    loop {
        let opcode = match link.read_u8().await {
            Ok(first) => first & 0x0f,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            Err(error) => return Err(error),
        };
        let length = read_length(link).await?;
        if length > longest {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
        }
        let mut payload = vec![0; length];
        link.read_exact(&mut payload).await?;
        match opcode {
            CLOSE => return Ok(0),
            PING => send(link, PONG, &payload).await?,
            PONG => {}
            _ if payload.is_empty() => {}
            _ => {
                unread.put_slice(&payload);
                return Ok(payload.len());
            }
        }
    }
}

/// The length of a frame that is not masked: a server's never is.
async fn read_length(link: &mut Link) -> io::Result<usize> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "a frame has no valid length");
    match link.read_u8().await? {
        length @ 0..=125 => Ok(length.into()),
        126 => Ok(link.read_u16().await?.into()),
        127 => usize::try_from(link.read_u64().await?).map_err(|_| invalid()),
        _ => Err(invalid()),
    }
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
