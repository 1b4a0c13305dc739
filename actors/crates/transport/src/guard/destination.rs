//! Destinations as an operator writes them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

use crate::Endpoint;

/// A network, or a host by its name, with one port or all: `10.0.0.0/8`, `::1`, `127.0.0.1:8080`, `relay.tools.svc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Network(IpNet),
    /// In lower case, without a dot at its end.
    Name(String),
    /// A Service: `name.namespace`, followed by nothing or by the names of a cluster's domain.
    Service(String),
}

/// Why a text is no destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a network (10.0.0.0/8), an address (127.0.0.1, ::1), or a host name, each also with a port (127.0.0.1:8080)"
)]
pub struct DestinationError;

impl Destination {
    /// The Service `name` of `namespace`, by each of its names.
    pub fn service(name: &str, namespace: &str) -> Self {
        Self { host: Host::Service(format!("{name}.{namespace}")), port: None }
    }

    /// A host, by its name or address, and a port where only that one is meant.
    ///
    /// # Errors
    /// If it is neither a name nor an address.
    pub fn host(host: &str, port: Option<u16>) -> Result<Self, DestinationError> {
        let Self { host, .. } = Endpoint::new(host, 0).host().parse()?;
        Ok(Self { host, port })
    }

    /// Whether it is the name of `at`.
    pub(super) fn is_named(&self, at: &Endpoint) -> bool {
        let host = plain(at.host());
        let is_it = match &self.host {
            Host::Network(_) => false,
            Host::Name(name) => *name == host,
            Host::Service(service) => {
                let (name, _) = service.split_once('.').unwrap_or((service, ""));
                let longer = host.strip_prefix(service.as_str());
                host == name || longer.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
        };
        is_it && self.takes(at.port())
    }

    /// Whether it is a network that holds `ip`.
    pub(super) fn holds(&self, port: u16, ip: IpAddr) -> bool {
        matches!(&self.host, Host::Network(network) if network.contains(&ip)) && self.takes(port)
    }

    fn takes(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of = |network| Self { host: Host::Network(network), port: None };
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(of(network.trunc()));
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(of(ip.to_canonical().into()));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            let network = address.ip().to_canonical().into();
            return Ok(Self { host: Host::Network(network), port: Some(address.port()) });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| DestinationError)?)),
            None => (text, None),
        };
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if is_name { Ok(Self { host: Host::Name(plain(name)), port }) } else { Err(DestinationError) }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Network(network) => write!(f, "{network}")?,
            Host::Name(name) | Host::Service(name) => f.write_str(name)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, " port {port}"))
    }
}
