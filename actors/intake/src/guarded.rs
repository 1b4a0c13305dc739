//! HTTP servers whose connections are guarded: a share for each peer, a time for every head, and idle ones that give way.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::{BoxBody, MessageBody};
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response};
use actix_rt::net::TcpStream;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service,
};
use actix_web::dev::Server;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::connections::{Connections, ServerConnection};
use crate::stream::Guarded;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// The settings of a server beside its service.
#[derive(Clone, Debug)]
pub struct Serving {
    /// The number of the server's threads.
    pub workers: usize,
    /// The connections of all its listeners.
    pub connections: Connections,
    /// How long a connection may stay idle.
    pub keep_alive: Duration,
    /// How long the first head may take, from the opening of the connection on.
    pub first_head: Duration,
    /// How long what is left of a refused request is read and thrown away.
    pub linger: Duration,
    /// How long open requests may take when the server stops; whole seconds.
    pub drain: Duration,
}

/// Whether the client of a connection showed a certificate, which was authorised in the handshake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HasCertificate(pub(crate) bool);

/// A stream of bytes that knows its client.
trait Client {
    fn has_certificate(&self) -> bool;
}

impl Client for TcpStream {
    fn has_certificate(&self) -> bool {
        false
    }
}

impl Client for TlsStream<TcpStream> {
    fn has_certificate(&self) -> bool {
        let (_, tls) = self.get_ref();
        tls.peer_certificates().is_some_and(|certificates| !certificates.is_empty())
    }
}

/// A server of HTTP/1.1 on sockets that speak TLS where they have a configuration for it. It runs when it is polled.
///
/// # Errors
/// If a socket cannot be used.
pub fn serve<I, S, B>(
    serving: &Serving,
    listeners: Vec<(TcpListener, Option<Arc<ServerConfig>>)>,
    service: impl Fn() -> I + Clone + Send + 'static,
) -> io::Result<Server>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = ()> + 'static,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Future: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let mut builder = Server::build()
        .workers(serving.workers.max(1))
        .max_concurrent_connections(serving.connections.limits().most)
        .shutdown_timeout(serving.drain.as_secs())
        .disable_signals();
    for (socket, tls) in listeners {
        let (serving, service, stop) = (serving.clone(), service.clone(), builder.graceful_shutdown_signal());
        let name = format!("{:?}", socket.local_addr()?);
        builder = match tls {
            None => builder.listen(name, socket, move || {
                let stop = stop.clone();
                let stopped = move || {
                    let stop = stop.clone();
                    async move { stop.notified().await }
                };
                pipeline(&serving, |socket| async { Ok(socket) }, stopped, service())
            })?,
            Some(config) => {
                let mut config = ServerConfig::clone(&config);
                config.alpn_protocols = vec![b"http/1.1".to_vec()];
                let acceptor = TlsAcceptor::from(Arc::new(config));
                builder.listen(name, socket, move || {
                    let (acceptor, stop) = (acceptor.clone(), stop.clone());
                    let stopped = move || {
                        let stop = stop.clone();
                        async move { stop.notified().await }
                    };
                    let accept = move |socket| {
                        let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(socket));
                        async { handshake.await.map_err(io::Error::from)? }
                    };
                    pipeline(&serving, accept, stopped, service())
                })?
            }
        };
    }
    Ok(builder.run())
}

/// From a socket to the answers to its requests.
fn pipeline<T, A, F, G, H, I, S, B>(
    serving: &Serving,
    accept: A,
    stopped: G,
    service: I,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
+ use<T, A, F, G, H, I, S, B>
where
    T: AsyncRead + AsyncWrite + Client + Unpin + 'static,
    A: Fn(TcpStream) -> F + Clone + 'static,
    F: Future<Output = io::Result<T>> + 'static,
    G: Fn() -> H + 'static,
    H: Future<Output = ()> + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = ()> + 'static,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Future: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let marked = apply_fn_factory(service, |request: Request, service: &S::Service| {
        let busy = request.conn_data::<Arc<ServerConnection>>().map(ServerConnection::busy);
        let answer = service.call(request);
        async move {
            let answer = answer.await;
            drop(busy);
            answer
        }
    });
    let http = HttpService::<Guarded<T>, _, B>::build()
        .keep_alive(KeepAlive::Timeout(serving.keep_alive))
        .client_request_timeout(serving.first_head)
        .client_disconnect_timeout(serving.linger)
        .graceful_shutdown_signal(stopped)
        .on_connect_ext(|io: &Guarded<T>, data| {
            data.insert(io.connection());
            data.insert(HasCertificate(io.io().has_certificate()));
        })
        .finish(marked);
    let connections = serving.connections.clone();
    let admit = move |socket: TcpStream| {
        let (connections, accept) = (connections.clone(), accept.clone());
        async move {
            socket.set_nodelay(true).map_err(DispatchError::Io)?;
            let (peer, local) = (socket.peer_addr().map_err(DispatchError::Io)?, socket.local_addr().ok());
            let admitted = connections.admit(peer.ip(), local).ok_or_else(too_many)?;
            let head = connections.limits().head;
            let stream = accept(socket).await.map_err(DispatchError::Io)?;
            Ok((Guarded::new(stream, admitted, head), Protocol::Http1, Some(peer)))
        }
    };
    fn_service(admit).and_then(http)
}

fn too_many() -> DispatchError {
    tracing::debug!(
        "closed a connection: its peer has as many as one may have, with requests under way on all"
    );
    DispatchError::Io(io::Error::from(io::ErrorKind::QuotaExceeded))
}
