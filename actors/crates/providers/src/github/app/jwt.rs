//! JSON Web Tokens by which an App shows who it is.

use aws_lc_rs::signature::RsaKeyPair;
use jiff::Timestamp;

use super::GithubAppError;
use crate::jwt as signed;

/// How far back a token is dated, for hosts whose clock is behind, in seconds (contract, providers 21).
const BACKDATED: i64 = 30;

/// How long it holds from that date, in seconds.
const LIFETIME: i64 = 120;

const HEADER: &str = r#"{"alg":"RS256","typ":"JWT"}"#;

/// A private key from PEM text, in either of the forms that are about (PKCS #1 is what GitHub gives).
///
/// # Errors
/// [`GithubAppError::NoKey`] for nothing, [`GithubAppError::Key`] for what is no RSA key of 2048 to 8192 bits.
pub(super) fn read_key(pem: &[u8]) -> Result<RsaKeyPair, GithubAppError> {
    if pem.trim_ascii().is_empty() {
        return Err(GithubAppError::NoKey);
    }
    signed::read_key(pem).ok_or(GithubAppError::Key)
}

/// The token of the App `issuer` at `now`; none if the system has no random numbers to blind the signature with.
pub(super) fn sign(key: &RsaKeyPair, issuer: &str, now: Timestamp) -> Option<String> {
    let from = now.as_second() - BACKDATED;
    let issuer = serde_json::Value::from(issuer);
    let claims = format!(r#"{{"iat":{from},"exp":{},"iss":{issuer}}}"#, from + LIFETIME);
    signed::sign_rs256(key, HEADER, &claims)
}
