//! The stream that awc speaks over: a link, with each request's head rewritten on its way out, and each answer's on its
//! way in.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_rt::net::{ActixStream, Ready};
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::answer::HeadReader;
use crate::filter::HeadFilter;
use crate::limits::MAX_ANSWER_HEAD;
use crate::sockets::Seat;
use crate::trace::TRACE;

/// A connection as awc sees it: plain HTTP/1, whatever is below.
pub(crate) struct Io<S = Seat> {
    link: S,
    filter: HeadFilter,
    /// A rewritten head, or the rest of it, that `link` has not taken yet.
    staged: Bytes,
    /// Reads the head that is to come, from a request until its answer.
    answer: Option<HeadReader>,
    /// What awc is told of the answer's head, and what came with it of the body, until awc has read it.
    unread: Bytes,
    /// Told when the connection ends within or behind an answer.
    end: Rc<Cell<bool>>,
}

/// Bytes that are read at once while a head is awaited.
const HEAD_PART: usize = 4096;

impl<S: AsyncWrite + Unpin> Io<S> {
    /// HTTP over `link`, which was not written to yet. With a `prefix`, `http://authority`, requests are written in
    /// absolute form.
    pub(crate) fn new(link: S, prefix: Option<String>) -> Self {
        let filter = HeadFilter::new(prefix);
        Self { link, filter, staged: Bytes::new(), answer: None, unread: Bytes::new(), end: Rc::default() }
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

impl<S: AsyncRead + Unpin> Io<S> {
    /// Reads until the head of the final answer is there, or until the end of the connection if nothing came before.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Most polls read nothing, so it is not worth its zeros.
        let mut space = [const { MaybeUninit::uninit() }; HEAD_PART];
        while let Some(reader) = &mut self.answer {
            let mut part = ReadBuf::uninit(&mut space);
            let outcome = ready!(Pin::new(&mut self.link).poll_read(cx, &mut part));
            if reader.has_begun() {
                // The request has arrived, so the connection was not a dead one.
                outcome.map_err(io::Error::other)?;
                if part.filled().is_empty() {
                    return Poll::Ready(Err(io::Error::other(
                        "the connection was closed within the answer's head",
                    )));
                }
            } else {
                outcome?;
                if part.filled().is_empty() {
                    return Poll::Ready(Ok(()));
                }
            }
            let invalid = |garbled| io::Error::new(io::ErrorKind::InvalidData, garbled);
            let (taken, head) = reader.read(part.filled()).map_err(invalid)?;
            if let Some(head) = head {
                let mut unread = head.for_awc().into_bytes();
                unread.extend_from_slice(&part.filled()[taken..]);
                (self.answer, self.unread) = (None, unread.into());
                self.end = Rc::clone(&head.end);
                // Nobody to tell outside of a request, where nothing is read but to see whether the connection lives.
                TRACE.try_with(|trace| trace.is_answered(head)).unwrap_or_default();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Io<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.answer.is_some() {
            ready!(this.poll_answer(cx))?;
        }
        if this.unread.is_empty() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.link).poll_read(cx, buf))?;
            this.end.set(buf.filled().len() == before);
            return Poll::Ready(Ok(()));
        }
        let length = this.unread.len().min(buf.remaining());
        buf.put_slice(&this.unread.split_to(length));
        Poll::Ready(Ok(()))
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
            this.answer = Some(HeadReader::new(MAX_ANSWER_HEAD));
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
