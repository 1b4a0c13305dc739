//! Errors for which a request got no answer. Causes stay typed to the end; texts name hosts and ports, never a path, a query,
//! user-info or a header's value.

mod causes;
mod proxy;

use std::io;
use std::time::Duration;

use campanile_domain::FailureClass;
use campanile_tls::{PairError, TlsFailure};

pub use causes::{AddressError, GarbledError, HeaderError, LookupFailure, ProxySettingError, RedirectError};
pub use proxy::ProxyError;

use crate::nats::NatsError;
use crate::{Closed, Endpoint};

/// Errors for which a request got no answer, or a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The request's URL cannot be used.
    #[error("use the address: {0}")]
    Address(#[from] AddressError),
    /// A header cannot be sent.
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
    /// TLS cannot be set up at all.
    #[error("set up TLS: {0}")]
    TlsSetup(#[source] rustls::Error),
    /// An environment variable holds no proxy.
    #[error("read the proxy in {variable}: {source}")]
    ProxyVariable {
        /// The name of the variable.
        variable: &'static str,
        /// What is wrong with its value.
        source: ProxySettingError,
    },
    /// The Provider's proxy cannot be used.
    #[error("use the proxy: {0}")]
    ProxySetting(#[source] ProxySettingError),
    /// Objects may not lead there.
    #[error("connect to {at}: it is {closed}, where objects may not lead{}", opening(at, *closed))]
    Denied {
        /// The destination that is closed.
        at: Endpoint,
        /// The reason why it is closed.
        closed: Closed,
    },
    /// There is no such host.
    #[error("find the host {host}: no such name; check the spelling")]
    UnknownHost {
        /// The name that was looked up.
        host: String,
    },
    /// The name could not be looked up just now.
    #[error("find the host {host}: {source}")]
    Lookup {
        /// The name that was looked up.
        host: String,
        /// The failure of the resolver.
        source: LookupFailure,
    },
    /// No connection could be made.
    #[error("connect to {at}: {source}")]
    Connect {
        /// The destination or the proxy.
        at: Endpoint,
        /// The failure at the last address.
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
        /// The bound on the wait, [`Limits::turn`](crate::Limits::turn).
        limit: Duration,
        /// The bound on all sockets, [`Limits::total_sockets`](crate::Limits::total_sockets).
        most: usize,
    },
    /// There was no complete answer in time.
    #[error("get an answer from {at} within {limit:?}")]
    Timeout {
        /// The destination that did not answer.
        at: Endpoint,
        /// The bound on the request, [`Connection::timeout`](campanile_domain::Connection::timeout).
        limit: Duration,
    },
    /// The two sides could not agree on TLS.
    #[error("agree on TLS with {at}: {source}")]
    Tls {
        /// The destination or the proxy.
        at: Endpoint,
        /// The failure of the handshake.
        source: TlsFailure,
    },
    /// The proxy did not let the connection through.
    #[error("go through the proxy {proxy}: {source}")]
    Proxy {
        /// The proxy that was asked.
        proxy: Endpoint,
        /// The error that it answered with.
        source: Box<ProxyError>,
    },
    /// The connection ended before the answer did.
    #[error("get an answer from {at}: {}", closed(source.as_ref()))]
    Closed {
        /// The destination that was asked.
        at: Endpoint,
        /// The failure, if it was more than an end of stream.
        source: Option<io::Error>,
    },
    /// What came back is not HTTP, or its body is damaged.
    #[error("understand the answer of {at}: {source}; check that the address is the right service's")]
    Garbled {
        /// The destination that was asked.
        at: Endpoint,
        /// What is wrong with it.
        source: GarbledError,
    },
    /// Nobody answers in HTTP, or in the protocol of NATS, at a private address. Whether a port is closed, silent or speaks
    /// something else is not told: whoever writes objects would learn it of networks that are not his.
    #[error(
        "get an answer from {at}: nothing there answers as it should; check host, port and network policies (of private \
         addresses no more is told)"
    )]
    Unanswered {
        /// The destination that was asked.
        at: Endpoint,
    },
    /// The destination redirects in a way that is not followed.
    #[error("follow {from}: {source}; use the final address")]
    Redirect {
        /// The server that redirected the request.
        from: Endpoint,
        /// Why it is not followed.
        source: RedirectError,
    },
    /// A NATS server does not take the message.
    #[error("hand it to the NATS server {at}: {source}")]
    Nats {
        /// The NATS server that was asked.
        at: Endpoint,
        /// The error that it answered with.
        source: NatsError,
    },
}

impl TransportError {
    /// The same failure of a request to `at` as it may be told of a private address.
    pub(crate) fn of_private(self, at: &Endpoint) -> Self {
        let is_scan = match &self {
            Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Timeout { .. }
            | Self::Closed { .. }
            | Self::Garbled { .. }
            | Self::Nats { source: NatsError::Garbled, .. } => true,
            Self::Tls { source, .. } => !source.speaks_tls(),
            Self::Proxy { source, .. } => {
                use FailureClass as C;
                matches!(source.class(), C::Connection | C::Timeout | C::Proxy | C::Garbled)
            }
            _ => false,
        };
        if is_scan { Self::Unanswered { at: at.clone() } } else { self }
    }

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

    /// The class of the failure, for the judgement table.
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
            Self::Unanswered { .. } => FailureClass::Connection,
            Self::UnknownHost { .. } => FailureClass::UnknownHost,
            Self::Lookup { .. } | Self::Connect { .. } | Self::Closed { .. } => FailureClass::Connection,
            Self::ConnectTimeout { .. } | Self::Timeout { .. } | Self::Crowded { .. } => {
                FailureClass::Timeout
            }
            Self::Tls { .. } => FailureClass::Tls,
            Self::Proxy { source, .. } => source.class(),
            Self::Garbled { .. } => FailureClass::Garbled,
            Self::Redirect { source: RedirectError::Unanswered, .. } => FailureClass::Connection,
            Self::Redirect { .. } => FailureClass::Redirected,
            Self::Nats { source, .. } => source.class(),
        }
    }
}

/// What opens a destination. Nothing opens the program itself.
fn opening(at: &Endpoint, closed: Closed) -> String {
    match closed {
        Closed::Listener => "; choose another destination".to_owned(),
        _ => format!(
            "; choose another destination, or have an operator open it with --allow-destinations={}",
            at.host()
        ),
    }
}

fn closed(source: Option<&io::Error>) -> String {
    match source {
        Some(error) => error.to_string(),
        None => "the connection was closed".to_owned(),
    }
}
