//! Failures on the way through a proxy.

use std::io;

use campanile_domain::FailureClass;

use crate::TransportError;

/// Errors of a proxy: what it said, or why it said nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The proxy was not reached.
    #[error("{0}")]
    Unreached(#[from] TransportError),
    /// It answered CONNECT with another status than 2xx.
    #[error("it answered CONNECT with status {status}{}", connect_remedy(*status))]
    Refused {
        /// The HTTP status of its answer.
        status: u16,
    },
    /// Its answer to CONNECT is not HTTP or too long.
    #[error("its answer to CONNECT is not HTTP; check the proxy's scheme and port")]
    Garbled,
    /// The connection to it broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The exchange by SOCKS 5 failed.
    #[error("{0}")]
    Socks(#[source] tokio_socks::Error),
}

impl ProxyError {
    /// A proxy that says of the *destination* that it is down is like the destination being down: try again soon.
    pub(crate) fn class(&self) -> FailureClass {
        match self {
            Self::Unreached(error) => error.class(),
            Self::Refused { status: 407 } => FailureClass::Credentials,
            Self::Refused { status: 502..=504 } | Self::Io(_) => FailureClass::Connection,
            Self::Refused { .. } | Self::Garbled => FailureClass::Proxy,
            Self::Socks(error) => socks_class(error),
        }
    }
}

fn socks_class(error: &tokio_socks::Error) -> FailureClass {
    use tokio_socks::Error as E;
    match error {
        E::Io(_)
        | E::ProxyServerUnreachable
        | E::GeneralSocksServerFailure
        | E::NetworkUnreachable
        | E::HostUnreachable
        | E::ConnectionRefused
        | E::TtlExpired => FailureClass::Connection,
        E::PasswordAuthFailure(_) | E::NoAcceptableAuthMethods | E::AuthorizationRequired => {
            FailureClass::Credentials
        }
        E::InvalidAuthValues(_) | E::InvalidTargetAddress(_) => FailureClass::Config,
        _ => FailureClass::Proxy,
    }
}

fn connect_remedy(status: u16) -> &'static str {
    match status {
        407 => "; set the proxy's user name and password",
        502..=504 => ": it did not reach the destination",
        _ => "; allow the destination there",
    }
}
