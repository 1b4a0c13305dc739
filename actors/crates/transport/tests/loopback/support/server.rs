//! An HTTP/1.1 server that answers by a script and remembers what it saw.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The head as it was, with the empty line at its end.
    pub(crate) head: String,
    /// The request line.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Counted from one.
    pub(crate) connection: usize,
    /// Counted from one within its connection.
    pub(crate) turn: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does after a request.
pub(crate) enum Reply {
    /// Writes this and waits for the next request.
    Bytes(Vec<u8>),
    /// Writes this over and over again.
    Forever(Vec<u8>, Vec<u8>),
    /// Writes this and closes.
    Last(Vec<u8>),
    /// Closes.
    HangUp,
    /// Neither answers nor closes.
    Silence,
}

impl Reply {
    /// A complete answer with a length.
    pub(crate) fn status(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes(),
        )
    }

    pub(crate) fn ok(body: &str) -> Self {
        Self::status("200 OK", "", body)
    }
}

type Script = Rc<dyn Fn(&Seen) -> Reply>;

/// A running server. Its tasks end with the test's runtime.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Rc<RefCell<Vec<Seen>>>,
    connections: Rc<Cell<usize>>,
    ended: Rc<Cell<usize>>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + 'static) -> Self {
        Self::listen("127.0.0.1:0", None, Rc::new(script)).await
    }

    pub(crate) async fn start_tls(config: ServerConfig, script: impl Fn(&Seen) -> Reply + 'static) -> Self {
        Self::start_tls_at("127.0.0.1:0", config, script).await
    }

    pub(crate) async fn start_tls_at(
        address: &str,
        config: ServerConfig,
        script: impl Fn(&Seen) -> Reply + 'static,
    ) -> Self {
        Self::listen(address, Some(TlsAcceptor::from(Arc::new(config))), Rc::new(script)).await
    }

    /// All requests so far, over all connections.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// Connections that were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }

    /// Connections that have not ended yet.
    pub(crate) fn open_connections(&self) -> usize {
        self.connections.get() - self.ended.get()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn tls_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    async fn listen(address: &str, tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Rc::default(),
            connections: Rc::default(),
            ended: Rc::default(),
        };
        let running = server.clone();
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                running.connections.set(running.connections.get() + 1);
                let (server, script, tls) = (running.clone(), Rc::clone(&script), tls.clone());
                let connection = running.connections.get();
                actix_rt::spawn(async move {
                    match tls {
                        None => server.serve(stream, connection, script).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                server.serve(stream, connection, script).await;
                            }
                        }
                    }
                    server.ended.set(server.ended.get() + 1);
                });
            }
        });
        server
    }

    async fn serve<S>(&self, mut stream: S, connection: usize, script: Script)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut turn = 0;
        while let Some(mut seen) = read_request(&mut stream).await {
            turn += 1;
            (seen.connection, seen.turn) = (connection, turn);
            self.seen.borrow_mut().push(seen.clone());
            let written = match script(&seen) {
                Reply::Bytes(bytes) => stream.write_all(&bytes).await,
                Reply::Last(bytes) => {
                    stream.write_all(&bytes).await.unwrap();
                    stream.shutdown().await.ok();
                    return;
                }
                Reply::Forever(head, more) => {
                    let mut written = stream.write_all(&head).await;
                    while written.is_ok() {
                        written = stream.write_all(&more).await;
                    }
                    written
                }
                Reply::HangUp => return,
                Reply::Silence => std::future::pending().await,
            };
            if written.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }
}

/// Reads a head and, where it has a length, a body.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut seen = Seen { head: head.clone(), line, headers, body: Vec::new(), connection: 0, turn: 0 };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    seen.body.resize(length, 0);
    stream.read_exact(&mut seen.body).await.ok()?;
    Some(seen)
}
