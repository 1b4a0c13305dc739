//! JSON Web Tokens signed with RSA and SHA-256 (RFC 7515; RFC 7518, 3.3 and 3.5), by which a program shows who it is.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

/// A private key from PEM text in either of the forms that are about, PKCS #1 and PKCS #8; none if it is no RSA key of
/// 2048 to 8192 bits.
pub(crate) fn read_key(pem: &[u8]) -> Option<RsaKeyPair> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(),
        Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
        _ => None,
    }
}

/// The token with this header, which says `RS256`, and these claims, both JSON; none if the system has no random numbers
/// to blind the signature with.
pub(crate) fn sign_rs256(key: &RsaKeyPair, header: &str, claims: &str) -> Option<String> {
    sign(&RSA_PKCS1_SHA256, key, header, claims)
}

/// As [`sign_rs256`], with a header that says `PS256`.
pub(crate) fn sign_ps256(key: &RsaKeyPair, header: &str, claims: &str) -> Option<String> {
    sign(&RSA_PSS_SHA256, key, header, claims)
}

fn sign(encoding: &'static dyn RsaEncoding, key: &RsaKeyPair, header: &str, claims: &str) -> Option<String> {
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), token.as_bytes(), &mut signature).ok()?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
    Some(token)
}
