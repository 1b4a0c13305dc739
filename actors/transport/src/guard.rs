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

    /// A guard that refuses what only this machine can reach: itself, and what answers machines about themselves.
    pub fn of_the_machine() -> Self {
        let net = |ip, bits| IpNet::new_assert(ip, bits);
        let (v4, v6) =
            (|a, b| IpAddr::from([a, b, 0, 0]), |first| IpAddr::from([first, 0, 0, 0, 0, 0, 0, 0_u16]));
        let metadata = IpAddr::from([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254_u16]);
        Self::new([
            net(v4(0, 0), 8),
            net(v4(127, 0), 8),
            net(v4(169, 254), 16),
            net(IpAddr::from([0_u16; 8]), 127),
            net(v6(0xfe80_u16), 10),
            net(metadata, 128),
        ])
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
    fn the_machine_is_refused_in_all_its_forms() {
        let guard = AddressGuard::of_the_machine();
        for ip in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "169.254.169.254",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
        ] {
            assert!(!guard.allows(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["10.0.0.1", "142.250.1.1", "fd00::1", "2001:db8::1"] {
            assert!(guard.allows(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn nothing_is_denied_by_default() {
        assert!(AddressGuard::default().allows("127.0.0.1".parse().unwrap()));
    }
}
