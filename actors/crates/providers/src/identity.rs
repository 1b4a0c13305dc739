//! Workload identity: who a Provider without credentials of its own is at a cloud, and the requests by which tokens are had
//! there (contract, providers 20). Nothing here sends: whoever carries the requests asks Kubernetes, reads files, and keeps
//! the tokens.

pub mod azure;
pub mod credential;
mod credential_error;
mod error;
pub mod google;
mod kubernetes;
pub(crate) mod service_account;
#[cfg(test)]
mod tests;
mod token_address;

use std::collections::BTreeMap;
use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, ObjectKey, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::AccessToken;
use crate::authorization::basic;
use crate::headers::is_value;
use crate::judgement::{classify, quote};
pub use credential::Credential;
pub use error::IdentityError;
pub use kubernetes::{TokenWishes, relevant, token_wishes};

/// Annotations of a service account.
pub type Annotations = BTreeMap<String, String>;

/// The identity of a Provider at a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The Provider, in whose namespace the service account lives.
    pub provider: ObjectKey,
    /// The value of `spec.serviceAccountName`; empty if unset.
    pub service_account: String,
    /// Where tokens are had, and for what.
    pub cloud: Cloud,
    /// How requests carry the token.
    pub form: TokenForm,
    /// A credential of Google from the Provider's Secret, which comes before every account; none where the Secret has none.
    pub credential: Option<Credential>,
}

/// A cloud that gives out tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// The cloud of Microsoft Azure.
    Azure {
        /// What the token is for.
        scope: &'static str,
    },
    /// Google Cloud, for all of it.
    Google,
}

/// The form of a token in `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenForm {
    /// The header value is `Bearer TOKEN`.
    Bearer,
    /// `Basic`, as the password of nobody.
    Password,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(alias = "access_token")]
    access_token: String,
    #[serde(default, rename = "expires_in")]
    expires_in: Option<Seconds>,
    #[serde(default)]
    expire_time: Option<Timestamp>,
}

/// Azure's machines write the number as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Identity {
    /// `failure`, which kept a token from being had, in the words of the Provider's type.
    #[must_use]
    pub fn without_token(&self, failure: &Failure) -> Failure {
        Failure::new(failure.class, format!("{}{}", self.cloud.aim(), failure.message))
    }

    /// The value of `Authorization` that carries `token`.
    pub fn authorization(&self, token: &str) -> String {
        match self.form {
            TokenForm::Bearer => format!("Bearer {token}"),
            TokenForm::Password => basic("", token),
        }
    }
}

impl Cloud {
    /// The name of the cloud in texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Azure { .. } => "azure",
            Self::Google => "google",
        }
    }

    /// What a failure to get a token begins with, beside what failed (contract, providers 23.11 and 23.34).
    fn aim(self) -> &'static str {
        match self {
            Self::Azure { scope: azure::EVENT_HUBS } => {
                "failed to create a eventhub using managed identity: "
            }
            Self::Azure { scope: azure::DEVOPS } => "failed to acquire azure devops token: ",
            Self::Azure { .. } | Self::Google => "",
        }
    }
}

/// The token in the answer to a request of this module.
///
/// # Errors
/// A [`Failure`] with the class of the answer; what a cloud refuses here only a human can mend. `asked` is what was sent
/// and must not be shown.
pub fn granted(
    cloud: Cloud,
    response: &Response,
    asked: &[&str],
    now: Timestamp,
) -> Result<AccessToken, Failure> {
    use FailureClass as C;
    let cloud = cloud.name();
    if let Some(class) = classify(response) {
        let class =
            if matches!(class, C::Rejected | C::Gone | C::Redirected) { C::Credentials } else { class };
        let (status, quote) = (response.status, quote(response.quotable(), &Masker::new(asked)));
        let text =
            format!("failed to get token: {cloud} answered {status}, check the identity's rights: {quote}");
        return Err(Failure::new(class, text));
    }
    // The body is not quoted: it may hold the token.
    let absent = || Failure::new(C::Garbled, format!("failed to get token: {cloud}'s answer has none"));
    let answer: Answer = serde_json::from_slice(&response.body).map_err(|_| absent())?;
    let seconds = answer.expires_in.and_then(|seconds| match seconds {
        Seconds::Number(seconds) => Some(seconds),
        Seconds::Text(text) => text.parse().ok(),
    });
    let ends = |seconds| now.checked_add(Duration::from_secs(seconds)).ok();
    let ends = seconds.and_then(ends).or(answer.expire_time);
    let value = answer.access_token;
    if value.is_empty() || !is_value(&value) { Err(absent()) } else { Ok(AccessToken::new(value, ends)) }
}
