//! The rules of `NO_PROXY`: which destinations the environment's proxies are not used for.
//!
//! Entries are separated by commas: a host name (it and its sub-domains), `.suffix` or `*.suffix` (sub-domains only),
//! an IP address, a network in CIDR notation, each but the last with an optional `:port`; `*` alone means all.
//! `localhost` and loopback addresses are never proxied (contract, providers 5: as the reference controller's HTTP
//! library does).

use std::net::IpAddr;

use ipnet::IpNet;
use url::Host;

use crate::Endpoint;

/// The parsed rules of `NO_PROXY`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NoProxy {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Everything,
    Network(IpNet),
    Address { ip: IpAddr, port: Option<u16> },
    Domain { suffix: String, itself: bool, port: Option<u16> },
}

impl NoProxy {
    /// Reads a list; entries that mean nothing are passed over.
    pub(crate) fn parse(list: &str) -> Self {
        Self { rules: list.split(',').filter_map(|entry| Rule::parse(entry.trim())).collect() }
    }

    /// Whether `target` is reached without the environment's proxy.
    pub(crate) fn covers(&self, target: &Endpoint) -> bool {
        let host = target.host().to_ascii_lowercase();
        let ip = target.ip().map(|ip| ip.to_canonical());
        host == "localhost"
            || ip.is_some_and(|ip| ip.is_loopback())
            || self.rules.iter().any(|rule| rule.matches(&host, ip, target.port()))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            return Some(Self::Network(network));
        }
        let (host, port) = split_port(entry);
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Some(Self::Address { ip: ip.to_canonical(), port });
        }
        Self::domain(host, port)
    }

    fn domain(host: &str, port: Option<u16>) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let pattern = host.strip_prefix('*').unwrap_or(&host);
        let (suffix, itself) = match pattern.strip_prefix('.') {
            Some(suffix) => (suffix, false),
            None => (pattern, true),
        };
        (!suffix.is_empty()).then(|| Self::Domain { suffix: ascii(suffix), itself, port })
    }

    fn matches(&self, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
        let port_fits = |wanted: &Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        match self {
            Self::Everything => true,
            Self::Network(network) => ip.is_some_and(|ip| network.contains(&ip)),
            Self::Address { ip: wanted, port } => ip == Some(*wanted) && port_fits(port),
            Self::Domain { suffix, itself, port } => {
                port_fits(port)
                    && host
                        .strip_suffix(suffix.as_str())
                        .is_some_and(|rest| if rest.is_empty() { *itself } else { rest.ends_with('.') })
            }
        }
    }
}

/// `suffix` as hosts are written on the wire; internationalised names are so in URLs already.
fn ascii(suffix: &str) -> String {
    match Host::parse(suffix) {
        Ok(Host::Domain(name)) if !suffix.is_ascii() => name,
        _ => suffix.to_owned(),
    }
}

/// Host and port of `entry`; a bare IPv6 literal has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        _ => (entry, None),
    };
    (host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_hold_case_by_case() {
        let table: &[(&str, &str, u16, bool)] = &[
            ("", "example.com", 443, false),
            ("", "localhost", 80, true),
            ("", "LOCALHOST", 80, true),
            ("", "127.0.0.9", 80, true),
            ("", "::1", 80, true),
            ("*", "example.com", 443, true),
            ("example.org, *", "example.com", 443, true),
            ("example.com", "example.com", 443, true),
            ("EXAMPLE.com", "Example.COM", 443, true),
            ("example.com", "hooks.example.com", 443, true),
            ("example.com", "notexample.com", 443, false),
            (".example.com", "hooks.example.com", 443, true),
            (".example.com", "example.com", 443, false),
            ("*.example.com", "a.b.example.com", 443, true),
            ("*.example.com", "example.com", 443, false),
            ("example.com:8080", "example.com", 8080, true),
            ("example.com:8080", "example.com", 443, false),
            (".svc,.cluster.local", "nats.apps.svc", 80, true),
            ("10.0.0.0/8", "10.2.3.4", 443, true),
            ("10.0.0.0/8", "11.2.3.4", 443, false),
            ("10.0.0.0/8", "ten.example.com", 443, false),
            ("10.0.0.0/8", "::ffff:10.2.3.4", 443, true),
            ("192.0.2.7", "192.0.2.7", 443, true),
            ("192.0.2.7:81", "192.0.2.7", 80, false),
            ("192.0.2.7:81", "192.0.2.7", 81, true),
            ("2001:db8::1", "2001:db8::1", 443, true),
            ("[2001:db8::1]:444", "2001:db8::1", 444, true),
            ("[2001:db8::1]:444", "2001:db8::1", 443, false),
            ("2001:db8::/32", "2001:db8:1::9", 443, true),
            (".bücher.example", "shop.xn--bcher-kva.example", 443, true),
            (", ,:80", "example.com", 80, false),
        ];
        for (list, host, port, covered) in table {
            let found = NoProxy::parse(list).covers(&Endpoint::new(host, *port));
            assert_eq!(found, *covered, "NO_PROXY={list:?} for {host}:{port}");
        }
    }
}
