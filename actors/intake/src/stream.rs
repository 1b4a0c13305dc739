//! The bytes of one guarded connection.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

use crate::connections::{Admitted, ServerConnection};

/// A connection that comes to its end when it has to give way, and fails when a head takes too long.
#[derive(Debug)]
pub(crate) struct Guarded<T> {
    io: T,
    admitted: Admitted,
    /// How long a head may take.
    head: Duration,
    /// Runs while a head is read that is not the first.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<T> Guarded<T> {
    pub(crate) fn new(io: T, admitted: Admitted, head: Duration) -> Self {
        Self { io, admitted, head, timer: None }
    }

    /// What requests get to see of it.
    pub(crate) fn connection(&self) -> Arc<ServerConnection> {
        self.admitted.connection()
    }

    /// The stream of bytes itself.
    pub(crate) fn io(&self) -> &T {
        &self.io
    }

    /// Fails when the head has taken too long.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(since) = self.admitted.head_since() else {
            self.timer = None;
            return Poll::Pending;
        };
        let end = since + self.head;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if timer.deadline() != end {
            timer.as_mut().reset(end);
        }
        timer.as_mut().poll(cx).map(|()| Err(io::Error::from(io::ErrorKind::TimedOut)))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guarded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let guarded = &mut *self;
        if guarded.admitted.is_closing(cx.waker()) {
            // As if the peer had closed it.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut guarded.io).poll_read(cx, buffer) {
            Poll::Pending => guarded.poll_head(cx),
            Poll::Ready(read) => {
                if buffer.filled().len() > before {
                    guarded.admitted.heard();
                }
                Poll::Ready(read)
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guarded<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
