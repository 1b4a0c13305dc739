//! The guard of destinations that objects may not lead to: this machine, to what tells machines about themselves, to this program's own Services and
//! to the API server.
//!
//! Addresses are judged after the name lookup, each of a name's for itself and for every connection anew, so that a name
//! which changes its answer passes no second time. What a proxy resolves is beyond that: there the proxy's own address is
//! judged, where an object names it, and the destination's as far as it is a literal or a name that is known here.

mod closed;
mod destination;
mod own;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use url::Host;

use crate::Endpoint;
pub use closed::Closed;
pub use destination::{Destination, DestinationError};

/// The destinations that are closed to objects. The default closes none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressGuard {
    networks: Vec<(IpNet, Closed)>,
    destinations: Vec<(Destination, Closed)>,
    /// Whether the machine's own addresses are closed, whatever networks they are from.
    own: bool,
    allowed: Vec<Destination>,
    listeners: Vec<SocketAddr>,
}

/// Closes nothing: for what operators name.
pub(crate) static OPEN: AddressGuard = AddressGuard {
    networks: Vec::new(),
    destinations: Vec::new(),
    own: false,
    allowed: Vec::new(),
    listeners: Vec::new(),
};

impl AddressGuard {
    /// A guard that closes loopback, link-local and unspecified addresses, clouds' metadata services and all addresses of this
    /// machine.
    pub fn of_the_machine() -> Self {
        Self { networks: closed::of_the_machine().collect(), own: true, ..Self::default() }
    }

    /// The same guard with loopback open, but for [listeners](Self::with_listeners).
    #[must_use]
    pub fn without_loopback(mut self) -> Self {
        self.networks.retain(|(_, closed)| *closed != Closed::Loopback);
        self
    }

    /// The same guard that closes private networks as well (RFC 1918, RFC 6598, RFC 4193).
    #[must_use]
    pub fn with_private(mut self) -> Self {
        self.networks.extend(closed::private());
        self
    }

    /// The same guard that closes `destinations` as well.
    #[must_use]
    pub fn with(mut self, destinations: impl IntoIterator<Item = (Destination, Closed)>) -> Self {
        self.destinations.extend(destinations);
        self
    }

    /// The same guard that lets through what leads to `allowed`, whatever else is closed but listeners.
    #[must_use]
    pub fn allowing(mut self, allowed: impl IntoIterator<Item = Destination>) -> Self {
        self.allowed.extend(allowed);
        self
    }

    /// The same guard with the program's own listeners, which nothing opens.
    #[must_use]
    pub fn with_listeners(mut self, listeners: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.listeners.extend(listeners);
        self
    }

    /// Judges what is known of a destination before its name is looked up: the name, or the address that it spells.
    ///
    /// # Errors
    /// Why it may not be reached.
    pub(crate) fn judge(&self, at: &Endpoint) -> Result<(), Closed> {
        if let Some(ip) = literal(at.host()) {
            return self.judge_address(at, ip);
        }
        if self.allows_name(at) {
            return Ok(());
        }
        let closed = self.destinations.iter().find(|(destination, _)| destination.is_named(at));
        closed.map_or(Ok(()), |(_, closed)| Err(*closed))
    }

    /// Judges one address that the name of a destination stands for.
    ///
    /// # Errors
    /// Why it may not be reached.
    pub(crate) fn judge_address(&self, at: &Endpoint, ip: IpAddr) -> Result<(), Closed> {
        let ip = ip.to_canonical();
        if self.is_listener(at.port(), ip) {
            return Err(Closed::Listener);
        }
        if self.allows_name(at) || self.allowed.iter().any(|allowed| allowed.holds(at.port(), ip)) {
            return Ok(());
        }
        let network = self.networks.iter().find(|(network, _)| closed::reaches(network, ip));
        if let Some((_, closed)) = network {
            return Err(*closed);
        }
        let destination = self.destinations.iter().find(|(destination, _)| destination.holds(at.port(), ip));
        if let Some((_, closed)) = destination {
            return Err(*closed);
        }
        if self.own && !ip.is_loopback() && own::is_own(ip) { Err(Closed::Own) } else { Ok(()) }
    }

    /// Judges a destination without looking its name up: an address that it spells, `localhost` (RFC 6761, section 6.3), or a name
    /// that is known here. What a name stands for may still be closed.
    ///
    /// # Errors
    /// Why it may not be reached.
    pub fn judge_unresolved(&self, at: &Endpoint) -> Result<(), Closed> {
        self.judge(at)?;
        let name = at.host().trim_end_matches('.').to_ascii_lowercase();
        let is_local = name == "localhost" || name.ends_with(".localhost");
        if is_local { self.judge_address(at, IpAddr::from([127, 0, 0, 1])) } else { Ok(()) }
    }

    fn allows_name(&self, at: &Endpoint) -> bool {
        self.allowed.iter().any(|allowed| allowed.is_named(at))
    }

    fn is_listener(&self, port: u16, ip: IpAddr) -> bool {
        let is_this_machine = || ip.is_loopback() || ip.is_unspecified() || own::is_own(ip);
        let mut there = self.listeners.iter().filter(|listener| listener.port() == port);
        there.any(|listener| {
            let bound = listener.ip().to_canonical();
            bound == ip || ((bound.is_unspecified() || ip.is_unspecified()) && is_this_machine())
        })
    }
}

/// Whether nobody outside of the network that `ip` belongs to could tell what answers there. Loopback is open only to those
/// who are on this machine anyway, or where an operator opened it.
pub(crate) fn is_private(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    let mut hidden = closed::private().chain(closed::of_the_machine());
    hidden.any(|(network, closed)| closed != Closed::Loopback && closed::reaches(&network, ip))
}

/// The address that a host spells, in any spelling that a URL or a resolver takes for one: `127.1`, `0x7f000001`,
/// `2130706433`.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    if let Ok(ip) = host.parse() {
        return Some(ip);
    }
    match Host::parse(host) {
        Ok(Host::Ipv4(ip)) => Some(ip.into()),
        Ok(Host::Ipv6(ip)) => Some(ip.into()),
        Ok(Host::Domain(_)) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
