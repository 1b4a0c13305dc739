//! A connection that can be closed while it rests in a pool that does not know of it.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use actix_rt::net::{ActixStream, Ready};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Sockets;
use super::slot::LinkSlot;
use crate::link::ByteStream;
use crate::trace::TRACE;

/// The seat of a connection that a pool holds: it reads and writes the link of its slot, and closes that when it is dropped.
pub(crate) struct Seat {
    slot: Arc<LinkSlot>,
    sockets: Sockets,
}

impl Seat {
    /// A seat for a link that the exchange at hand has opened, to a private address or not.
    pub(crate) fn new(link: ByteStream, sockets: Sockets, is_private: bool) -> Self {
        let slot =
            Arc::new(LinkSlot { link: Mutex::new(Some(link)), resting: AtomicU64::new(0), is_private });
        let seat = Self { slot, sockets };
        seat.tell();
        seat
    }

    /// Tells the exchange at hand which connection it uses. The pool may also be used outside of one.
    fn tell(&self) {
        TRACE.try_with(|trace| trace.uses(&self.slot)).unwrap_or_default();
    }

    /// Reading and writing end a rest: a pool touches no connection but for an exchange.
    fn wake(&self) {
        if self.slot.resting.load(Relaxed) != 0 {
            self.sockets.forget(self.slot.resting.swap(0, Relaxed));
            self.tell();
        }
    }

    /// Works on the link, if it is still there.
    fn with<T>(&self, work: impl FnOnce(Pin<&mut ByteStream>) -> T) -> Option<T> {
        self.slot.link.lock().as_mut().map(|link| work(Pin::new(link)))
    }
}

/// What a write to a closed connection comes to: the pool takes it for one that died, and the request gets another.
fn gone<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
}

impl Drop for Seat {
    fn drop(&mut self) {
        let number = self.slot.resting.swap(0, Relaxed);
        if number != 0 {
            self.sockets.forget(number);
        }
        self.slot.close();
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").finish_non_exhaustive()
    }
}

impl ActixStream for Seat {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.with(|link| ActixStream::poll_read_ready(&*link, cx)).unwrap_or_else(gone)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.with(|link| ActixStream::poll_write_ready(&*link, cx)).unwrap_or_else(gone)
    }
}

impl AsyncRead for Seat {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.wake();
        // Without a link it has come to its end.
        self.with(|link| link.poll_read(cx, buf)).unwrap_or(Poll::Ready(Ok(())))
    }
}

impl AsyncWrite for Seat {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.wake();
        self.with(|link| link.poll_write(cx, buf)).unwrap_or_else(gone)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.wake();
        self.with(|link| link.poll_write_vectored(cx, bufs)).unwrap_or_else(gone)
    }

    fn is_write_vectored(&self) -> bool {
        self.with(|link| link.is_write_vectored()).unwrap_or_default()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|link| link.poll_flush(cx)).unwrap_or(Poll::Ready(Ok(())))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|link| link.poll_shutdown(cx)).unwrap_or(Poll::Ready(Ok(())))
    }
}
