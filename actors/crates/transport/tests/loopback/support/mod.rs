//! Servers, proxies and certificates for tests.

mod certificates;
mod nats;
mod proxy;
mod server;
mod socks;

use std::time::Duration;

use bytes::Bytes;
use campanile_domain::{Connection, Method, Proxy, ProxyScheme, Request, TlsMaterial};
use campanile_transport::{Client, Environment, Limits, Transport};

pub(crate) use certificates::{Authority, Leaf};
pub(crate) use nats::{INFO, NatsPeer, takes};
pub(crate) use proxy::{HttpProxy, ProxyRules};
pub(crate) use server::{Reply, Seen, Server, read_request};
pub(crate) use socks::SocksProxy;

/// Long enough for a busy machine; tests that wait for a timeout set their own.
const PATIENCE: Duration = Duration::from_secs(20);

/// A transport in an empty environment.
pub(crate) fn transport() -> Transport {
    Transport::new(Environment::default(), Limits::default())
}

/// Neither proxy nor TLS material.
pub(crate) fn connection() -> Connection {
    Connection { namespace: "apps".into(), proxy: None, tls: None, timeout: PATIENCE, confidential: false }
}

/// A client in an empty environment.
pub(crate) fn client() -> Client {
    transport().client(&connection()).unwrap()
}

/// A client that trusts `ca` and shows `pair`.
pub(crate) fn tls_client(ca: Option<String>, pair: Option<(String, String)>) -> Client {
    transport().client(&Connection { tls: Some(material(ca, pair)), ..connection() }).unwrap()
}

/// PEM texts as a Secret holds them.
pub(crate) fn material(ca: Option<String>, pair: Option<(String, String)>) -> TlsMaterial {
    TlsMaterial {
        ca: ca.map(String::into_bytes),
        pair: pair.map(|(certificate, key)| (certificate.into_bytes(), key.into_bytes())),
    }
}

/// A proxy on loopback, without credentials.
pub(crate) fn proxy(scheme: ProxyScheme, port: u16) -> Proxy {
    Proxy { scheme, host: "127.0.0.1".to_owned(), port, username: None, password: None }
}

/// The same with credentials.
pub(crate) fn with_login(proxy: Proxy) -> Proxy {
    Proxy { username: Some("bob".to_owned()), password: Some("hunter2".to_owned()), ..proxy }
}

/// A POST of `hello`.
pub(crate) fn post(url: impl Into<String>) -> Request {
    Request {
        method: Method::Post,
        url: url.into(),
        headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
        body: Bytes::from_static(b"hello"),
    }
}

/// `request` with one more header.
pub(crate) fn header(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}
