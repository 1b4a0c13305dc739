//! GitHub Apps: an exchange that is let in by an installation's token (contract, providers 21).
//!
//! The token is obtained on first use, kept for all exchanges of the Provider, renewed before it ends, and
//! forgotten when GitHub no longer takes it ([`OneToken`]). An App that is not accepted, or not
//! installed, is a matter of credentials: the Provider waits for a human.

mod error;
mod exchange;
mod jwt;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::RsaKeyPair;
use campanile_domain::{Masker, Secret};

use crate::access_token::OneToken;
use crate::address::{AddressSource, DestinationAddress};
use crate::{ConfigError, Exchange, Settings};
pub use error::GithubAppError;
use exchange::AppExchange;

/// The API that Apps of github.com belong to.
const PUBLIC_API: &str = "https://api.github.com";

/// The key of a Secret with an App's number.
const NUMBER: &str = "githubAppID";
/// The key of a Secret with an App's client id.
const CLIENT: &str = "githubAppClientID";

/// An App as a Secret describes it, and its current token.
pub(crate) struct GithubApp {
    /// The API's address, without a slash at its end.
    base: String,
    /// Its number, or its client id: what its own tokens are issued by.
    issuer: String,
    installation: Installation,
    key: RsaKeyPair,
    token: OneToken,
    /// The App's name in addresses, once it was asked for.
    slug: OnceLock<String>,
    masker: Arc<Masker>,
}

/// Which installation of the App to act for.
enum Installation {
    Number(u64),
    /// That of an organisation or user; its number is asked for with every new token.
    Owner(String),
}

impl GithubApp {
    /// The App that the credentials Secret describes; none without one of the keys `githubAppID` and
    /// `githubAppClientID`.
    ///
    /// # Errors
    /// [`GithubAppError`] in the order of the contract, or an unusable `githubAppBaseURL`.
    pub(crate) fn read(settings: &Settings) -> Result<Option<Arc<Self>>, ConfigError> {
        let names_app = |secret: &&Secret| [NUMBER, CLIENT].iter().any(|key| secret.data.contains_key(*key));
        let Some(secret) = settings.secret.as_deref().filter(names_app) else { return Ok(None) };
        let issuer = issuer(secret)?;
        let installation = installation(secret)?;
        let pem = secret.data.get("githubAppPrivateKey").map(Vec::as_slice).unwrap_or_default();
        let key = jwt::read_key(pem)?;
        let base = base(secret)?;
        let masker = settings.masker.clone();
        let (token, slug) = (OneToken::with_usual_margin(), OnceLock::new());
        Ok(Some(Arc::new(Self { base, issuer, installation, key, token, slug, masker })))
    }

    /// Whether its API is that of github.com.
    pub(crate) fn is_public(&self) -> bool {
        self.base == PUBLIC_API
    }

    /// `exchange`, each of its requests with the installation's token.
    pub(crate) fn authorize(self: &Arc<Self>, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        Box::new(AppExchange::new(self.clone(), exchange, false))
    }

    /// As [`authorize`](Self::authorize), for an exchange that needs to know [`login`](Self::login) when the first of
    /// its requests is answered.
    pub(crate) fn authorize_named(self: &Arc<Self>, exchange: Box<dyn Exchange>) -> Box<dyn Exchange> {
        Box::new(AppExchange::new(self.clone(), exchange, true))
    }

    /// The account that GitHub shows as the author of what the App writes; none as long as nobody asked for its name.
    pub(crate) fn login(&self) -> Option<String> {
        self.slug.get().map(|slug| format!("{slug}[bot]"))
    }
}

/// A value without the white space that editors leave around it; nothing if it is no text.
fn text<'a>(secret: &'a Secret, key: &str) -> &'a str {
    secret.data.get(key).and_then(|value| str::from_utf8(value).ok()).unwrap_or_default().trim()
}

/// Who the App is: exactly one of its number and its client id (contract, flux-2.10 section 4).
fn issuer(secret: &Secret) -> Result<String, GithubAppError> {
    let (number, client) = (text(secret, NUMBER), text(secret, CLIENT));
    match (number.is_empty(), client.is_empty()) {
        (false, false) => Err(GithubAppError::TwoIds),
        (true, false) => Ok(client.to_owned()),
        (_, true) => {
            let id: Option<u64> = number.parse().ok().filter(|id| *id != 0);
            id.map(|id| id.to_string()).ok_or(GithubAppError::Id)
        }
    }
}

fn installation(secret: &Secret) -> Result<Installation, GithubAppError> {
    let (number, owner) =
        (text(secret, "githubAppInstallationID"), text(secret, "githubAppInstallationOwner"));
    match (number.is_empty(), owner.is_empty()) {
        (true, true) => Err(GithubAppError::NoInstallation),
        (false, false) => Err(GithubAppError::TwoInstallations),
        (true, false) => Ok(Installation::Owner(owner.to_owned())),
        (false, true) => number.parse().map(Installation::Number).map_err(|_| GithubAppError::InstallationId),
    }
}

fn base(secret: &Secret) -> Result<String, ConfigError> {
    let text = text(secret, "githubAppBaseURL");
    if text.is_empty() {
        return Ok(PUBLIC_API.to_owned());
    }
    let address = DestinationAddress::new(text.to_owned(), AddressSource::Secret(secret.key.clone()));
    let url = address.hook_url("githubAppBaseURL").map_err(|_| GithubAppError::BaseUrl)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
