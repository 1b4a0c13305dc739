//! The connector under awc: it dials the destination or its proxy, opens the tunnel and makes TLS with the destination.
//!
//! Its errors travel through awc inside an `io::Error` and are taken out again by [`crate::failure`], so that their
//! types are kept.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use actix_rt::time::timeout;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use campanile_domain::{Proxy, ProxyScheme};
use futures_util::future::LocalBoxFuture;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use crate::dial::dial;
use crate::guard::{OPEN, is_private, literal};
use crate::io::Io;
use crate::limits::Limits;
use crate::link::ByteStream;
use crate::peer::Peer;
use crate::routes::{Routes, forwards};
use crate::sockets::{Seat, Sockets};
use crate::tls::{failure, tls_cause, watched};
use crate::trace::TRACE;
use crate::{AddressError, AddressGuard, Endpoint, ProxyError, TransportError, tunnel};

/// Opens connections for one pool.
#[derive(Clone)]
pub(crate) struct Connector {
    plan: Rc<ConnectionPlan>,
    /// Whether its connections are inside TLS.
    secure: bool,
}

/// All that a client's connections depend on.
pub(crate) struct ConnectionPlan {
    /// The way to each destination.
    pub(crate) routes: Routes,
    /// Trust and identity, used towards an https proxy as well.
    pub(crate) tls: Arc<ClientConfig>,
    /// The guard, which says what may be dialled.
    pub(crate) guard: Arc<AddressGuard>,
    /// Whether an operator names what requests go to, which may then be anywhere.
    pub(crate) operators: bool,
    /// Whether requests hold something of a Secret beside their address.
    pub(crate) confidential: bool,
    /// How long each step may take.
    pub(crate) limits: Limits,
    /// The table in which its connections count.
    pub(crate) sockets: Sockets,
}

impl Connector {
    /// A connector that follows `plan`, to destinations inside TLS if `secure`.
    pub(crate) fn new(plan: Rc<ConnectionPlan>, secure: bool) -> Self {
        Self { plan, secure }
    }
}

impl Service<ConnectInfo<Uri>> for Connector {
    type Response = Connection<Uri, Io>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let (plan, secure) = (Rc::clone(&self.plan), self.secure);
        let uri = info.request().clone();
        Box::pin(async move {
            // Nobody to tell when the pool is used outside of a request.
            let trace = TRACE.try_with(Rc::clone).ok();
            trace.iter().for_each(|trace| trace.dials());
            let nobody = Peer::default();
            let peer = trace.as_ref().map_or(&nobody, |trace| &trace.peer);
            match plan.open(&uri, secure, peer).await {
                Ok(io) => Ok(Connection::new(uri, io)),
                Err(error) => Err(ConnectError::Io(io::Error::other(error))),
            }
        })
    }
}

impl ConnectionPlan {
    async fn open(&self, uri: &Uri, secure: bool, peer: &Peer) -> Result<Io, TransportError> {
        let target = Endpoint::of(uri);
        let proxy = self.routes.proxy_for(&target, secure)?;
        let link = match timeout(self.limits.dial, self.reach(proxy, &target, secure, peer)).await {
            Ok(reached) => reached?,
            Err(_) => return Err(TransportError::ConnectTimeout { at: target }),
        };
        if secure {
            return Ok(Io::new(self.seat(self.secure(link, &target).await?, peer), None));
        }
        let forwarding = proxy.is_some_and(|proxy| forwards(proxy, secure));
        let authority = uri.authority().filter(|_| forwarding);
        Ok(Io::new(self.seat(link, peer), authority.map(|authority| format!("http://{authority}"))))
    }

    fn seat(&self, link: ByteStream, peer: &Peer) -> Seat {
        Seat::new(link, self.sockets.clone(), peer.is_private())
    }

    /// A link to `target`, or to a proxy that forwards to it; `peer` learns who that is.
    pub(crate) async fn reach(
        &self,
        proxy: Option<&Proxy>,
        target: &Endpoint,
        secure: bool,
        peer: &Peer,
    ) -> Result<ByteStream, TransportError> {
        let Some(proxy) = proxy else {
            return dial(target, self.target_guard(), peer).await.map(ByteStream::Tcp);
        };
        let closed = |closed| TransportError::Denied { at: target.clone(), closed };
        self.target_guard().judge(target).map_err(closed)?;
        let at = Endpoint::new(&proxy.host, proxy.port);
        self.via(proxy, &at, target, secure, peer)
            .await
            .map_err(|source| TransportError::Proxy { proxy: at, source: Box::new(source) })
    }

    /// The guard that judges what requests name.
    fn target_guard(&self) -> &AddressGuard {
        if self.operators { &OPEN } else { &self.guard }
    }

    /// Judges the proxy, unless it is the environment's.
    fn proxy_guard(&self) -> &AddressGuard {
        match &self.routes {
            Routes::Explicit(_) => &self.guard,
            Routes::Environment(_) => &OPEN,
        }
    }

    async fn via(
        &self,
        proxy: &Proxy,
        at: &Endpoint,
        target: &Endpoint,
        secure: bool,
        peer: &Peer,
    ) -> Result<ByteStream, ProxyError> {
        let stream = dial(at, self.proxy_guard(), peer).await?;
        let is_operators = matches!(self.routes, Routes::Environment(_));
        let target_is_private = literal(target.host()).is_some_and(is_private);
        peer.set_private(target_is_private || (peer.is_private() && !is_operators));
        let mut link = match proxy.scheme {
            ProxyScheme::Socks5 => return tunnel::socks(stream, target, proxy).await.map(ByteStream::Tcp),
            ProxyScheme::Http => ByteStream::Tcp(stream),
            ProxyScheme::Https => self.secure(ByteStream::Tcp(stream), at).await?,
        };
        if !forwards(proxy, secure) {
            tunnel::connect(&mut link, target, proxy).await?;
        }
        Ok(link)
    }

    /// TLS with `at`, which is at the other end of `link`.
    pub(crate) async fn secure(&self, link: ByteStream, at: &Endpoint) -> Result<ByteStream, TransportError> {
        self.secure_by(Arc::clone(&self.tls), link, at).await
    }

    /// The same by another configuration.
    pub(crate) async fn secure_by(
        &self,
        tls: Arc<ClientConfig>,
        link: ByteStream,
        at: &Endpoint,
    ) -> Result<ByteStream, TransportError> {
        let name = ServerName::try_from(at.host().to_owned()).map_err(|_| AddressError::TlsName)?;
        let handshake = TlsConnector::from(tls).connect(name, link);
        match timeout(self.limits.handshake, watched(handshake)).await {
            Ok((Ok(stream), _)) => Ok(ByteStream::Tls(Box::new(stream))),
            Ok((Err(error), stage)) => Err(match tls_cause(&error) {
                Some(cause) => failure(at, cause, stage),
                None => TransportError::Connect { at: at.clone(), source: error },
            }),
            Err(_) => Err(TransportError::ConnectTimeout { at: at.clone() }),
        }
    }
}
