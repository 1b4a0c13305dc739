//! Heads and bodies through links that take what they like.

use std::future::poll_fn;

use tokio::io::AsyncWriteExt;

use super::*;

/// Takes at most `step` bytes at a time and, if `moody`, only every second time it is asked.
struct Stingy {
    taken: Vec<u8>,
    writes: usize,
    step: usize,
    moody: bool,
    asked: bool,
}

impl Stingy {
    fn new(step: usize, moody: bool) -> Self {
        Self { taken: Vec::new(), writes: 0, step, moody, asked: false }
    }

    fn take(&mut self, cx: &Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.asked = !self.asked;
        if self.moody && self.asked {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = self.taken.len();
        self.taken.extend(bufs.iter().flat_map(|buf| buf.iter()).take(self.step));
        self.writes += 1;
        Poll::Ready(Ok(self.taken.len() - before))
    }
}

impl AsyncWrite for Stingy {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().take(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().take(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const WRITTEN: &[u8] = b"POST /a HTTP/1.1\r\nContent-Length: 10\r\nDate: \r\nHost: h\r\n\r\n\r\n\r\nDate: \
    GET /b HTTP/1.1\r\nHost: h\r\nDate: \r\n\r\n\
    PUT /c HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nDate: \r\n\r\nx";

const SENT: &[u8] = b"POST http://h/a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n\r\n\r\nDate: \
    GET http://h/b HTTP/1.1\r\nHost: h\r\n\r\n\
    PUT http://h/c HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";

#[actix_rt::test]
async fn requests_arrive_whole_however_they_are_cut() {
    for (write, step) in [(1, 1), (1, 1000), (1000, 1), (7, 3), (3, 7), (40, 11), (1000, 1000)] {
        for moody in [false, true] {
            let mut io = Io::new(Stingy::new(step, moody), Some("http://h".to_owned()));
            for chunk in WRITTEN.chunks(write) {
                io.write_all(chunk).await.unwrap();
            }
            io.flush().await.unwrap();
            let sent = String::from_utf8_lossy(&io.link.taken);
            assert_eq!(sent, String::from_utf8_lossy(SENT), "{write} {step} {moody}");
        }
    }
}

#[actix_rt::test]
async fn head_and_body_leave_together() {
    let mut io = Io::new(Stingy::new(usize::MAX, false), None);
    io.write_all(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").await.unwrap();
    assert_eq!(io.link.writes, 1);
    assert!(io.link.taken.ends_with(b"\r\n\r\nhello"));
}

#[actix_rt::test]
async fn a_vectored_write_offers_its_first_buffer_that_is_not_empty() {
    let mut io = Io::new(Stingy::new(usize::MAX, false), None);
    let head = b"GET / HTTP/1.1\r\nDate: \r\n\r\n";
    let bufs = [IoSlice::new(b""), IoSlice::new(head), IoSlice::new(b"more")];
    let taken = poll_fn(|cx| Pin::new(&mut io).poll_write_vectored(cx, &bufs)).await.unwrap();
    assert_eq!((taken, &io.link.taken[..]), (head.len(), &b"GET / HTTP/1.1\r\n\r\n"[..]));
}

#[actix_rt::test]
async fn a_head_that_the_link_does_not_take_goes_out_with_the_flush() {
    let mut io = Io::new(Stingy::new(usize::MAX, true), None);
    let head = b"GET / HTTP/1.1\r\n\r\n";
    assert_eq!(io.write(head).await.unwrap(), head.len());
    assert!(io.link.taken.is_empty());
    io.flush().await.unwrap();
    assert_eq!(io.link.taken, head);
}

#[actix_rt::test]
async fn a_link_that_takes_nothing_more_is_an_error() {
    let mut io = Io::new(Stingy::new(0, false), None);
    let error = io.write(b"GET / HTTP/1.1\r\n\r\n").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}
