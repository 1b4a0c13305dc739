//! JSON Web Tokens that others signed (RFC 7515, RFC 7519), checked with public keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::algorithm::Algorithm;
use crate::keys::{KeySet, PublicKey};

/// Longest token, in bytes. Real ones take about 2 KiB.
const LONGEST: usize = 16 << 10;

/// Errors for which a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The text is no token.
    #[error("token is not a JWT")]
    Form,
    /// A part of it is no base64.
    #[error("failed to decode token {0}: it is not unpadded base64url")]
    Base64(&'static str),
    /// A part of it is no JSON object.
    #[error("failed to parse token {0}: {1}")]
    Json(&'static str, String),
    /// It asks for an extension (`crit`).
    #[error("it asks for an extension that is not known")]
    Critical,
    /// Its algorithm is not one of those that the issuer uses.
    #[error("its algorithm '{0}' is not one that the issuer advertises and that is taken")]
    Algorithm(String),
    /// No key of the issuer has its id.
    #[error("the issuer has no key for it, or its key is of another kind")]
    NoKey,
    /// It was not signed with a key of the issuer.
    #[error("its signature does not match")]
    Signature,
    /// It was made by another issuer.
    #[error("its issuer is not the expected one")]
    Issuer,
    /// It was made for somebody else.
    #[error("expected audience \"{0}\", which it does not name")]
    Audience(String),
    /// The token has no end.
    #[error("it has no expiry")]
    NoExpiry,
    /// The token ended before now.
    #[error("it is expired")]
    Expired,
    /// The token begins later than now.
    #[error("it is not valid yet; compare the clocks")]
    NotYet,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Json>,
}

/// A token that was taken apart. Nothing in it is to be believed before [`Jwt::verify`].
pub(crate) struct Jwt {
    /// Header and payload as they were signed.
    signed: String,
    header: Header,
    signature: Vec<u8>,
    claims: Map<String, Json>,
}

impl Jwt {
    /// Takes a token apart.
    ///
    /// # Errors
    /// If it is none.
    pub(crate) fn parse(token: &str) -> Result<Self, JwtError> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { return Err(JwtError::Form) };
        if token.len() > LONGEST {
            return Err(JwtError::Form);
        }
        let claims: Map<String, Json> = part(payload, "payload")?;
        Ok(Self {
            signed: format!("{header}.{payload}"),
            header: part(header, "header")?,
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwtError::Base64("signature"))?,
            claims,
        })
    }

    /// Who it says has made it; empty if it does not say.
    pub(crate) fn unverified_issuer(&self) -> &str {
        text(&self.claims, "iss")
    }

    /// Whom it says it is for, if it is one.
    pub(crate) fn unverified_audience(&self) -> Option<&str> {
        self.claims.get("aud")?.as_str()
    }

    /// The key that it says it was signed with.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The algorithm that it says it was signed with.
    pub(crate) fn algorithm(&self) -> &str {
        &self.header.alg
    }

    /// The claims, if one of `keys` has signed them with one of the algorithms.
    ///
    /// # Errors
    /// If none has.
    pub(crate) fn verify(self, keys: &KeySet, allowed: &[&str]) -> Result<Map<String, Json>, JwtError> {
        let name = self.header.alg.as_str();
        let algorithm = Algorithm::named(name).filter(|_| allowed.contains(&name));
        let algorithm = algorithm.ok_or_else(|| JwtError::Algorithm(crate::event::shown(name)))?;
        if self.header.crit.is_some() {
            return Err(JwtError::Critical);
        }
        let verify = |key: &PublicKey| key.verify(algorithm, self.signed.as_bytes(), &self.signature);
        let verdicts: Vec<bool> = keys.for_token(name, self.key_id()).filter_map(verify).collect();
        match verdicts.contains(&true) {
            true => Ok(self.claims),
            false if verdicts.is_empty() => Err(JwtError::NoKey),
            false => Err(JwtError::Signature),
        }
    }
}

/// Reads a part of a token as JSON.
fn part<T: for<'de> Deserialize<'de>>(part: &str, name: &'static str) -> Result<T, JwtError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtError::Base64(name))?;
    serde_json::from_slice(&bytes).map_err(|error| JwtError::Json(name, crate::body::told(&error)))
}

/// A claim that is a text; empty if it is none.
pub(crate) fn text<'c>(claims: &'c Map<String, Json>, name: &str) -> &'c str {
    claims.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Whether `aud`, a text or a list of them, names `audience`.
pub(crate) fn is_for(claims: &Map<String, Json>, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Json::String(one)) => one == audience,
        Some(Json::Array(all)) => all.iter().any(|one| one == audience),
        _ => false,
    }
}

/// Checks that the token ends, and has not.
///
/// # Errors
/// If it does not, or has.
pub(crate) fn check_expiry(claims: &Map<String, Json>, now: Timestamp) -> Result<(), JwtError> {
    let expiry = claims.get("exp").and_then(Json::as_f64).ok_or(JwtError::NoExpiry)?;
    if expiry < now.as_duration().as_secs_f64() { Err(JwtError::Expired) } else { Ok(()) }
}

/// Seconds by which the clock of an issuer may be ahead of ours.
const SKEW: f64 = 300.0;

/// Checks that the token is valid already, or will be within five minutes.
///
/// # Errors
/// If it is not.
pub(crate) fn check_begin(claims: &Map<String, Json>, now: Timestamp) -> Result<(), JwtError> {
    match claims.get("nbf").and_then(Json::as_f64) {
        Some(begin) if begin > now.as_duration().as_secs_f64() + SKEW => Err(JwtError::NotYet),
        _ => Ok(()),
    }
}
