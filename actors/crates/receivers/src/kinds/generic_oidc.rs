//! `generic-oidc`: a token of an issuer that the Receiver names (contract, receivers 6).

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::VerificationRules;
use crate::check::{Asked, Case, CheckStep, Passed, PendingToken};
use crate::error::{OidcError, VerifyError};
use crate::event::shown;
use crate::jwt::{self, Jwt, JwtError};
use crate::keys::{KeyError, KeySet, KeySource};
use crate::oidc::Issuer;

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "generic webhook",
    revision: None,
    curl: r#"-H "Authorization: Bearer $ID_TOKEN" -d "$BODY""#,
};

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let issuers = case.receiver.issuers();
    if issuers.is_empty() {
        return Err(OidcError::NoProviders.into());
    }
    let header = case.head.text("Authorization");
    let token = header.strip_prefix("Bearer ").ok_or(OidcError::Header)?.trim();
    if token.is_empty() {
        return Err(OidcError::Empty.into());
    }
    let token = Jwt::parse(token).map_err(OidcError::Parse)?;
    let issuer = token.unverified_issuer();
    if issuer.is_empty() {
        return Err(OidcError::NoIssuer.into());
    }
    let known = issuers.iter().position(|known| known.url == issuer);
    let known = known.ok_or_else(|| OidcError::UnknownIssuer(shown(issuer)))?;
    let source = KeySource::Issuer(issuer.to_owned());
    let answer = move |asked: &Asked<'_>, token: Jwt, keys: Result<&KeySet, KeyError>, now| {
        let issuer = asked.receiver.issuers().get(known).ok_or(OidcError::NoProviders)?;
        let claims = judge(issuer, token, keys, now)?;
        let said = "handling generic webhook with a token".to_owned();
        Ok(Passed { claims: Some(claims), said, body: None })
    };
    Ok(CheckStep::Token(PendingToken { source, token, answer: Box::new(answer) }))
}

/// The claims of a token that is what the Receiver demands.
fn judge(
    issuer: &Issuer,
    token: Jwt,
    keys: Result<&KeySet, KeyError>,
    now: Timestamp,
) -> Result<Map<String, Json>, OidcError> {
    let keys = keys.map_err(|cause| OidcError::Keys { issuer: issuer.url.clone(), cause })?;
    let claims = trusted(issuer, token, keys, now).map_err(OidcError::Token)?;
    let claims = Json::Object(claims);
    issuer.validate(&claims)?;
    match claims {
        Json::Object(claims) => Ok(claims),
        _ => Err(OidcError::NoIssuer),
    }
}

fn trusted(
    issuer: &Issuer,
    token: Jwt,
    keys: &KeySet,
    now: Timestamp,
) -> Result<Map<String, Json>, JwtError> {
    let claims = token.verify(keys, &keys.algorithms())?;
    if jwt::text(&claims, "iss") != issuer.url {
        return Err(JwtError::Issuer);
    }
    if !jwt::is_for(&claims, &issuer.audience) {
        return Err(JwtError::Audience(issuer.audience.clone()));
    }
    jwt::check_expiry(&claims, now)?;
    jwt::check_begin(&claims, now)?;
    Ok(claims)
}
