//! Provider types without I/O: what each one sends, and what it makes of the answer.
//!
//! A Provider becomes usable in two steps. [`resolve`] merges its spec with its Secrets into [`Settings`]; [`build`]
//! checks them for its type and gives an [`Endpoint`]. For each delivery the endpoint's [`Provider`] starts an
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
pub use address::{Address, AddressProblem, AddressSource, HookUrl};
pub use campanile_domain::Environment;
pub use commit_status::{CommitStatus, GitProblem};
pub use error::{Blame, ConfigError, DsnProblem, ProxyProblem, Subject, TlsProblem};
pub use exchange::{Exchange, Step};
pub use github::AppProblem;
pub use headers::HeadersProblem;
pub use identity::{Cloud, Credential, Identity, IdentityProblem, TokenForm};
pub use judgement::judge;
pub use kinds::azureeventhub::EventHubProblem;
pub use kinds::googlepubsub::PubSubProblem;
pub use kinds::nats::NatsProblem;
pub use provider::Provider;
pub use quota::quota_pause;
pub use refusal::Refusal;
pub use registry::{Endpoint, build};
pub use settings::{Notice, SecretLookup, Settings, Token, resolve};
pub use too_long::shorter;
