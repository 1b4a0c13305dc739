//! An HTTP client that sends whatever bytes it is given.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any time that the program gives a slow sender.
const TIMEOUT: Duration = Duration::from_secs(45);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Headers,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Connects and writes `bytes`. A server that answers early may stop reading: then the rest is not written.
pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    match stream.write_all(bytes) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
            Err(error)
        }
        _ => Ok(stream),
    }
}

/// Sends a whole request and reads the answer.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Answer> {
    read_answer(&send(address, request)?)
}

pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    exchange(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

pub(crate) fn post(address: SocketAddr, body: &[u8]) -> io::Result<Answer> {
    post_with("", address, body)
}

/// The same with more headers, each line with its end.
pub(crate) fn post_with(headers: &str, address: SocketAddr, body: &[u8]) -> io::Result<Answer> {
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n",
        body.len()
    );
    exchange(address, &[head.as_bytes(), body].concat())
}

/// A request with a JSON body.
pub(super) fn call(address: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    exchange(address, format!("{head}{body}").as_bytes())
}

pub(crate) fn read_answer(stream: impl Read) -> io::Result<Answer> {
    let mut reader = BufReader::new(stream);
    let (line, headers) = read_head(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut answer =
        Answer { status: status.ok_or(io::ErrorKind::InvalidData)?, headers, body: String::new() };
    let mut body = Vec::new();
    match answer.header("content-length").map(str::parse) {
        Some(length) => drop(reader.take(length.map_err(io::Error::other)?).read_to_end(&mut body)?),
        None => drop(reader.read_to_end(&mut body)?),
    }
    answer.body = String::from_utf8_lossy(&body).into_owned();
    Ok(answer)
}

/// Header lines, names in lower case.
pub(super) type Headers = Vec<(String, String)>;

/// The first line and the headers of a message; none at the end of the stream.
pub(super) fn read_head(reader: &mut impl BufRead) -> io::Result<Option<(String, Headers)>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let first = lines.first().cloned().ok_or(io::ErrorKind::InvalidData)?;
    let split = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Ok(Some((first, lines.iter().skip(1).filter_map(split).collect())))
}
