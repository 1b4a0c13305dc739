//! The HTTP server under both endpoints: sockets, TLS, workers and times.
//!
//! The HTTP library ends a head at 128 KiB or 96 fields and answers 431; the contract's 256 KiB can not be reached
//! with it. It times only a connection's first head, answering 408. A request that is refused before its body was read
//! to the end closes its connection, after the rest was read and thrown away for a while.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Request, Response};
use actix_web::HttpServer;
use actix_web::dev::{Payload, Server, fn_service};
use actix_web::http::KeepAlive;
use campanile_supervision::Watchdog;
use rustls::ServerConfig;
use tokio::net::TcpSocket;

use crate::config::IntakeConfig;

/// Connections that may wait to be accepted; the kernel may lower it.
const BACKLOG: u32 = 4096;

/// Opens the socket on which events come in. Call it inside a runtime.
///
/// # Errors
/// If the address can not be had, because it is in use or not of this machine.
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

/// What a server is built from.
pub(crate) struct Shell<'c> {
    pub(crate) config: &'c IntakeConfig,
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
        let Self { config, watchdog, thread } = self;
        let server = HttpServer::new(move || {
            // The library calls this once in each worker's thread.
            if let Some(watchdog) = &watchdog {
                watchdog.watch(thread);
            }
            fn_service(serve.clone())
        });
        let mut server = server
            .workers(config.workers.max(1))
            .max_connections(config.connections)
            .keep_alive(KeepAlive::Timeout(config.keep_alive))
            .client_request_timeout(config.head_timeout)
            .client_disconnect_timeout(config.linger)
            .shutdown_timeout(config.drain.as_secs())
            .tcp_nodelay(true)
            .disable_signals();
        for EventListener { socket, tls } in listeners {
            server = match tls {
                None => server.listen(socket)?,
                Some(EventTls(config)) => server.listen_rustls_0_23(socket, config.as_ref().clone())?,
            };
        }
        Ok(server.run())
    }
}

/// Keeps what is left of a body with the answer: a chunked body that nobody holds any more would be read on without end;
/// one that is held when the head is written closes the connection.
pub(crate) fn keep_unread(response: &mut Response<BoxBody>, payload: Payload) {
    response.extensions_mut().insert(payload);
}
