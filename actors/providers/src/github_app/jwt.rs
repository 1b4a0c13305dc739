//! JSON Web Tokens by which an App shows who it is: RS256 (RFC 7515, RFC 7518, 3.3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::AppProblem;

/// How far back a token is dated, for hosts whose clock is behind, in seconds (contract, providers 21).
const BACKDATED: i64 = 30;

/// How long it holds from that date, in seconds.
const LIFETIME: i64 = 120;

const HEADER: &str = r#"{"alg":"RS256","typ":"JWT"}"#;

/// A private key from PEM text, in either of the forms that are about (PKCS #1 is what GitHub gives).
///
/// # Errors
/// [`AppProblem::NoKey`] for nothing, [`AppProblem::Key`] for what is no RSA key of 2048 to 4096 bits.
pub(super) fn read_key(pem: &[u8]) -> Result<RsaKeyPair, AppProblem> {
    if pem.trim_ascii().is_empty() {
        return Err(AppProblem::NoKey);
    }
    let key = match PrivateKeyDer::from_pem_slice(pem) {
        Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err(AppProblem::Key),
    };
    key.map_err(|_| AppProblem::Key)
}

/// The token of App `id` at `now`; none if the system has no random numbers to blind the signature with.
pub(super) fn sign(key: &RsaKeyPair, id: u64, now: Timestamp) -> Option<String> {
    let from = now.as_second() - BACKDATED;
    let claims = format!(r#"{{"iat":{from},"exp":{},"iss":"{id}"}}"#, from + LIFETIME);
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature).ok()?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
    Some(token)
}
