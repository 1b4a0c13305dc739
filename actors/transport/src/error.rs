//! Why a request got no answer. Causes stay typed to the end; texts name hosts and ports, never a path, a query,
//! user-info or a header's value.

mod causes;
mod proxy;

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use campanile_domain::FailureClass;
use campanile_tls::{PairError, TlsFailure};

pub use causes::{AddressError, GarbledError, HeaderError, LookupFailure, ProxySettingError, RedirectError};
pub use proxy::ProxyError;

use crate::Endpoint;
use crate::nats::NatsError;

/// Why a request got no answer, or a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The request's URL can not be used.
    #[error("use the address: {0}")]
    Address(#[from] AddressError),
    /// A header can not be sent.
    #[error("set header {name}: {source}")]
    Header {
        /// The header's name, escaped and cut.
        name: String,
        /// What is wrong with it.
        source: HeaderError,
    },
    /// The Secret's CA holds no certificate (contract, providers 6).
    #[error("failed to parse CA certificate")]
    Ca,
    /// The Secret's certificate and key do not parse or do not belong together (contract, providers 6).
    #[error("failed to parse TLS certificate and key: {0}")]
    Pair(#[source] PairError),
    /// TLS can not be set up at all.
    #[error("set up TLS: {0}")]
    TlsSetup(#[source] rustls::Error),
    /// An environment variable holds no proxy.
    #[error("read the proxy in {variable}: {source}")]
    ProxyVariable {
        /// The variable's name.
        variable: &'static str,
        /// What is wrong with its value.
        source: ProxySettingError,
    },
    /// The Provider's proxy can not be used.
    #[error("use the proxy: {0}")]
    ProxySetting(#[source] ProxySettingError),
    /// The address guard forbids the destination.
    #[error("connect to {at}: {ip} is in a denied network; use an allowed address or change the deny list")]
    Denied {
        /// The destination.
        at: Endpoint,
        /// The address that its name stands for.
        ip: IpAddr,
    },
    /// There is no such host.
    #[error("find the host {host}: no such name; check the spelling")]
    UnknownHost {
        /// The name.
        host: String,
    },
    /// The name could not be looked up just now.
    #[error("find the host {host}: {source}")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver said.
        source: LookupFailure,
    },
    /// No connection was made.
    #[error("connect to {at}: {source}")]
    Connect {
        /// The destination or the proxy.
        at: Endpoint,
        /// The last address's failure.
        source: io::Error,
    },
    /// Connecting or the TLS handshake took too long.
    #[error("connect to {at} in time; check that it is reachable from here")]
    ConnectTimeout {
        /// The destination or the proxy.
        at: Endpoint,
    },
    /// All sockets were in use.
    #[error(
        "get a socket within {limit:?}: all {most} of this process are in use; raise its limit of open files, or mend the \
         destinations that hang"
    )]
    Crowded {
        /// The bound, [`Limits::turn`](crate::Limits::turn).
        limit: Duration,
        /// The bound, [`Limits::total_sockets`](crate::Limits::total_sockets).
        most: usize,
    },
    /// There was no complete answer in time.
    #[error("get an answer from {at} within {limit:?}")]
    Timeout {
        /// The destination.
        at: Endpoint,
        /// The bound, [`Connection::timeout`](campanile_domain::Connection::timeout).
        limit: Duration,
    },
    /// The two sides could not agree on TLS.
    #[error("agree on TLS with {at}: {source}")]
    Tls {
        /// The destination or the proxy.
        at: Endpoint,
        /// What went wrong.
        source: TlsFailure,
    },
    /// The proxy did not let the connection through.
    #[error("go through the proxy {proxy}: {source}")]
    Proxy {
        /// The proxy.
        proxy: Endpoint,
        /// What it said.
        source: Box<ProxyError>,
    },
    /// The connection ended before the answer did.
    #[error("get an answer from {at}: {}", closed(source.as_ref()))]
    Closed {
        /// The destination.
        at: Endpoint,
        /// The failure, if it was more than an end of stream.
        source: Option<io::Error>,
    },
    /// What came back is not HTTP, or its body is damaged.
    #[error("understand the answer of {at}: {source}; check that the address is the right service's")]
    Garbled {
        /// The destination.
        at: Endpoint,
        /// What is wrong with it.
        source: GarbledError,
    },
    /// The destination redirects in a way that is not followed.
    #[error("follow {from}: {source}; use the final address")]
    Redirect {
        /// Who redirected.
        from: Endpoint,
        /// Why it is not followed.
        source: RedirectError,
    },
    /// A NATS server does not take the message.
    #[error("hand it to the NATS server {at}: {source}")]
    Nats {
        /// The server.
        at: Endpoint,
        /// What it says.
        source: NatsError,
    },
}

impl TransportError {
    /// Whether the address guard forbade the destination, or the proxy on the way there.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Denied { .. } => true,
            Self::Proxy { source, .. } => {
                matches!(source.as_ref(), ProxyError::Unreached(error) if error.is_denied())
            }
            _ => false,
        }
    }

    /// What kind of failure this is, for the judgement table.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Address(_)
            | Self::Header { .. }
            | Self::Ca
            | Self::Pair(_)
            | Self::TlsSetup(_)
            | Self::ProxyVariable { .. }
            | Self::ProxySetting(_)
            | Self::Denied { .. } => FailureClass::Config,
            Self::UnknownHost { .. } => FailureClass::UnknownHost,
            Self::Lookup { .. } | Self::Connect { .. } | Self::Closed { .. } => FailureClass::Connection,
            Self::ConnectTimeout { .. } | Self::Timeout { .. } | Self::Crowded { .. } => {
                FailureClass::Timeout
            }
            Self::Tls { .. } => FailureClass::Tls,
            Self::Proxy { source, .. } => source.class(),
            Self::Garbled { .. } => FailureClass::Garbled,
            Self::Redirect { .. } => FailureClass::Redirected,
            Self::Nats { source, .. } => source.class(),
        }
    }
}

fn closed(source: Option<&io::Error>) -> String {
    match source {
        Some(error) => error.to_string(),
        None => "the connection was closed".to_owned(),
    }
}
