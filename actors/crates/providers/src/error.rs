//! Errors of a Provider's configuration.
//!
//! Texts follow the contract (providers 3 to 9) where it gives one, and add the remedy. They hold names of objects and
//! keys, never a value from a Secret, so they may go to statuses and logs as they are.

mod blame;
mod keys;

use campanile_domain::{Failure, FailureClass, ObjectKey, ProviderType};

use crate::address::{AddressSettingError, AddressSource};
use crate::commit_status::GitHostError;
use crate::github::GithubAppError;
use crate::headers::HeadersError;
use crate::kinds::azureeventhub::EventHubError;
use crate::kinds::googlepubsub::PubSubError;
use crate::kinds::nats::NatsSettingsError;
pub use blame::{Blame, BlamedPart};

/// Errors of a Provider or one of its Secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A Secret that the Provider names cannot be had.
    #[error("failed to get secret '{key}': {cause}")]
    Secret {
        /// Namespace and name of the Secret.
        key: ObjectKey,
        /// Why, as the lookup says.
        cause: String,
    },
    /// A Secret holds what SOPS made of its values, and nothing decrypted it.
    #[error(
        "secret '{0}' is encrypted with SOPS, and ciphertext is never sent; decrypt it on its way into the cluster, for example by \
         spec.decryption of its Kustomization"
    )]
    Ciphertext(ObjectKey),
    /// A variable stands where the channel should; the text is its name.
    #[error("spec.channel has the variable {0}, which nothing replaced; replace it, or write the channel")]
    ChannelVariable(String),
    /// A key of the Secret is missing.
    #[error("{problem}; secret '{secret}' has {there}")]
    MissingKey {
        /// The error that the type reports.
        problem: Box<ConfigError>,
        /// Namespace and name of the Secret.
        secret: ObjectKey,
        /// Which keys it has instead.
        there: String,
    },
    /// A value that must be text is not.
    #[error("key '{key}' of secret '{secret}' is not UTF-8 text; write it again")]
    NotText {
        /// Namespace and name of the Secret.
        secret: ObjectKey,
        /// The key in the Secret.
        key: &'static str,
    },
    /// The Secret's address passes the limit.
    #[error(
        "invalid address in secret: address exceeds maximum length of {max} bytes; shorten key 'address' of secret '{0}'",
        max = crate::address::MAX_LENGTH
    )]
    AddressTooLong(ObjectKey),
    /// The Secret's key `headers` cannot be used.
    #[error("failed to read headers from secret: {problem}; correct key 'headers' of secret '{secret}'")]
    Headers {
        /// Namespace and name of the Secret.
        secret: ObjectKey,
        /// The error in the headers.
        problem: HeadersError,
    },
    /// The deprecated proxy in the credentials Secret is no proxy URL.
    #[error("invalid 'proxy' in secret '{0}': write it as http://HOST:PORT, or use spec.proxySecretRef")]
    ProxyInSecret(ObjectKey),
    /// The deprecated proxy in the spec is no proxy URL.
    #[error("unable to parse proxy URL: {0}; correct spec.proxy, or use spec.proxySecretRef")]
    ProxyInSpec(ProxyUrlError),
    /// The Secret named by `spec.proxySecretRef` gives no proxy.
    #[error("failed to get proxy URL: secret '{secret}': {problem}")]
    Proxy {
        /// Namespace and name of the Secret.
        secret: ObjectKey,
        /// The error in the proxy's settings.
        problem: ProxyUrlError,
    },
    /// The TLS material is not complete.
    #[error("failed to get TLS config: secret '{secret}' {problem}")]
    Tls {
        /// Namespace and name of the Secret.
        secret: ObjectKey,
        /// The material that is missing.
        problem: TlsMaterialError,
    },
    /// The Secret named by `spec.certSecretRef` is of a type that holds no certificates.
    #[error(
        "cannot use secret '{name}' to get TLS certificate: invalid secret type: '{type_name}'; make it anew with type Opaque or kubernetes.io/tls"
    )]
    CertificateType {
        /// The name of the Provider.
        name: String,
        /// The type of the Provider.
        type_name: String,
    },
    /// The address is no URL that a request can be sent to.
    #[error("invalid {what} {shown}: {problem}; correct {place}")]
    Address {
        /// What the type calls it, for example `hook URL`.
        what: &'static str,
        /// Scheme, host and port, or a blot where even these are unclear.
        shown: String,
        /// The error in the address.
        problem: AddressSettingError,
        /// The place where the address stands.
        place: AddressSource,
    },
    /// The token has characters that no HTTP header can carry.
    #[error("key 'token' of secret '{0}' has characters that no HTTP header can carry; write it again")]
    TokenCharacters(ObjectKey),
    /// The password that stands for the token has characters that no HTTP header can carry.
    #[error("key 'password' of the Secret has characters that no HTTP header can carry; write it again")]
    PasswordCharacters,
    /// The type signs with a key that is missing.
    #[error("HMAC key is empty: put it in key 'token' of the Secret named by spec.secretRef")]
    HmacKey,
    /// The type needs a token and there is none; the text says which.
    #[error("{0}: put it in key 'token' of the Secret named by spec.secretRef")]
    NoToken(&'static str),
    /// The type needs a channel and there is none; the text says which.
    #[error("{0}: write it in spec.channel")]
    NoChannel(&'static str),
    /// The channel does not name a channel and a topic of Zulip.
    #[error("invalid Zulip channel format, expected <channel>/<topic>, got '{0}'; correct spec.channel")]
    ZulipChannel(String),
    /// Project, topic or key for Pub/Sub.
    #[error(transparent)]
    PubSub(#[from] PubSubError),
    /// Address or login for Event Hubs.
    #[error(transparent)]
    EventHub(#[from] EventHubError),
    /// Servers, subject or login for NATS.
    #[error(transparent)]
    Nats(#[from] NatsSettingsError),
    /// TLS material for an address without TLS.
    #[error(
        "insecure HTTP endpoint cannot use TLS client configuration: begin the address with https://, or remove spec.certSecretRef"
    )]
    TlsWithoutHttps,
    /// The keys of a GitHub App.
    #[error(transparent)]
    App(#[from] GithubAppError),
    /// Login or address of a Git host.
    #[error(transparent)]
    Git(#[from] GitHostError),
    /// A part of the address that the type cannot use; the text says which.
    #[error("{problem}; correct {place}")]
    Setting {
        /// The error in the URL.
        problem: &'static str,
        /// The place where the address stands.
        place: AddressSource,
    },
    /// The address is no DSN of Sentry.
    #[error("{problem}; correct {place}")]
    Dsn {
        /// The error in the DSN.
        problem: DsnError,
        /// The place where the DSN stands.
        place: AddressSource,
    },
    /// There is no type of that name.
    #[error("provider {0} not supported; set spec.type to one of {supported}", supported = names())]
    UnknownType(String),
}

fn names() -> String {
    ProviderType::all().map(ProviderType::name).collect::<Vec<_>>().join(", ")
}

/// Errors of a proxy's URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// The Secret has no address.
    #[error("key 'address' not found")]
    Missing,
    /// The address is empty or blank.
    #[error("proxy address is empty")]
    Empty,
    /// The address passes the limit.
    #[error("proxy URL exceeds maximum length of {max} characters", max = crate::address::MAX_LENGTH)]
    TooLong,
    /// No scheme that a proxy can have; the text is the scheme, empty where there is none.
    #[error("proxy URL must use one of the supported schemes (http, https, socks5), got '{0}'")]
    Scheme(String),
    /// The text does not parse.
    #[error("proxy URL does not parse: write it as http://HOST:PORT")]
    Unreadable,
    /// A value is not text.
    #[error("a value is not UTF-8 text")]
    NotText,
}

/// Errors of a DSN of Sentry, `https://PUBLIC@HOST/PROJECT` (contract, providers 23.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsnError {
    /// There is nothing in the text.
    #[error("DSN cannot be empty")]
    Empty,
    /// The text is no URL.
    #[error("[Sentry] DsnParseError: invalid url: it does not parse")]
    Url,
    /// The scheme is neither `http` nor `https`.
    #[error("[Sentry] DsnParseError: invalid scheme")]
    Scheme,
    /// No public key before the host.
    #[error("[Sentry] DsnParseError: empty username")]
    Username,
    /// There is no host in it.
    #[error("[Sentry] DsnParseError: empty host")]
    Host,
    /// The port is no number up to 65535.
    #[error("[Sentry] DsnParseError: invalid port")]
    Port,
    /// Nothing at the end of the path.
    #[error("[Sentry] DsnParseError: empty project id")]
    Project,
}

/// Errors of TLS material from which something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsMaterialError {
    /// A client certificate without its key.
    #[error("contains 'tls.crt' but missing 'tls.key'")]
    NoKey,
    /// A client key without its certificate.
    #[error("contains 'tls.key' but missing 'tls.crt'")]
    NoCertificate,
    /// There is nothing at all.
    #[error("must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'")]
    Nothing,
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(FailureClass::Config, error.to_string())
    }
}
