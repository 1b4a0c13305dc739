//! Closed destinations: the reasons, and the networks that are closed everywhere.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The reasons why objects may not lead to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is this machine, as it sees itself.
    Loopback,
    /// It is no address of anybody; systems take it for this machine.
    Unspecified,
    /// It is on the same link, where machines are told about themselves.
    LinkLocal,
    /// It is a cloud's metadata service outside of link-local addresses.
    Metadata,
    /// It is an address of this machine's interfaces.
    Own,
    /// It is a listener of this program.
    Listener,
    /// It is a Service of this program.
    Service,
    /// It is the API server.
    ApiServer,
    /// It is in a private network, and those are closed.
    Private,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Unspecified => "an unspecified address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud's metadata service",
            Self::Own => "an address of this machine",
            Self::Listener => "this program itself",
            Self::Service => "this program's own Service",
            Self::ApiServer => "the API server",
            Self::Private => "a private address",
        })
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(first: u16, second: u16, third: u16, last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, last))
}

/// Addresses, the bits of their network, and why it is closed.
const OF_THE_MACHINE: [(IpAddr, u8, Closed); 12] = [
    (v4(127, 0, 0, 0), 8, Closed::Loopback),
    (v6(0, 0, 0, 1), 128, Closed::Loopback),
    // "This network" (RFC 1122, section 3.2.1.3).
    (v4(0, 0, 0, 0), 8, Closed::Unspecified),
    (v6(0, 0, 0, 0), 128, Closed::Unspecified),
    // AWS, Azure, Google, Oracle, DigitalOcean and OpenStack tell machines about themselves at 169.254.169.254.
    (v4(169, 254, 0, 0), 16, Closed::LinkLocal),
    (v6(0xfe80, 0, 0, 0), 10, Closed::LinkLocal),
    // AWS: instance metadata, and the identities of pods.
    (v6(0xfd00, 0x0ec2, 0, 0x0254), 128, Closed::Metadata),
    (v6(0xfd00, 0x0ec2, 0, 0x0023), 128, Closed::Metadata),
    // Google, Azure's wire server, Alibaba, Oracle's older machines.
    (v6(0xfd20, 0x00ce, 0, 0x0254), 128, Closed::Metadata),
    (v4(168, 63, 129, 16), 32, Closed::Metadata),
    (v4(100, 100, 100, 200), 32, Closed::Metadata),
    (v4(192, 0, 0, 192), 32, Closed::Metadata),
];

/// RFC 1918, RFC 6598, RFC 4193, and the site-local addresses of RFC 3879.
const PRIVATE: [(IpAddr, u8, Closed); 6] = [
    (v4(10, 0, 0, 0), 8, Closed::Private),
    (v4(172, 16, 0, 0), 12, Closed::Private),
    (v4(192, 168, 0, 0), 16, Closed::Private),
    (v4(100, 64, 0, 0), 10, Closed::Private),
    (v6(0xfc00, 0, 0, 0), 7, Closed::Private),
    (v6(0xfec0, 0, 0, 0), 10, Closed::Private),
];

/// What only this machine can reach: itself, and what tells machines about themselves.
pub(super) fn of_the_machine() -> impl Iterator<Item = (IpNet, Closed)> {
    networks(&OF_THE_MACHINE)
}

/// Iterates over the private networks.
pub(super) fn private() -> impl Iterator<Item = (IpNet, Closed)> {
    networks(&PRIVATE)
}

fn networks(list: &[(IpAddr, u8, Closed)]) -> impl Iterator<Item = (IpNet, Closed)> {
    list.iter().map(|(ip, bits, closed)| (IpNet::new_assert(*ip, *bits), *closed))
}

/// Whether `ip`, or the IPv4 address inside it, is in `network`.
pub(super) fn reaches(network: &IpNet, ip: IpAddr) -> bool {
    network.contains(&ip) || carried(ip).is_some_and(|inner| network.contains(&inner))
}

/// The IPv4 address to which a translator or a tunnel takes what is sent to `ip`: NAT64 (RFC 6052, RFC 8215), 6to4
/// (RFC 3056), and the form of RFC 4291, section 2.5.5.1, that nobody uses any more.
fn carried(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(ip) = ip else { return None };
    let halves = match ip.segments() {
        [0x64, 0xff9b, 0 | 1, .., high, low] => [high, low],
        // `::` and `::1` are of IPv6 alone.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => [high, low],
        [0x2002, high, low, ..] => [high, low],
        _ => return None,
    };
    let [[a, b], [c, d]] = halves.map(u16::to_be_bytes);
    Some(IpAddr::from([a, b, c, d]))
}
