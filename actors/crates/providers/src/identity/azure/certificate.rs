//! Certificates by which applications show who they are (Microsoft identity platform, "Certificate credentials": PS256 and the
//! SHA-256 thumbprint).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;

use super::Application;
use crate::jwt;

/// How long an assertion holds, in seconds: "5-10 minutes at most".
const LIFETIME: i64 = 600;

/// Errors of a file that gives no certificate. Texts go on from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateError {
    /// A file of another format.
    #[error(
        "is not in PEM form (PKCS #12 is not read); convert it: openssl pkcs12 -in FILE -nodes -out client.pem, and leave \
         AZURE_CLIENT_CERTIFICATE_PASSWORD out"
    )]
    NotPem,
    /// A key that a password protects.
    #[error(
        "has a private key that a password protects, which is not read; take it off: openssl pkey -in FILE -out key.pem, and \
         mount both key and certificate in one file"
    )]
    Protected,
    /// No key, or one that cannot sign.
    #[error("has no RSA private key of 2048 to 8192 bits; add it to the file, in PEM form")]
    Key,
    /// No certificate of the key.
    #[error("has no certificate of its private key; add it to the file, in PEM form")]
    Certificate,
}

/// A certificate and its key. Never printed.
pub struct Certificate {
    key: RsaKeyPair,
    thumbprint: String,
    /// In base64, the key's own first.
    chain: Vec<String>,
}

impl Certificate {
    /// Reads certificates and a private key, in PEM form and any order.
    ///
    /// # Errors
    /// [`ClientCertificateError`] with the remedy.
    pub fn parse(pem: &[u8]) -> Result<Self, ClientCertificateError> {
        let has = |text: &str| pem.windows(text.len()).any(|part| part == text.as_bytes());
        if !has("-----BEGIN ") {
            return Err(ClientCertificateError::NotPem);
        }
        if has("-----BEGIN ENCRYPTED") || has("4,ENCRYPTED") {
            return Err(ClientCertificateError::Protected);
        }
        let key = jwt::read_key(pem).ok_or(ClientCertificateError::Key)?;
        let mut chain: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().unwrap_or_default();
        // A certificate holds its public key in the very form in which the pair gives it (RFC 5280, 4.1; RFC 8017, A.1.1).
        let public = key.public_key().as_ref();
        let is_of_key = |der: &CertificateDer<'_>| der.windows(public.len()).any(|part| part == public);
        let own = chain.iter().position(is_of_key).ok_or(ClientCertificateError::Certificate)?;
        chain.swap(0, own);
        let thumbprint = chain.first().map(|der| URL_SAFE_NO_PAD.encode(digest(&SHA256, der)));
        let thumbprint = thumbprint.ok_or(ClientCertificateError::Certificate)?;
        Ok(Self { key, thumbprint, chain: chain.iter().map(|der| STANDARD.encode(der)).collect() })
    }

    /// The assertion that shows at `now` that `application` has the key, to the authority at `url`; with the whole chain, if the authority
    /// is to trust the certificate's issuer. None if the system has no random numbers.
    pub fn assertion(
        &self,
        application: &Application,
        url: &str,
        with_chain: bool,
        now: Timestamp,
    ) -> Option<String> {
        let mut id = [0_u8; 16];
        SystemRandom::new().fill(&mut id).ok()?;
        let mut header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        if with_chain {
            header["x5c"] = self.chain.clone().into();
        }
        let (client, from) = (&application.client, now.as_second());
        let claims = json!({
            "aud": url, "iss": client, "sub": client, "jti": URL_SAFE_NO_PAD.encode(id),
            "nbf": from, "iat": from, "exp": from + LIFETIME,
        });
        jwt::sign_ps256(&self.key, &header.to_string(), &claims.to_string())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(*****)")
    }
}
