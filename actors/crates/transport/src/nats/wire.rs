//! Bytes to and from a NATS server, whether in WebSocket frames or not, and lines out of them.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::NatsError;
use super::websocket;
use crate::link::Link;

/// Longest line of a server, in bytes; an `INFO` that names a large cluster has a few thousand.
const LONGEST_LINE: usize = 64 * 1024;

/// A way to a server. One of its calls that was dropped in the middle leaves it useless.
pub(super) struct Wire {
    pub(super) link: Link,
    framed: bool,
    unread: BytesMut,
}

/// Why there is no line.
pub(super) enum Silence {
    Io(io::Error),
    Closed,
    Said(NatsError),
}

impl Wire {
    pub(super) fn plain(link: Link) -> Self {
        Self { link, framed: false, unread: BytesMut::new() }
    }

    /// What was read ahead of the frames belongs to them.
    pub(super) fn framed(link: Link) -> Self {
        Self { framed: true, ..Self::plain(link) }
    }

    /// The link below, for more layers on it.
    ///
    /// # Errors
    /// [`NatsError::Garbled`] if the server said more than it should have: what comes in clear must not count as said
    /// inside TLS.
    pub(super) fn into_link(self) -> Result<Link, NatsError> {
        if self.unread.is_empty() { Ok(self.link) } else { Err(NatsError::Garbled) }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.framed {
            websocket::send(&mut self.link, websocket::BINARY, bytes).await?;
        } else {
            self.link.write_all(bytes).await?;
        }
        self.link.flush().await
    }

    /// The next line, without its end.
    pub(super) async fn line(&mut self) -> Result<BytesMut, Silence> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let mut line = self.unread.split_to(end + 1);
                line.truncate(end - usize::from(end > 0 && line.get(end - 1) == Some(&b'\r')));
                return Ok(line);
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(Silence::Said(NatsError::Garbled));
            }
            let read = if self.framed {
                websocket::receive(&mut self.link, &mut self.unread, LONGEST_LINE).await
            } else {
                self.link.read_buf(&mut self.unread).await
            };
            if read.map_err(Silence::Io)? == 0 {
                return Err(Silence::Closed);
            }
        }
    }
}
