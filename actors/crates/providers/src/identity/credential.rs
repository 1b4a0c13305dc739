//! Credentials of Google as files hold them (Google, "How Application Default Credentials works"; AIP-4110 to 4117): keys of
//! service accounts, logins of users, configurations of workload identity federation, and each of them acting as a service
//! account.
//!
//! A configuration of federation makes the program read a file or an address and send what is there to another address. The
//! operator may say so; a Secret's author only if it goes to Google (Google, "Validate credential configurations from
//! external sources").

mod federation;
#[cfg(test)]
mod tests;
mod user;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use campanile_domain::Request;
use jiff::Timestamp;
use serde::Deserialize;

pub use super::credential_error::CredentialError;
use super::google::{PLATFORM, act_at};
use super::service_account::ServiceAccount;
pub use super::token_address::Author;
use super::token_address::secure;
use crate::headers::is_value;
use federation::Federation;
use user::User;

/// How long a token of an account that is acted as lives, in seconds, unless the credential says otherwise.
const LIFETIME: u32 = 3600;

/// A credential. Never printed; two are equal if their texts are.
#[derive(Clone)]
pub struct Credential(Arc<Parts>);

struct Parts {
    proof: Proof,
    /// The accounts to act as, one after the other.
    acts: Vec<ActAs>,
    quota_project: Option<String>,
    digest: [u8; 32],
}

enum Proof {
    Key(Box<ServiceAccount>),
    User(User),
    Subject(Federation),
}

/// A service account to act as.
#[derive(Debug)]
pub struct ActAs {
    url: String,
    delegates: Vec<String>,
    lifetime: u32,
}

/// The origin of the token that is exchanged.
pub enum TokenOrigin<'a> {
    /// The token stands in this file.
    File(&'a str),
    /// In the answer to this request.
    Address {
        /// The request that asks for the token.
        request: &'a Request,
        /// Whether it leads no further than this machine, so that no proxy has a part in it.
        is_local: bool,
    },
}

#[derive(Deserialize)]
struct Quota {
    #[serde(default)]
    quota_project_id: Option<String>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Impersonation {
    #[serde(default)]
    service_account_impersonation_url: String,
    #[serde(default)]
    delegates: Vec<String>,
    #[serde(default)]
    source_credentials: serde_json::Value,
}

/// The type that a credential says it is of.
///
/// # Errors
/// [`CredentialError::NotJson`] if it says none.
pub(crate) fn kind_of(json: &[u8]) -> Result<String, CredentialError> {
    let kind: Kind = serde_json::from_slice(json).map_err(|_| CredentialError::NotJson)?;
    Ok(kind.kind)
}

impl Credential {
    /// Reads a credential.
    ///
    /// # Errors
    /// [`CredentialError`] for what is no whole credential of a kind that is known, and for what `author` may not say.
    pub fn parse(json: &[u8], author: Author) -> Result<Self, CredentialError> {
        let (proof, acts) = match kind_of(json)?.as_str() {
            "impersonated_service_account" => impersonation(json, author)?,
            kind => proof(kind, json, author)?,
        };
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, json).as_ref());
        Ok(Self(Arc::new(Parts { proof, acts, quota_project: quota_project(json)?, digest })))
    }

    /// The project that pays for what is done by this credential, where a user's own has none (Google, "Set the quota
    /// project").
    pub fn quota_project(&self) -> Option<&str> {
        self.0.quota_project.as_deref()
    }

    /// A digest that tells this credential from others, and tells nothing of it.
    pub fn digest(&self) -> [u8; 32] {
        self.0.digest
    }

    /// The origin of the token that is exchanged; none if this credential needs no other.
    pub fn source(&self) -> Option<TokenOrigin<'_>> {
        match &self.0.proof {
            Proof::Subject(federation) => Some(federation.source()),
            Proof::Key(_) | Proof::User(_) => None,
        }
    }

    /// The token in what the source gave; none if there is none.
    pub fn subject(&self, text: &str) -> Option<String> {
        match &self.0.proof {
            Proof::Subject(federation) => federation.subject(text),
            Proof::Key(_) | Proof::User(_) => None,
        }
    }

    /// Asks for a token at `now`, with `subject` where there is a source, and what of it is secret. None without random
    /// numbers to sign with.
    pub fn request(&self, subject: &str, now: Timestamp) -> Option<(Request, Vec<String>)> {
        match &self.0.proof {
            Proof::Key(key) => key.request(now).map(|(request, assertion)| (request, vec![assertion])),
            Proof::User(user) => Some((user.request(), user.secrets())),
            Proof::Subject(federation) => Some((federation.request(subject), vec![subject.to_owned()])),
        }
    }

    /// The service accounts to act as, one after the other.
    pub fn acts(&self) -> &[ActAs] {
        &self.0.acts
    }

    /// What of it must not be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        match &self.0.proof {
            Proof::Key(_) => Vec::new(),
            Proof::User(user) => user.secrets(),
            Proof::Subject(federation) => federation.secrets(),
        }
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}

impl Eq for Credential {}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(*****)")
    }
}

fn quota_project(json: &[u8]) -> Result<Option<String>, CredentialError> {
    let Quota { quota_project_id } = serde_json::from_slice(json).map_err(|_| CredentialError::NotJson)?;
    Ok(quota_project_id.filter(|project| !project.is_empty() && is_value(project)))
}

fn proof(kind: &str, json: &[u8], author: Author) -> Result<(Proof, Vec<ActAs>), CredentialError> {
    match kind {
        "service_account" => Ok((Proof::Key(Box::new(ServiceAccount::parse(json, PLATFORM)?)), Vec::new())),
        "authorized_user" => Ok((Proof::User(User::parse(json)?), Vec::new())),
        "external_account" => {
            let (federation, account) = Federation::parse(json, author)?;
            let acts =
                account.map(|(url, lifetime)| ActAs::new(url, Vec::new(), lifetime, author)).transpose()?;
            Ok((Proof::Subject(federation), acts.into_iter().collect()))
        }
        _ => Err(CredentialError::Type),
    }
}

fn impersonation(json: &[u8], author: Author) -> Result<(Proof, Vec<ActAs>), CredentialError> {
    let outer: Impersonation = serde_json::from_slice(json).map_err(|_| CredentialError::NotJson)?;
    if outer.source_credentials.is_null() {
        return Err(CredentialError::Lacks("source_credentials"));
    }
    let inner = outer.source_credentials.to_string();
    let (proof, mut acts) = proof(&kind_of(inner.as_bytes())?, inner.as_bytes(), author)?;
    acts.push(ActAs::new(outer.service_account_impersonation_url, outer.delegates, None, author)?);
    Ok((proof, acts))
}

impl ActAs {
    fn new(
        url: String,
        delegates: Vec<String>,
        lifetime: Option<u32>,
        author: Author,
    ) -> Result<Self, CredentialError> {
        let url = secure("service_account_impersonation_url", url, author)?;
        Ok(Self { url, delegates, lifetime: lifetime.unwrap_or(LIFETIME) })
    }

    /// Trades `token` for one of this account.
    pub fn request(&self, token: &str) -> Request {
        act_at(&self.url, token, &self.delegates, self.lifetime)
    }
}
