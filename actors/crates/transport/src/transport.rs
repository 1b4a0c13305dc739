//! The factory of clients.

use std::fmt;
use std::sync::Arc;

use campanile_domain::Connection;

use crate::client::Client;
use crate::connector::ConnectionPlan;
use crate::routes::{EnvironmentProxies, Routes, check_proxy};
use crate::sockets::Sockets;
use crate::tls::TrustStore;
use crate::{AddressGuard, Environment, Limits, SocketCounts, TransportError};

/// Makes clients. Made once by the composition root; clones share everything and are cheap.
#[derive(Clone)]
pub struct Transport {
    proxies: Arc<EnvironmentProxies>,
    trust: Arc<TrustStore>,
    guard: Arc<AddressGuard>,
    /// Whether an operator names what requests go to.
    operators: bool,
    limits: Limits,
    sockets: Sockets,
}

impl Transport {
    /// A transport that follows `environment`. Nothing is read or dialled yet: the system's trust store is loaded by the
    /// first [`check`](Transport::check) or [`client`](Transport::client) that needs it, which blocks for that long.
    pub fn new(environment: Environment, limits: Limits) -> Self {
        Self {
            proxies: Arc::new(EnvironmentProxies::parse(&environment)),
            trust: Arc::new(TrustStore::new(environment)),
            guard: Arc::default(),
            operators: false,
            sockets: Sockets::new(limits.total_sockets),
            limits,
        }
    }

    /// The same transport with `guard` in place of the one that allows everything.
    #[must_use]
    pub fn with_guard(self, guard: AddressGuard) -> Self {
        Self { guard: Arc::new(guard), ..self }
    }

    /// The same transport for what an operator names, which may be anywhere. Proxies that objects name are judged as before.
    #[must_use]
    pub fn for_operators(&self) -> Self {
        Self { operators: true, ..self.clone() }
    }

    /// The same transport without the environment's proxies, for addresses of the machine itself.
    #[must_use]
    pub fn direct(&self) -> Self {
        Self { proxies: Arc::new(EnvironmentProxies::parse(&Environment::default())), ..self.clone() }
    }

    /// Whether a client can be made of `connection`. Dials nothing.
    ///
    /// # Errors
    /// [`TransportError::Ca`], [`TransportError::Pair`] (contract, control plane N10–N16) and
    /// [`TransportError::ProxySetting`].
    pub fn check(&self, connection: &Connection) -> Result<(), TransportError> {
        self.plan(connection).map(drop)
    }

    /// A client for one provider, to be used in the arbiter that asks for it.
    ///
    /// # Errors
    /// As for [`Transport::check`].
    pub fn client(&self, connection: &Connection) -> Result<Client, TransportError> {
        Ok(Client::new(
            self.plan(connection)?,
            connection.timeout,
            self.sockets.share(connection.namespace.clone()),
        ))
    }

    /// The counts of all sockets.
    pub fn sockets(&self) -> SocketCounts {
        self.sockets.counts()
    }

    fn plan(&self, connection: &Connection) -> Result<ConnectionPlan, TransportError> {
        let routes = match &connection.proxy {
            Some(proxy) => {
                check_proxy(proxy).map_err(TransportError::ProxySetting)?;
                Routes::Explicit(proxy.clone())
            }
            None => Routes::Environment(Arc::clone(&self.proxies)),
        };
        Ok(ConnectionPlan {
            routes,
            tls: self.trust.config(connection.tls.as_ref())?,
            guard: Arc::clone(&self.guard),
            operators: self.operators,
            confidential: connection.confidential,
            limits: self.limits,
            sockets: self.sockets.clone(),
        })
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("limits", &self.limits).finish_non_exhaustive()
    }
}
