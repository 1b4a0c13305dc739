//! Requests in absolute form (RFC 9112, section 3.2.2), which a forwarding proxy wants and awc can not write.
//!
//! The first request on the connection gets scheme and authority put before its path; everything else passes
//! unchanged. So a connection is good for one request only, and the client closes it then.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use crate::io::Io;

/// A connection to a forwarding proxy.
#[derive(Debug)]
pub(crate) struct AbsoluteForm {
    inner: Io,
    /// `http://authority`, until it is put in place.
    prefix: Option<String>,
    /// Rewritten bytes that the proxy has not taken yet.
    staged: Bytes,
}

impl AbsoluteForm {
    /// Rewrites the first request on `inner` to one for `authority`.
    pub(crate) fn new(inner: Io, authority: &str) -> Self {
        Self { inner, prefix: Some(format!("http://{authority}")), staged: Bytes::new() }
    }

    pub(crate) fn inner(&self) -> &Io {
        &self.inner
    }

    pub(crate) fn inner_mut(&mut self) -> &mut Io {
        &mut self.inner
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_staged(cx))?;
        let method = buf.iter().position(|byte| *byte == b' ').map(|space| space + 1);
        match (self.prefix.take_if(|_| method.is_some()), method) {
            (Some(prefix), Some(length)) => {
                let method = buf.get(..length).unwrap_or_default();
                self.staged = [method, prefix.as_bytes()].concat().into();
                Poll::Ready(Ok(length))
            }
            _ => Pin::new(&mut self.inner).poll_write(cx, buf),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_staged(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_staged(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.staged.has_remaining() {
            match ready!(Pin::new(&mut self.inner).poll_write(cx, &self.staged))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.staged.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }
}
