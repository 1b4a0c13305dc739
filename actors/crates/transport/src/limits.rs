//! Bounds of every client, in one place.

use std::time::Duration;

/// Redirects that are followed before the destination is given up (contract, providers 8).
pub(crate) const MAX_REDIRECTS: usize = 10;

/// Distinct hosts a client keeps idle sockets for. A destination that keeps redirecting elsewhere makes the client
/// start over with an empty pool instead of holding ever more sockets.
pub(crate) const MAX_AUTHORITIES: usize = 8;

/// Bytes of a request's headers as they are sent, which is far above what servers take.
pub(crate) const MAX_HEADERS: usize = 256 * 1024;

/// What awc may write as one head, in bytes: the headers, and room for the address, which has a bound of 64 KiB in the
/// library.
pub(crate) const MAX_REQUEST_HEAD: usize = MAX_HEADERS + 128 * 1024;

/// Bytes of the heads of one answer, the interim ones included.
pub(crate) const MAX_ANSWER_HEAD: usize = 128 * 1024;

/// How long a body is awaited that changes nothing: it is the text of a failure, or is read so that its connection can be
/// used again.
pub(crate) const SPARE_PATIENCE: Duration = Duration::from_secs(1);

/// Bytes of a redirect's body that are read so that its connection can be used again.
pub(crate) const REDIRECT_BODY: usize = 2048;

/// Interim answers before a final one. A server that works long may send one every few seconds (RFC 2518, section 10.1).
pub(crate) const MAX_INTERIM_ANSWERS: usize = 100;

/// What is read of a proxy's answer to CONNECT, in bytes.
pub(crate) const MAX_PROXY_HEAD: usize = 16 * 1024;

/// Addresses of one name that are tried.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// Clients' TLS configurations that are kept for reuse.
pub(crate) const MAX_TRUST_SETS: usize = 64;

/// How long one address may stay silent before the next one is tried beside it (RFC 8305, section 5).
pub(crate) const HEAD_START: Duration = Duration::from_millis(250);

/// A connection older than this is not used again, so that changes of DNS take effect.
pub(crate) const MAX_CONNECTION_AGE: Duration = Duration::from_secs(600);

/// Bounds of one client.
///
/// A response's head is bounded too: 128 KiB, and 100 interim answers before it; what is larger is
/// [`Garbled`](campanile_domain::FailureClass::Garbled).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests on the wire at a time, and so sockets that are not idle; at least one.
    pub sockets: usize,
    /// Sockets of all clients of a transport together, those included that are idle and kept for the next request; at least
    /// one. Without room, idle ones are closed, and then requests wait their turn.
    pub total_sockets: usize,
    /// How long a request may wait for its turn.
    pub turn: Duration,
    /// Bytes of a response's body that are kept, counted before and again after decompression.
    pub body: usize,
    /// Bound on reaching a destination: name lookup, TCP, and the proxy's part.
    pub dial: Duration,
    /// Bound on the TLS handshake with the destination, and on the one with a proxy.
    pub handshake: Duration,
    /// How long an idle connection may be used again.
    pub keep_alive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sockets: 32,
            total_sockets: 2048,
            turn: Duration::from_secs(30),
            body: 64 * 1024,
            dial: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            keep_alive: Duration::from_secs(90),
        }
    }
}
