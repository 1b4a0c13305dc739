//! Which networks may not be dialled.
//!
//! The check is made on addresses, after the name lookup and on every connection, so that a name which changes its
//! answer passes no second time. Names that a proxy resolves are beyond it: there the proxy's own address is checked,
//! and the destination's where it is a literal.

use std::net::IpAddr;

use ipnet::IpNet;

/// A deny list of networks. The default denies nothing: in-cluster destinations are private on purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressGuard {
    denied: Vec<IpNet>,
}

impl AddressGuard {
    /// A guard that refuses addresses inside any of `networks`.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self { denied: networks.into_iter().collect() }
    }

    /// Whether `ip` may be dialled. An IPv4 address in IPv6 clothing is judged as IPv4.
    pub fn allows(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        !self.denied.iter().any(|network| network.contains(&ip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_does_not_slip_through() {
        let guard = AddressGuard::new(["169.254.0.0/16".parse().unwrap()]);
        assert!(!guard.allows("169.254.169.254".parse().unwrap()));
        assert!(!guard.allows("::ffff:169.254.169.254".parse().unwrap()));
        assert!(guard.allows("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn nothing_is_denied_by_default() {
        assert!(AddressGuard::default().allows("127.0.0.1".parse().unwrap()));
    }
}
