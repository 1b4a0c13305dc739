//! The HTTP side: one handler for every path and method (contract, control plane 4.1, 4.2).
//!
//! The HTTP library ends a head at 128 KiB or 96 fields and answers 431; the contract's 256 KiB can not be reached
//! with it. It times only a connection's first head, answering 408. A request that is refused before its body was read
//! to the end closes its connection, after the rest was read and thrown away for a while.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Request, RequestHead, Response};
use actix_web::HttpServer;
use actix_web::dev::{Payload, Server, fn_service};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::http::{KeepAlive, Method};
use campanile_domain::{Event, MOST_UNKNOWN_BYTES, Received};
use campanile_protocol::log_event;
use rustls::ServerConfig;
use tokio::net::TcpSocket;

use crate::answer::{Answer, Outcome};
use crate::budget::Hold;
use crate::pipeline::{State, take_in};
use crate::{body, path};

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

/// Starts the HTTP server on `listeners`.
pub(crate) fn start(state: &Arc<State>, listeners: Vec<EventListener>) -> io::Result<Server> {
    let config = &state.config;
    let workers = state.clone();
    let server = HttpServer::new(move || {
        let worker = workers.clone();
        // The library calls this once in each worker's thread.
        if let Some(watchdog) = &worker.watchdog {
            watchdog.watch("intake");
        }
        fn_service(move |request: Request| serve(worker.clone(), request))
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

async fn serve(state: Arc<State>, mut request: Request) -> Result<Response<BoxBody>, Infallible> {
    let open = state.meter.open(request.path(), request.method());
    let mut payload = request.take_payload();
    let answer = answer(&state, request.head(), &mut payload).await;
    let outcome = answer.outcome();
    open.answered(outcome);
    let mut response = answer.into_response();
    if leaves_body_unread(outcome) {
        // A chunked body that nobody holds any more would be read on without end; one that is held when the head is
        // written closes the connection.
        response.extensions_mut().insert(payload);
    }
    Ok(response)
}

fn leaves_body_unread(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Redirected | Outcome::Unreadable | Outcome::TooLarge | Outcome::Overloaded)
}

async fn answer(state: &State, head: &RequestHead, payload: &mut Payload) -> Answer {
    if head.method != Method::CONNECT
        && let Some(location) = path::redirect(&head.uri)
    {
        return Answer::Redirected(location);
    }
    let (event, hold) = match read_event(state, head, payload).await {
        Ok(read) => read,
        Err(cause) => return Answer::Refused(cause),
    };
    take_in(state, event, hold).await
}

async fn read_event(
    state: &State,
    head: &RequestHead,
    payload: &mut Payload,
) -> Result<(Event, Hold), Outcome> {
    let config = &state.config;
    let declared = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut hold = state.bodies.hold();
    let read = body::read(payload, declared, config.body_limit, config.read_timeout, &mut hold).await;
    let body = read.map_err(|error| {
        let outcome = error.outcome();
        tracing::error!(client = %Client(head), status = outcome.status().as_u16(), %error, "reading the request body failed");
        outcome
    })?;
    let Received { event, dropped_fields } = Event::decode(&body).map_err(|error| {
        let outcome = Outcome::Malformed;
        tracing::error!(client = %Client(head), status = outcome.status().as_u16(), %error, "decoding the request body failed");
        outcome
    })?;
    if dropped_fields {
        note_dropped_fields(state, &event);
    }
    Ok((event, hold))
}

/// The address that a request came from; a proxy's, where one is in between.
struct Client<'a>(&'a RequestHead);

impl fmt::Display for Client<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.peer_addr {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

/// Counts it, and says it of the first event: what follows is in the counter.
fn note_dropped_fields(state: &State, event: &Event) {
    if state.meter.drop_fields() {
        log_event!(
            WARN,
            &event.involved_object,
            most_bytes = MOST_UNKNOWN_BYTES,
            "dropping the unknown fields of an event, they take too many bytes; have its sender write less beside the fields of \
             events; said once, campanile_unknown_fields_dropped_total counts further ones"
        );
    }
}
