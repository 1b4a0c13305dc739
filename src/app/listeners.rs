//! All listening sockets, bound before anything else happens.

use std::net::{SocketAddr, TcpListener};

use anyhow::Result;

use crate::config::Config;

/// Where an instance listens; ports are the real ones where 0 was asked for.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Events.
    pub events: SocketAddr,
    /// Probes.
    pub health: SocketAddr,
    /// The operations API.
    pub admin: SocketAddr,
    /// Metrics, unless they are switched off.
    pub metrics: Option<SocketAddr>,
}

/// The sockets of the operations endpoints.
pub(crate) struct OpsListeners {
    pub(crate) health: TcpListener,
    pub(crate) admin: TcpListener,
    pub(crate) metrics: Option<TcpListener>,
}

/// The bound sockets.
pub(super) struct Listeners {
    pub(crate) events: TcpListener,
    pub(crate) ops: OpsListeners,
    /// Where they are.
    pub(super) addresses: Addresses,
}

impl Listeners {
    /// Binds every address of `config`.
    ///
    /// # Errors
    /// If one is taken, with the flag that chooses another.
    pub(super) fn bind(config: &Config) -> Result<Self> {
        let events = config.events.bind("--events-addr")?;
        let health = config.health.bind("--health-addr")?;
        let admin = config.admin.bind("--admin-addr")?;
        let metrics = match config.metrics.is_off() {
            true => None,
            false => Some(config.metrics.bind("--metrics-addr")?),
        };
        let addresses = Addresses {
            events: events.local_addr()?,
            health: health.local_addr()?,
            admin: admin.local_addr()?,
            metrics: metrics.as_ref().map(TcpListener::local_addr).transpose()?,
        };
        Ok(Self { events, ops: OpsListeners { health, admin, metrics }, addresses })
    }
}
