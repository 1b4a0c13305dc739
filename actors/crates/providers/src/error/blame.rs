//! Which field of a Provider an error is about, so that a finding can show where it stands.

use super::ConfigError;
use crate::address::AddressSource;
use crate::commit_status::GitHostError;
use crate::kinds::azureeventhub::EventHubError;
use crate::kinds::googlepubsub::PubSubError;
use crate::kinds::nats::NatsSettingsError;

/// The part of the settings that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlamedPart {
    /// The address to which messages go.
    Address,
    /// The destination at the address.
    Channel,
    /// A credential, or the Secret that holds it.
    Credentials,
    /// The certificates of the connection.
    Certificates,
    /// The proxy of the connection.
    Proxy,
    /// The expression of a commit status.
    Expression,
    /// The type of the Provider.
    Type,
    /// Anything else of the Provider.
    Other,
}

/// The blame of an error: what it is about, and where that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blame {
    /// The object or part that is to blame.
    pub subject: BlamedPart,
    /// The field of `spec`; for what stands in a Secret the one that names it.
    pub field: &'static str,
}

impl Blame {
    /// Blames the `field` of a subject.
    pub const fn new(subject: BlamedPart, field: &'static str) -> Self {
        Self { subject, field }
    }

    fn address(place: &AddressSource) -> Self {
        let field = match place {
            AddressSource::Spec => "address",
            AddressSource::Secret(_) => "secretRef",
        };
        Self::new(BlamedPart::Address, field)
    }
}

const CHANNEL: Blame = Blame::new(BlamedPart::Channel, "channel");
const CREDENTIALS: Blame = Blame::new(BlamedPart::Credentials, "secretRef");
const ADDRESS: Blame = Blame::new(BlamedPart::Address, "address");

impl ConfigError {
    /// The object or part that the error is about.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Address { place, .. } | Self::Setting { place, .. } | Self::Dsn { place, .. } => {
                Blame::address(place)
            }
            Self::AddressTooLong(secret) => Blame::address(&AddressSource::Secret(secret.clone())),
            Self::NoChannel(_) | Self::ZulipChannel(_) | Self::ChannelVariable(_) => CHANNEL,
            Self::ProxyInSpec(_) => Blame::new(BlamedPart::Proxy, "proxy"),
            Self::ProxyInSecret(_) => Blame::new(BlamedPart::Proxy, "secretRef"),
            Self::Proxy { .. } => Blame::new(BlamedPart::Proxy, "proxySecretRef"),
            Self::Tls { .. } | Self::CertificateType { .. } | Self::TlsWithoutHttps => {
                Blame::new(BlamedPart::Certificates, "certSecretRef")
            }
            Self::UnknownType(_) => Blame::new(BlamedPart::Type, "type"),
            Self::Git(problem) => of_git(problem),
            Self::Nats(problem) => of_nats(problem),
            Self::PubSub(problem) => match problem {
                PubSubError::NoProject => ADDRESS,
                PubSubError::NoTopic => CHANNEL,
                PubSubError::Credential(_) => CREDENTIALS,
            },
            Self::EventHub(problem) => match problem {
                EventHubError::NoAddress => ADDRESS,
                EventHubError::NoNamespace | EventHubError::Namespace => CHANNEL,
                _ => CREDENTIALS,
            },
            Self::Secret { .. }
            | Self::Ciphertext(_)
            | Self::MissingKey { .. }
            | Self::NotText { .. }
            | Self::Headers { .. }
            | Self::TokenCharacters(_)
            | Self::PasswordCharacters
            | Self::HmacKey
            | Self::NoToken(_)
            | Self::App(_) => CREDENTIALS,
        }
    }
}

fn of_git(problem: &GitHostError) -> Blame {
    match problem {
        GitHostError::Repository { place, .. }
        | GitHostError::Scheme { place, .. }
        | GitHostError::NoCloneUrl(place) => Blame::address(place),
        GitHostError::Token(_)
        | GitHostError::GithubLogin
        | GitHostError::TokenForm
        | GitHostError::ServerLogin => CREDENTIALS,
        GitHostError::Uid => Blame::new(BlamedPart::Other, "type"),
    }
}

fn of_nats(problem: &NatsSettingsError) -> Blame {
    match problem {
        NatsSettingsError::NoAddress => ADDRESS,
        NatsSettingsError::Address { place, .. } => Blame::address(place),
        NatsSettingsError::NoSubject | NatsSettingsError::Subject => CHANNEL,
        NatsSettingsError::Seed | NatsSettingsError::Credentials => CREDENTIALS,
    }
}
