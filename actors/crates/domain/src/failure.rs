//! Failures of deliveries by class, and what follows from each: the judgement table.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Masker;

/// The disposition of a delivery that failed: what is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Try again soon, backing off.
    Retry,
    /// Only a human can mend it: the provider's queue waits until its Provider or Secret changes.
    Park,
    /// This delivery is given up.
    Dead,
}

/// The kinds of failure. Labels are stable: they are stored, shown and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// No answer in time (also 408).
    Timeout,
    /// The connection was refused, reset or never made.
    Connection,
    /// The host's name does not resolve.
    UnknownHost,
    /// The TLS handshake failed: untrusted, expired, wrong name, client certificate wanted.
    Tls,
    /// The proxy refused to connect.
    Proxy,
    /// Too many requests (429, 425, 403 with rate-limit headers).
    Throttled,
    /// The destination failed (5xx but 501).
    Server,
    /// The answer is no answer of this API.
    Garbled,
    /// The credentials are not accepted, or do not suffice (401, 402, 403, 407).
    Credentials,
    /// The webhook is not there, or there is something else (404, 405, 410, 415, 501).
    Gone,
    /// The address redirects elsewhere (301, 302, 303).
    Redirected,
    /// The Provider or one of its Secrets is wrong or missing.
    Config,
    /// The destination refuses this one message (other 4xx).
    Rejected,
    /// The message could not be rendered.
    Render,
    /// The deadline of the delivery passed.
    Expired,
    /// The exchange panicked on it again and again.
    Poison,
    /// The Provider of the delivery was deleted.
    ProviderDeleted,
    /// The provider's queue was full and this was its oldest.
    Overflow,
    /// The stored record cannot be read.
    Damaged,
}

impl FailureClass {
    /// All classes, in the order of the judgement table.
    pub const ALL: [Self; 19] = [
        Self::Timeout,
        Self::Connection,
        Self::UnknownHost,
        Self::Tls,
        Self::Proxy,
        Self::Throttled,
        Self::Server,
        Self::Garbled,
        Self::Credentials,
        Self::Gone,
        Self::Redirected,
        Self::Config,
        Self::Rejected,
        Self::Render,
        Self::Expired,
        Self::Poison,
        Self::ProviderDeleted,
        Self::Overflow,
        Self::Damaged,
    ];

    /// The disposition that follows, unless a type knows better.
    pub fn disposition(self) -> Disposition {
        use FailureClass as C;
        match self {
            C::Timeout | C::Connection | C::Throttled | C::Server | C::Garbled => Disposition::Retry,
            C::UnknownHost | C::Tls | C::Proxy | C::Credentials | C::Gone | C::Redirected | C::Config => {
                Disposition::Park
            }
            C::Rejected
            | C::Render
            | C::Expired
            | C::Poison
            | C::ProviderDeleted
            | C::Overflow
            | C::Damaged => Disposition::Dead,
        }
    }

    /// The stable name in metrics, tables and the store.
    pub fn label(self) -> &'static str {
        use FailureClass as C;
        match self {
            C::Timeout => "timeout",
            C::Connection => "connection",
            C::UnknownHost => "unknown-host",
            C::Tls => "tls",
            C::Proxy => "proxy",
            C::Throttled => "throttled",
            C::Server => "server",
            C::Garbled => "garbled",
            C::Credentials => "credentials",
            C::Gone => "gone",
            C::Redirected => "redirected",
            C::Config => "config",
            C::Rejected => "rejected",
            C::Render => "render",
            C::Expired => "expired",
            C::Poison => "poison",
            C::ProviderDeleted => "provider-deleted",
            C::Overflow => "overflow",
            C::Damaged => "damaged",
        }
    }
}

/// A failure in words that may leave the program: masked and bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The class of the failure.
    pub class: FailureClass,
    /// A lower-case fragment that names the object and the remedy; at most [`Failure::MAX_MESSAGE`] bytes.
    pub message: String,
}

impl Failure {
    /// The longest message that is kept, in bytes.
    pub const MAX_MESSAGE: usize = 1024;

    /// A failure whose text holds no secret.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(Self::MAX_MESSAGE));
        Self { class, message }
    }

    /// A failure whose text may quote a destination: secrets known to `masker` are blotted out before it is cut.
    pub fn masked(class: FailureClass, message: &str, masker: &Masker) -> Self {
        Self::new(class, masker.mask(message))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
