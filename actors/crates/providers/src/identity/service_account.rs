//! A service account of Google: its key, and the tokens it is let in with (Google Identity, "Using OAuth 2.0 for server to
//! server applications"; RFC 7523).

use std::fmt;

use aws_lc_rs::signature::RsaKeyPair;
use bytes::Bytes;
use campanile_domain::{Method, Request};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::credential_error::CredentialError;
use super::token_address::{Author, secure};
use crate::AccessToken;
use crate::access_token::OneToken;
use crate::encoding::form;
use crate::headers::is_value;
use crate::jwt;

/// How an assertion is named (RFC 7523, 8.1).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion holds, in seconds: the longest that Google takes.
const LIFETIME: i64 = 3600;

/// A service account as its key describes it, and its current token.
pub(crate) struct ServiceAccount {
    email: String,
    scope: &'static str,
    key_id: String,
    key: RsaKeyPair,
    token_uri: String,
    pub(crate) token: OneToken,
}

#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default)]
    token_uri: String,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
}

impl ServiceAccount {
    /// The account whose key is `json`, for tokens that are good for `scope`.
    ///
    /// # Errors
    /// [`CredentialError`] for everything that is no whole key of a service account.
    pub(crate) fn parse(json: &[u8], scope: &'static str) -> Result<Self, CredentialError> {
        let key: Key = serde_json::from_slice(json).map_err(|_| CredentialError::NotJson)?;
        for (part, name) in [(&key.client_email, "client_email"), (&key.private_key, "private_key")] {
            if part.is_empty() {
                return Err(CredentialError::Lacks(name));
            }
        }
        Ok(Self {
            key: jwt::read_key(key.private_key.as_bytes()).ok_or(CredentialError::PrivateKey)?,
            // The key is the author's own, but what it signs must not go over the network in clear.
            token_uri: secure("token_uri", key.token_uri, Author::Operator)?,
            scope,
            email: key.client_email,
            key_id: key.private_key_id,
            token: OneToken::with_usual_margin(),
        })
    }

    /// Asks for a token at `now`, and the assertion in it, which is a secret; none if the system has no random numbers to
    /// sign with.
    pub(crate) fn request(&self, now: Timestamp) -> Option<(Request, String)> {
        let iat = now.as_second();
        let claims =
            Claims { iss: &self.email, scope: self.scope, aud: &self.token_uri, iat, exp: iat + LIFETIME };
        let header = Header { alg: "RS256", typ: "JWT", kid: &self.key_id };
        let (header, claims) = (serde_json::to_string(&header).ok()?, serde_json::to_string(&claims).ok()?);
        let assertion = jwt::sign_rs256(&self.key, &header, &claims)?;
        let body = form::encode([("grant_type", GRANT), ("assertion", &assertion)]);
        let headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let url = self.token_uri.clone();
        Some((Request { method: Method::Post, url, headers, body: Bytes::from(body) }, assertion))
    }

    /// The token in an answer to [`request`](Self::request); none if there is none.
    pub(crate) fn obtained(&self, body: &[u8], now: Timestamp) -> Option<AccessToken> {
        let TokenAnswer { access_token: value, expires_in } = serde_json::from_slice(body).ok()?;
        if value.is_empty() || !is_value(&value) {
            return None;
        }
        let ends = expires_in.and_then(|seconds| now.checked_add(seconds.clamp(0, LIFETIME).seconds()).ok());
        let token = AccessToken::new(value, ends);
        self.token.keep((), &token, now);
        Some(token)
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceAccount(*****)")
    }
}
