//! All listening sockets, bound before anything else happens.

use std::net::{SocketAddr, TcpListener};

use anyhow::Result;
use campanile_intake::EventListener;

use super::tls;
use crate::config::Config;

/// The addresses on which an instance listens; ports are the real ones where 0 was asked for.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Events without TLS, unless that is switched off.
    pub events: Option<SocketAddr>,
    /// Events by TLS, if it is switched on.
    pub events_tls: Option<SocketAddr>,
    /// The address of the probes.
    pub health: SocketAddr,
    /// The address of the operations API.
    pub admin: SocketAddr,
    /// Metrics, unless they are switched off.
    pub metrics: Option<SocketAddr>,
}

impl Addresses {
    /// The addresses of all listeners.
    pub(super) fn all(&self) -> impl Iterator<Item = SocketAddr> {
        [self.events, self.events_tls, Some(self.health), Some(self.admin), self.metrics]
            .into_iter()
            .flatten()
    }
}

/// The sockets of the operations endpoints.
pub(crate) struct OpsListeners {
    pub(crate) health: TcpListener,
    pub(crate) admin: TcpListener,
    pub(crate) metrics: Option<TcpListener>,
}

/// The bound sockets of all listeners.
pub(super) struct Listeners {
    pub(crate) events: Vec<EventListener>,
    pub(crate) ops: OpsListeners,
    /// The addresses of the sockets.
    pub(super) addresses: Addresses,
}

impl Listeners {
    /// Binds every address of `config`.
    ///
    /// # Errors
    /// If one is taken, with the flag that chooses another.
    pub(super) fn bind(config: &Config) -> Result<Self> {
        let plain = match config.events.is_off() {
            true => None,
            false => Some(config.events.bind("--events-addr")?),
        };
        let secure = config.tls.as_ref().map(|tls| -> Result<_> {
            let socket = tls.address.bind("--events-tls-addr")?;
            Ok(EventListener { socket, tls: Some(tls::start(tls)?) })
        });
        let secure = secure.transpose()?;
        let health = config.health.bind("--health-addr")?;
        let admin = config.admin.bind("--admin-addr")?;
        let metrics = match config.metrics.is_off() {
            true => None,
            false => Some(config.metrics.bind("--metrics-addr")?),
        };
        let addresses = Addresses {
            events: plain.as_ref().map(TcpListener::local_addr).transpose()?,
            events_tls: secure.as_ref().map(|secure| secure.socket.local_addr()).transpose()?,
            health: health.local_addr()?,
            admin: admin.local_addr()?,
            metrics: metrics.as_ref().map(TcpListener::local_addr).transpose()?,
        };
        let events = plain.map(EventListener::from).into_iter().chain(secure).collect();
        Ok(Self { events, ops: OpsListeners { health, admin, metrics }, addresses })
    }
}
