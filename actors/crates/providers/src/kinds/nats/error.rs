//! Errors of a Provider for NATS. Texts follow the contract (providers 23.20) and add the remedy.

use crate::AddressSource;

/// Most servers of a list; each has a share of the time for one try.
pub(super) const MOST_SERVERS: usize = 16;

/// Errors for which nothing can be published with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NatsSettingsError {
    /// There is no address at all.
    #[error("NATS server (address) cannot be empty: write nats://HOST:PORT into spec.address")]
    NoAddress,
    /// There is no channel, which names the subject.
    #[error("NATS subject (channel) cannot be empty: write it in spec.channel")]
    NoSubject,
    /// A channel on which nothing can be published.
    #[error(
        "invalid NATS subject: words between dots are wanted, without white space and wildcards, for example flux.events; \
         correct spec.channel"
    )]
    Subject,
    /// An address that is no list of servers.
    #[error("invalid NATS server: {problem}; correct {place}")]
    Address {
        /// The error in the list of servers.
        problem: NatsServerError,
        /// The place where the list stands.
        place: AddressSource,
    },
    /// The key is no user's seed.
    #[error("error parsing nkey seed: key 'nkey' of the Secret is no seed of a user (SU…); write it again")]
    Seed,
    /// The credentials are no user's.
    #[error(
        "error parsing credentials: key 'creds' of the Secret is no credentials file of a user; write there what 'nsc \
         generate creds' prints"
    )]
    Credentials,
}

/// Errors of one server of a list. The text itself is not quoted: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NatsServerError {
    /// The URL does not parse.
    #[error("number {0} of the list is no URL")]
    Url(usize),
    /// The URL has another scheme.
    #[error("number {0} of the list does not begin with nats://, tls://, ws:// or wss://")]
    Scheme(usize),
    /// Nothing where the host should be.
    #[error("number {0} of the list has no valid host")]
    Host(usize),
    /// There are too many servers.
    #[error("there are more than {max} servers", max = MOST_SERVERS)]
    TooMany,
}
