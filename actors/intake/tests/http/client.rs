//! A bare HTTP client that shows every byte of an answer.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::bench::PATIENCE;

pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// The head of an answer. That there is no body is asserted when the next answer or the end is read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// All lines but `Date`, sorted; the status line comes first.
    pub(crate) lines: Vec<String>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await.expect("in time").unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Connects from an address of this machine.
    pub(crate) async fn connect_from(from: [u8; 4], address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let stream = timeout(PATIENCE, socket.connect(address)).await.expect("in time").unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Sends a little and waits; says whether the connection is still there.
    pub(crate) async fn drip(&mut self, bytes: &[u8], pause: Duration) -> bool {
        if self.stream.write_all(bytes).await.is_err() {
            return false;
        }
        // An end that comes meanwhile is read, an answer is no end.
        !matches!(timeout(pause, self.stream.read_buf(&mut self.unread)).await, Ok(Ok(0) | Err(_)))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("in time").unwrap();
    }

    /// Breaks the connection off.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Sends no more, but goes on listening.
    pub(crate) async fn close_half(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Sends as much as the other side takes.
    pub(crate) async fn send_what_goes(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("in time").ok();
    }

    async fn read_more(&mut self) -> usize {
        timeout(PATIENCE, self.stream.read_buf(&mut self.unread)).await.expect("in time").unwrap_or(0)
    }

    pub(crate) async fn response(&mut self) -> Response {
        loop {
            if let Some(end) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return parse(&head);
            }
            assert!(self.read_more().await > 0, "closed before an answer: {:?}", self.unread);
        }
    }

    /// Waits for the end of the connection; nothing may come before it.
    pub(crate) async fn closed(&mut self) {
        while self.read_more().await > 0 {}
        assert!(self.unread.is_empty(), "{:?}", String::from_utf8_lossy(&self.unread));
    }
}

fn parse(head: &[u8]) -> Response {
    let text = str::from_utf8(head).unwrap().trim_end();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    let mut lines = text.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
    let first = lines.next().expect("a status line").to_owned();
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    lines.insert(0, first);
    Response { status, lines }
}
