//! The types, one file each. What every crate may know of a type is a row in
//! `actors/crates/domain/src/receiver_type.rs`; how its requests are verified is its [`VerificationRules`].

mod acr;
mod bitbucket;
mod cdevents;
mod dockerhub;
mod gcr;
mod generic;
mod generic_hmac;
mod generic_oidc;
mod github;
mod gitlab;
mod harbor;
mod nexus;
mod quay;

use campanile_domain::ReceiverType;

use crate::check::{Case, CheckStep};
use crate::error::VerifyError;

/// The rules by which requests of a type are verified.
pub(crate) struct VerificationRules {
    /// Checks a request, all but its event.
    pub(crate) check: fn(&Case<'_>) -> Result<CheckStep, VerifyError>,
    /// How its events are called.
    pub(crate) event: &'static str,
    /// Where the body has a commit or tag.
    pub(crate) revision: Option<&'static [&'static str]>,
    /// How to call it by hand: the arguments of curl beside the address, for a shell with `TOKEN` and `BODY` in its variables.
    pub(crate) curl: &'static str,
}

/// The call of a Receiver of this type by hand: the arguments of curl beside the address, for a shell that has the token of the
/// Secret in `TOKEN`, a body in `BODY`, and for types with a token of an issuer that one in `ID_TOKEN`.
pub fn curl(kind: ReceiverType) -> &'static str {
    rules(kind).curl
}

/// The rules of a type.
pub(crate) fn rules(kind: ReceiverType) -> &'static VerificationRules {
    match kind {
        ReceiverType::Generic => &generic::RULES,
        ReceiverType::GenericHmac => &generic_hmac::RULES,
        ReceiverType::GenericOidc => &generic_oidc::RULES,
        ReceiverType::Github => &github::RULES,
        ReceiverType::Gitlab => &gitlab::RULES,
        ReceiverType::Bitbucket => &bitbucket::RULES,
        ReceiverType::Harbor => &harbor::RULES,
        ReceiverType::Dockerhub => &dockerhub::RULES,
        ReceiverType::Quay => &quay::RULES,
        ReceiverType::Gcr => &gcr::RULES,
        ReceiverType::Nexus => &nexus::RULES,
        ReceiverType::Acr => &acr::RULES,
        ReceiverType::Cdevents => &cdevents::RULES,
    }
}

/// A request of which `said` is to be logged.
fn passed(said: impl Into<String>) -> CheckStep {
    CheckStep::Passed(crate::check::Passed { said: said.into(), ..Default::default() })
}
