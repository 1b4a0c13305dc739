//! The connector under awc: it dials the destination or its proxy and opens the tunnel; awc adds the destination's TLS.
//!
//! Its errors travel through awc inside an `io::Error` and are taken out again by [`crate::failure`], so that their
//! types are kept.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::time::timeout;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use campanile_domain::{Proxy, ProxyScheme};
use futures_util::future::LocalBoxFuture;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::absolute::AbsoluteForm;
use crate::dial::dial;
use crate::endpoint::is_secure;
use crate::io::Io;
use crate::routes::Routes;
use crate::tls::tls_cause;
use crate::{AddressError, AddressGuard, Endpoint, ProxyError, TransportError, tunnel};

tokio::task_local! {
    /// Set when the request that is being polled had to dial. awc tells nobody whether it used a kept connection, and
    /// only a failure on such a one may be tried again at once.
    pub(crate) static DIALLED: Rc<Cell<bool>>;
}

/// Opens connections for one client.
#[derive(Clone)]
pub(crate) struct Connector {
    plan: Rc<Plan>,
}

/// All that a connection depends on.
pub(crate) struct Plan {
    /// The way to each destination.
    pub(crate) routes: Routes,
    /// Trust and identity, used towards an https proxy as well.
    pub(crate) tls: Arc<ClientConfig>,
    /// What may be dialled.
    pub(crate) guard: Arc<AddressGuard>,
    /// Bound on the TLS handshake with a proxy.
    pub(crate) handshake: Duration,
}

impl Connector {
    /// A connector that follows `plan`.
    pub(crate) fn new(plan: Rc<Plan>) -> Self {
        Self { plan }
    }
}

impl Service<ConnectInfo<Uri>> for Connector {
    type Response = Connection<Uri, Io>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let plan = Rc::clone(&self.plan);
        let uri = info.request().clone();
        Box::pin(async move {
            // Nobody to tell when the pool is used outside of a request.
            DIALLED.try_with(|dialled| dialled.set(true)).unwrap_or_default();
            match plan.open(&uri).await {
                Ok(io) => Ok(Connection::new(uri, io)),
                Err(error) => Err(ConnectError::Io(io::Error::other(error))),
            }
        })
    }
}

impl Plan {
    async fn open(&self, uri: &Uri) -> Result<Io, TransportError> {
        let target = Endpoint::of(uri);
        match self.routes.proxy_for(uri)? {
            None => dial(&target, &self.guard).await.map(Io::Tcp),
            Some(proxy) => {
                let at = Endpoint::new(&proxy.host, proxy.port);
                self.via(proxy, &at, uri, &target)
                    .await
                    .map_err(|source| TransportError::Proxy { proxy: at, source: Box::new(source) })
            }
        }
    }

    async fn via(
        &self,
        proxy: &Proxy,
        at: &Endpoint,
        uri: &Uri,
        target: &Endpoint,
    ) -> Result<Io, ProxyError> {
        if let Some(ip) = target.ip().filter(|ip| !self.guard.allows(*ip)) {
            return Err(TransportError::Denied { at: target.clone(), ip }.into());
        }
        let stream = dial(at, &self.guard).await?;
        let mut stream = match proxy.scheme {
            ProxyScheme::Socks5 => return tunnel::socks(stream, target, proxy).await.map(Io::Tcp),
            ProxyScheme::Http => Io::Tcp(stream),
            ProxyScheme::Https => self.secure(stream, at).await?,
        };
        if is_secure(uri) {
            tunnel::connect(&mut stream, target, proxy).await?;
            return Ok(stream);
        }
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        Ok(Io::Absolute(Box::new(AbsoluteForm::new(stream, &authority))))
    }

    /// TLS with the proxy itself.
    async fn secure(&self, stream: TcpStream, at: &Endpoint) -> Result<Io, TransportError> {
        let name = ServerName::try_from(at.host().to_owned()).map_err(|_| AddressError::TlsName)?;
        let handshake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        match timeout(self.handshake, handshake).await {
            Ok(Ok(stream)) => Ok(Io::Tls(Box::new(stream))),
            Ok(Err(error)) => Err(match tls_cause(&error) {
                Some(cause) => TransportError::Tls { at: at.clone(), source: cause.clone() },
                None => TransportError::Connect { at: at.clone(), source: error },
            }),
            Err(_) => Err(TransportError::ConnectTimeout { at: at.clone() }),
        }
    }
}
