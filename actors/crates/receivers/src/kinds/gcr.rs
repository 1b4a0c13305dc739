//! `gcr`: a push of Google Pub/Sub with a token of a service account (contract, receivers 5.2).
//!
//! Audience and e-mail are both checked: with one of them alone any customer of Google could call (CVE-2026-40109).

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use campanile_domain::Secret;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::VerificationRules;
use crate::body::told;
use crate::check::{Asked, Case, CheckStep, Passed, PendingToken};
use crate::error::{GcrError, VerifyError};
use crate::event::shown;
use crate::fields::{FieldForm, Rest, read};
use crate::jwt::{self, Jwt, JwtError};
use crate::keys::{KeyError, KeySet, KeySource};

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "GCR event",
    revision: Some(&["tag"]),
    curl: r#"-H "Authorization: Bearer $ID_TOKEN" -H 'Content-Type: application/json' -d "$BODY""#,
};

/// The addresses of Google's keys by algorithm.
const KEYS: [(&str, &str); 2] = [
    ("RS256", "https://www.googleapis.com/oauth2/v3/certs"),
    ("ES256", "https://www.gstatic.com/iap/verify/public_key-jwk"),
];

/// The account and audience that the Secret expects.
struct Expected {
    email: String,
    audience: String,
}

impl Expected {
    fn of(secret: Option<&Secret>) -> Result<Self, VerifyError> {
        let field = |name: &'static str| -> Result<String, VerifyError> {
            let value = secret.and_then(|secret| secret.data.get(name)).filter(|value| !value.is_empty());
            let value = value.ok_or(VerifyError::GcrField(name))?;
            Ok(String::from_utf8_lossy(value).into_owned())
        };
        Ok(Self { email: field("email")?, audience: field("audience")? })
    }

    fn refused(&self, got: Option<&str>, cause: &dyn Display) -> GcrError {
        let got = got.map_or_else(|| "<unknown>".to_owned(), shown);
        GcrError::Token { got, want: self.audience.clone(), cause: cause.to_string() }
    }
}

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let expected = Expected::of(case.secret)?;
    let header = case.head.text("Authorization");
    let token = header.strip_prefix("Bearer ").ok_or(GcrError::Header)?;
    let token = Jwt::parse(token).map_err(|error| expected.refused(None, &error))?;
    let place = KEYS.into_iter().find(|(algorithm, _)| *algorithm == token.algorithm());
    let (_, place) = place.ok_or_else(|| {
        let algorithm = JwtError::Algorithm(shown(token.algorithm()));
        expected.refused(token.unverified_audience(), &algorithm)
    })?;
    let answer = move |asked: &Asked<'_>, token: Jwt, keys: Result<&KeySet, KeyError>, now| {
        judge(&expected, token, keys, now)?;
        let (body, said) = unwrapped(asked.body)?;
        Ok(Passed { body: Some(body), said, claims: None })
    };
    Ok(CheckStep::Token(PendingToken { source: KeySource::Known(place), token, answer: Box::new(answer) }))
}

fn judge(
    expected: &Expected,
    token: Jwt,
    keys: Result<&KeySet, KeyError>,
    now: Timestamp,
) -> Result<(), GcrError> {
    let got = token.unverified_audience().map(str::to_owned);
    let claims = keys
        .map_err(|error| error.to_string())
        .and_then(|keys| trusted(expected, token, keys, now).map_err(|error| error.to_string()));
    let claims = claims.map_err(|cause| expected.refused(got.as_deref(), &cause))?;
    let issuer = jwt::text(&claims, "iss");
    if !matches!(issuer, "accounts.google.com" | "https://accounts.google.com") {
        return Err(GcrError::Issuer(shown(issuer)));
    }
    let email = jwt::text(&claims, "email");
    if email != expected.email {
        return Err(GcrError::Email { got: shown(email), want: expected.email.clone() });
    }
    match claims.get("email_verified") {
        Some(Json::Bool(true)) => Ok(()),
        _ => Err(GcrError::Unverified(shown(email))),
    }
}

fn trusted(
    expected: &Expected,
    token: Jwt,
    keys: &KeySet,
    now: Timestamp,
) -> Result<Map<String, Json>, JwtError> {
    let algorithms = KEYS.map(|(algorithm, _)| algorithm);
    if token.key_id().is_none() {
        return Err(JwtError::NoKey);
    }
    let claims = token.verify(keys, &algorithms)?;
    if jwt::text(&claims, "aud") != expected.audience {
        return Err(JwtError::Audience(expected.audience.clone()));
    }
    jwt::check_expiry(&claims, now)?;
    Ok(claims)
}

/// A message as filters see it.
#[derive(Serialize)]
struct Unwrapped {
    action: String,
    digest: String,
    tag: String,
}

/// The message inside of the push, and what to log of it.
fn unwrapped(body: &[u8]) -> Result<(Bytes, String), VerifyError> {
    let wrong = |part, why: String| VerifyError::Body { host: "GCR", part, why };
    let message = |name: &'static [&'static str]| FieldForm::Text(name);
    let fields = [
        message(&["message", "data"]),
        message(&["message", "publishTime"]),
        message(&["message", "messageId"]),
        message(&["message", "subscription"]),
    ];
    let [data, published, _, _] =
        read(body, fields, Rest::Ignored).map_err(|error| wrong("payload", told(&error)))?;
    if !published.is_empty() && published.parse::<Timestamp>().is_err() {
        return Err(wrong("payload", "publishTime is no time of RFC 3339".to_owned()));
    }
    let data = STANDARD.decode(data).unwrap_or_default();
    let fields = [FieldForm::Text(&["action"]), FieldForm::Text(&["digest"]), FieldForm::Text(&["tag"])];
    let [action, digest, tag] =
        read(&data, fields, Rest::Refused).map_err(|error| wrong("body", told(&error)))?;
    let said = format!("handling GCR event from {} for tag {}", shown(&digest), shown(&tag));
    let body = serde_json::to_vec(&Unwrapped { action, digest, tag });
    Ok((body.map_err(|error| wrong("body", error.to_string()))?.into(), said))
}
