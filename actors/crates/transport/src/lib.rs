//! The only crate that dials out: HTTP client, proxies, TLS, address guard, capped reads.
//!
//! [`Transport`] is made once and makes a [`Client`] for each provider; a client turns a
//! [`Request`](campanile_domain::Request) into a [`Response`](campanile_domain::Response) or a [`TransportError`] whose
//! [`class`](TransportError::class) the judgement table knows. It promises that:
//!
//! - nothing it holds or reads is without a bound ([`Limits`]), and no request outlasts its connection's timeout;
//! - the status of an answer counts whatever becomes of its body, unless the body of a success is [wanted](BodyUse);
//! - certificates are always verified, and TLS material that cannot work is refused before anything is dialled;
//! - no error text holds a URL's path, query or user-info, a header's value or a proxy's password.
//!
//! A client also hands [`Publication`](campanile_domain::Publication)s to NATS servers, over the same connections, proxies and
//! trust.
//!
//! Requests are HTTP/1.1, written by awc over connections that are made here, TLS included, and with heads that are
//! rewritten on their way out, those of answers on their way in. An answer of HTTP/1.1 that gives neither its length nor
//! chunks and keeps its connection has no body here.

mod address;
mod answer;
mod body;
mod client;
mod connector;
mod dial;
mod endpoint;
mod error;
mod failure;
mod filter;
mod guard;
mod head;
mod io;
mod limits;
mod link;
mod nats;
mod no_proxy;
mod peer;
mod pool;
mod routes;
mod sockets;
mod task_isolation;
mod tls;
mod trace;
mod transport;
mod tunnel;

pub use answer::BodyUse;
pub use campanile_domain::Environment;
pub use campanile_tls::{PairError, TlsFailure};
pub use client::Client;
pub use endpoint::Endpoint;
pub use error::{
    AddressError, GarbledError, HeaderError, LookupFailure, ProxyError, ProxySettingError, RedirectError,
    TransportError,
};
pub use guard::{AddressGuard, Closed, Destination, DestinationError};
pub use limits::Limits;
pub use nats::NatsError;
pub use sockets::SocketCounts;
pub use transport::Transport;

/// How every request introduces itself, unless it brings a `User-Agent` of its own.
const USER_AGENT: &str = concat!("campanile/", env!("CARGO_PKG_VERSION"));
