//! The HTTP server under both endpoints: sockets, TLS, workers and times.
//!
//! The HTTP library ends a head at 128 KiB or 96 fields and answers 431; the contract's 256 KiB cannot be reached
//! with it. It times only a connection's first head, answering 408; later ones are timed here. A request that is refused before its body was read
//! to the end closes its connection, after the rest was read and thrown away for a while.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Request, RequestHead, Response};
use actix_web::dev::{Payload, Server, fn_service};
use campanile_supervision::Watchdog;
use rustls::ServerConfig;
use tokio::net::TcpSocket;

use crate::config::IntakeConfig;
use crate::connections::Connections;
use crate::guarded::{self, Serving};

/// Connections that may wait to be accepted; the kernel may lower it.
const BACKLOG: u32 = 4096;

/// Opens the socket on which events come in. Call it inside a runtime.
///
/// # Errors
/// If the address cannot be had, because it is in use or not of this machine.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// The TLS of a listener.
#[derive(Clone, Debug)]
pub struct EventTls(Arc<ServerConfig>);

impl From<ServerConfig> for EventTls {
    fn from(config: ServerConfig) -> Self {
        Self(Arc::new(config))
    }
}

/// A socket on which events come in.
#[derive(Debug)]
pub struct EventListener {
    /// The open socket. See [`bind`].
    pub socket: TcpListener,
    /// How TLS is spoken there; none speaks none.
    pub tls: Option<EventTls>,
}

impl From<TcpListener> for EventListener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }
}

impl EventListener {
    /// Another handle of the same socket.
    ///
    /// # Errors
    /// If the process is out of file descriptors.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, tls: self.tls.clone() })
    }
}

/// The shell that a server is built from.
pub(crate) struct Shell<'c> {
    pub(crate) config: &'c IntakeConfig,
    /// The table of its connections.
    pub(crate) connections: Connections,
    /// Listens to the threads of its workers, where somebody does.
    pub(crate) watchdog: Option<Watchdog>,
    /// The name of those threads there.
    pub(crate) thread: &'static str,
}

impl Shell<'_> {
    /// Starts a server on `listeners` that has every request answered by `serve`.
    pub(crate) fn start<F>(
        self,
        listeners: Vec<EventListener>,
        serve: impl Fn(Request) -> F + Clone + Send + 'static,
    ) -> io::Result<Server>
    where
        F: Future<Output = Result<Response<BoxBody>, Infallible>> + 'static,
    {
        let Self { config, connections, watchdog, thread } = self;
        let serving = Serving {
            workers: config.workers,
            connections,
            keep_alive: config.keep_alive,
            first_head: config.head_timeout,
            linger: config.linger,
            drain: config.drain,
        };
        let sockets =
            listeners.into_iter().map(|EventListener { socket, tls }| (socket, tls.map(|tls| tls.0)));
        guarded::serve(&serving, sockets.collect(), move || {
            // Called once in each worker's thread.
            if let Some(watchdog) = &watchdog {
                watchdog.watch(thread);
            }
            fn_service(serve.clone())
        })
    }
}

/// The address of the peer that a request came from.
pub(crate) fn peer(head: &RequestHead) -> IpAddr {
    head.peer_addr.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip())
}

/// Keeps what is left of a body with the answer: a chunked body that nobody holds any more would be read on without end;
/// one that is held when the head is written closes the connection.
pub(crate) fn keep_unread(response: &mut Response<BoxBody>, payload: Payload) {
    response.extensions_mut().insert(payload);
}
