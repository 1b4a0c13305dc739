//! The stream that awc speaks over: a link, with each request's head rewritten on its way out.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_rt::net::{ActixStream, Ready};
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::filter::HeadFilter;
use crate::sockets::Seat;

/// A connection as awc sees it: plain HTTP/1, whatever is below.
pub(crate) struct Io<S = Seat> {
    link: S,
    filter: HeadFilter,
    /// A rewritten head, or the rest of it, that `link` has not taken yet.
    staged: Bytes,
}

impl<S: AsyncWrite + Unpin> Io<S> {
    /// HTTP over `link`, which was not written to yet. With a `prefix`, `http://authority`, requests are written in
    /// absolute form.
    pub(crate) fn new(link: S, prefix: Option<String>) -> Self {
        Self { link, filter: HeadFilter::new(prefix), staged: Bytes::new() }
    }

    fn poll_staged(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.staged.has_remaining() {
            ready!(self.poll_send(cx, &[]))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends of what is staged and of `body` behind it, in one piece where that is possible. Says how much of `body` the
    /// link took.
    fn poll_send(&mut self, cx: &mut Context<'_>, body: &[u8]) -> Poll<io::Result<usize>> {
        let link = Pin::new(&mut self.link);
        let written = if self.staged.is_empty() {
            ready!(link.poll_write(cx, body))?
        } else {
            ready!(link.poll_write_vectored(cx, &[IoSlice::new(&self.staged), IoSlice::new(body)]))?
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let of_head = written.min(self.staged.len());
        self.staged.advance(of_head);
        self.filter.sent(written - of_head);
        Poll::Ready(Ok(written - of_head))
    }
}

impl<S> fmt::Debug for Io<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is staged may hold credentials.
        f.debug_struct("Io").finish_non_exhaustive()
    }
}

impl ActixStream for Io {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.link.poll_read_ready(cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.link.poll_write_ready(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Io<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().link).poll_read(cx, buf)
    }
}

/// Vectored writes are left to the trait's default, which offers the first buffer that is not empty: awc makes none.
impl<S: AsyncWrite + Unpin> AsyncWrite for Io<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mut taken = 0;
        if this.filter.expects_head() {
            ready!(this.poll_staged(cx))?;
            let (length, head) = this.filter.read_head(buf)?;
            let Some(head) = head else { return Poll::Ready(Ok(length)) };
            (taken, this.staged) = (length, head.into());
        }
        loop {
            match this.poll_send(cx, this.filter.body_of(&buf[taken..])) {
                Poll::Ready(sent) => taken += sent?,
                Poll::Pending if taken == 0 => return Poll::Pending,
                // The head is taken already: what is staged of it goes with the next write or flush.
                Poll::Pending => {}
            }
            if taken > 0 {
                return Poll::Ready(Ok(taken));
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_staged(cx))?;
        Pin::new(&mut this.link).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_staged(cx))?;
        Pin::new(&mut this.link).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
