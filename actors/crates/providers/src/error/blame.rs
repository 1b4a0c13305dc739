//! Which field of a Provider an error is about, so that a finding can show where it stands.

use super::ConfigError;
use crate::address::AddressSource;
use crate::commit_status::GitProblem;
use crate::kinds::azureeventhub::EventHubProblem;
use crate::kinds::googlepubsub::PubSubProblem;
use crate::kinds::nats::NatsProblem;

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Where to send.
    Address,
    /// The destination at the address.
    Channel,
    /// A credential, or the Secret that holds it.
    Credentials,
    /// Certificates.
    Certificates,
    /// The proxy.
    Proxy,
    /// The expression of a commit status.
    Expression,
    /// The type.
    Type,
    /// Anything else.
    Other,
}

/// What an error is about, and where that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blame {
    /// What.
    pub subject: Subject,
    /// The field of `spec`; for what stands in a Secret the one that names it.
    pub field: &'static str,
}

impl Blame {
    /// Something about `field`.
    pub const fn new(subject: Subject, field: &'static str) -> Self {
        Self { subject, field }
    }

    fn address(place: &AddressSource) -> Self {
        let field = match place {
            AddressSource::Spec => "address",
            AddressSource::Secret(_) => "secretRef",
        };
        Self::new(Subject::Address, field)
    }
}

const CHANNEL: Blame = Blame::new(Subject::Channel, "channel");
const CREDENTIALS: Blame = Blame::new(Subject::Credentials, "secretRef");
const ADDRESS: Blame = Blame::new(Subject::Address, "address");

impl ConfigError {
    /// What the error is about.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Address { place, .. } | Self::Setting { place, .. } | Self::Dsn { place, .. } => {
                Blame::address(place)
            }
            Self::AddressTooLong(secret) => Blame::address(&AddressSource::Secret(secret.clone())),
            Self::NoChannel(_) | Self::ZulipChannel(_) | Self::ChannelVariable(_) => CHANNEL,
            Self::ProxyInSpec(_) => Blame::new(Subject::Proxy, "proxy"),
            Self::ProxyInSecret(_) => Blame::new(Subject::Proxy, "secretRef"),
            Self::Proxy { .. } => Blame::new(Subject::Proxy, "proxySecretRef"),
            Self::Tls { .. } | Self::CertificateType { .. } | Self::TlsWithoutHttps => {
                Blame::new(Subject::Certificates, "certSecretRef")
            }
            Self::UnknownType(_) => Blame::new(Subject::Type, "type"),
            Self::Git(problem) => of_git(problem),
            Self::Nats(problem) => of_nats(problem),
            Self::PubSub(problem) => match problem {
                PubSubProblem::NoProject => ADDRESS,
                PubSubProblem::NoTopic => CHANNEL,
                PubSubProblem::Credential(_) => CREDENTIALS,
            },
            Self::EventHub(problem) => match problem {
                EventHubProblem::NoAddress => ADDRESS,
                EventHubProblem::NoNamespace | EventHubProblem::Namespace => CHANNEL,
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

fn of_git(problem: &GitProblem) -> Blame {
    match problem {
        GitProblem::Repository { place, .. }
        | GitProblem::Scheme { place, .. }
        | GitProblem::NoCloneUrl(place) => Blame::address(place),
        GitProblem::Token(_) | GitProblem::GithubLogin | GitProblem::TokenForm | GitProblem::ServerLogin => {
            CREDENTIALS
        }
        GitProblem::Uid => Blame::new(Subject::Other, "type"),
    }
}

fn of_nats(problem: &NatsProblem) -> Blame {
    match problem {
        NatsProblem::NoAddress => ADDRESS,
        NatsProblem::Address { place, .. } => Blame::address(place),
        NatsProblem::NoSubject | NatsProblem::Subject => CHANNEL,
        NatsProblem::Seed | NatsProblem::Credentials => CREDENTIALS,
    }
}
