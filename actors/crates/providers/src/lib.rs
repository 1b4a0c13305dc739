//! Provider types without I/O: what each one sends, and what it makes of the answer.
//!
//! A Provider becomes usable in two steps. [`resolve`] merges its spec with its Secrets into [`Settings`]; [`build`]
//! checks them for its type and gives a [`BuiltProvider`]. For each delivery the endpoint's [`Provider`] starts an
//! [`Exchange`]: it yields [`Request`](campanile_domain::Request)s, is told the responses, and ends with a
//! [`Verdict`](campanile_domain::Verdict). Sending, timing and retrying are the caller's.
//!
//! Nothing here dials, blocks, reads a clock, a file or the environment ([`Environment`] is given), and no text that leaves this crate (errors, failures, `Debug`) shows a
//! Secret's value or a URL's path or query. A Provider that cannot work is a [`ConfigError`]; a delivery that cannot
//! be rendered is a [`Failure`](campanile_domain::Failure) of that delivery alone.

mod access_token;
mod address;
mod authorization;
mod change_request;
mod commit_status;
mod encoding;
mod error;
mod exchange;
mod github;
mod headers;
pub mod identity;
mod judgement;
mod jwt;
mod kinds;
mod provider;
mod quota;
mod refusal;
mod registry;
mod render;
pub mod sample;
mod settings;
mod text;
mod too_long;
mod webhook;

#[cfg(test)]
mod compliance;
#[cfg(test)]
mod testing;

pub use access_token::{AccessToken, Freshness, TokenStore};
pub use address::{AddressSettingError, AddressSource, DestinationAddress, HookUrl};
pub use campanile_domain::Environment;
pub use commit_status::{CommitStatus, GitHostError};
pub use error::{Blame, BlamedPart, ConfigError, DsnError, ProxyUrlError, TlsMaterialError};
pub use exchange::{Exchange, Step};
pub use github::GithubAppError;
pub use headers::HeadersError;
pub use identity::{Cloud, Credential, Identity, IdentityError, TokenForm};
pub use judgement::judge;
pub use kinds::azureeventhub::EventHubError;
pub use kinds::googlepubsub::PubSubError;
pub use kinds::nats::NatsSettingsError;
pub use provider::Provider;
pub use quota::quota_pause;
pub use refusal::Refusal;
pub use registry::{BuiltProvider, build};
pub use settings::{SecretLookup, Settings, SettingsWarning, Token, resolve};
pub use too_long::shorter;
