//! The login of a user (`authorized_user`), as gcloud leaves it: renewed with its refresh token (RFC 6749, 6).

use bytes::Bytes;
use campanile_domain::{Method, Request};
use serde::Deserialize;

use crate::encoding::form;
use crate::identity::credential_error::CredentialError;
use crate::identity::token_address::{Author, secure};

/// Where users' logins are renewed, unless the credential says otherwise.
const RENEWAL: &str = "https://oauth2.googleapis.com/token";

#[derive(Deserialize)]
pub(super) struct User {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    refresh_token: String,
    #[serde(default)]
    token_uri: Option<String>,
}

impl User {
    pub(super) fn parse(json: &[u8]) -> Result<Self, CredentialError> {
        let user: Self = serde_json::from_slice(json).map_err(|_| CredentialError::NotJson)?;
        for (part, name) in [
            (&user.client_id, "client_id"),
            (&user.client_secret, "client_secret"),
            (&user.refresh_token, "refresh_token"),
        ] {
            if part.is_empty() {
                return Err(CredentialError::Lacks(name));
            }
        }
        // What goes there is the author's own.
        let token_uri = user.token_uri.map(|uri| secure("token_uri", uri, Author::Operator)).transpose()?;
        Ok(Self { token_uri, ..user })
    }

    pub(super) fn request(&self) -> Request {
        let body = form::encode([
            ("grant_type", "refresh_token"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", &self.client_secret),
            ("refresh_token", &self.refresh_token),
        ]);
        let url = self.token_uri.clone().unwrap_or_else(|| RENEWAL.to_owned());
        let headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        Request { method: Method::Post, url, headers, body: Bytes::from(body) }
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        vec![self.client_secret.clone(), self.refresh_token.clone()]
    }
}
