//! Settings of a provider's connections: through which proxy, trusting whom, showing which certificate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Everything the transport must know to build a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The namespace whose share of sockets is used; empty for what the program asks on its own account.
    pub namespace: Arc<str>,
    /// An explicit proxy. None means that the process environment decides (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    pub proxy: Option<Proxy>,
    /// TLS material from a Secret. None means the system's trust store and no client certificate.
    pub tls: Option<TlsMaterial>,
    /// Bound of one attempt from dialling to the last byte read.
    pub timeout: Duration,
    /// Whether headers or bodies of requests may hold something of a Secret: then no redirect to another host is followed.
    pub confidential: bool,
}

/// The protocol that a proxy is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// Plain HTTP: CONNECT for https targets, absolute-form requests for http targets.
    Http,
    /// An HTTP proxy that is spoken to inside TLS.
    Https,
    /// SOCKS 5 with names resolved by the proxy (RFC 1928).
    Socks5,
}

/// An explicit proxy. Its credentials are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// How to talk to it.
    pub scheme: ProxyScheme,
    /// Host name or IP literal; IPv6 without brackets.
    pub host: String,
    /// The TCP port of the proxy, 1 to 65,535.
    pub port: u16,
    /// Login, sent as `Proxy-Authorization: Basic` or by RFC 1929.
    pub username: Option<String>,
    /// The password of the login at the proxy.
    pub password: Option<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// PEM texts from a Secret, checked for completeness but not parsed.
#[derive(Clone, PartialEq, Eq)]
pub struct TlsMaterial {
    /// Certificates that replace the system's trust store.
    pub ca: Option<Vec<u8>>,
    /// Certificate chain and private key shown to servers that ask.
    pub pair: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for TlsMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsMaterial {{ ca: {}, pair: {} }}", self.ca.is_some(), self.pair.is_some())
    }
}
