//! Bytes to and from a NATS server, whether in WebSocket frames or not, and lines out of them.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_sink::Sink;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_websockets::{Error, Message, WebSocketStream};

use super::NatsError;
use crate::link::ByteStream;

/// Longest line of a server, in bytes; an `INFO` that names a large cluster has a few thousand.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

/// A way to a server. One of its calls that was dropped in the middle leaves it useless.
pub(super) struct Wire {
    way: Way,
    unread: BytesMut,
}

enum Way {
    Plain(ByteStream),
    Framed(Box<WebSocketStream<ByteStream>>),
}

/// The causes for which there is no line.
pub(super) enum Silence {
    Io(io::Error),
    Closed,
    Said(NatsError),
}

impl Wire {
    pub(super) fn plain(link: ByteStream) -> Self {
        Self { way: Way::Plain(link), unread: BytesMut::new() }
    }

    pub(super) fn framed(frames: WebSocketStream<ByteStream>) -> Self {
        Self { way: Way::Framed(Box::new(frames)), unread: BytesMut::new() }
    }

    /// The link below, for more layers on it.
    ///
    /// # Errors
    /// [`NatsError::Garbled`] if the server said more than it should have: what comes in clear must not count as said
    /// inside TLS. Frames have no layer below that could be had.
    pub(super) fn into_link(self) -> Result<ByteStream, NatsError> {
        match self.way {
            Way::Plain(link) if self.unread.is_empty() => Ok(link),
            Way::Plain(_) | Way::Framed(_) => Err(NatsError::Garbled),
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.way {
            Way::Plain(link) => {
                link.write_all(bytes).await?;
                link.flush().await
            }
            Way::Framed(frames) => {
                send(frames, Message::binary(Bytes::copy_from_slice(bytes))).await.map_err(io_error)
            }
        }
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
            let read = match &mut self.way {
                Way::Plain(link) => link.read_buf(&mut self.unread).await,
                Way::Framed(frames) => receive(frames, &mut self.unread).await,
            };
            if read.map_err(Silence::Io)? == 0 {
                return Err(Silence::Closed);
            }
        }
    }
}

async fn send(frames: &mut WebSocketStream<ByteStream>, message: Message) -> Result<(), Error> {
    let mut frames = Pin::new(frames);
    poll_fn(|cx| frames.as_mut().poll_ready(cx)).await?;
    frames.as_mut().start_send(message)?;
    poll_fn(|cx| frames.as_mut().poll_flush(cx)).await
}

/// Puts the payload of the next message with data behind `unread`, and says its length; zero at the end. Pings are answered
/// on the way.
async fn receive(frames: &mut WebSocketStream<ByteStream>, unread: &mut BytesMut) -> io::Result<usize> {
    while let Some(message) = frames.next().await {
        let message = match message.map_err(io_error) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            message => message?,
        };
        let has_data = message.is_binary() || message.is_text();
        if has_data && !message.as_payload().is_empty() {
            unread.extend_from_slice(message.as_payload());
            return Ok(message.as_payload().len());
        }
    }
    Ok(0)
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        error => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}
