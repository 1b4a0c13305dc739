//! PEM texts of a Secret or a file as rustls takes them.

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use webpki::anchor_from_trusted_cert;

/// The cause for which a certificate and its key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// No certificate is in the PEM text.
    #[error("no certificate found in the PEM text of the certificate")]
    NoCertificate,
    /// No key is in the PEM text.
    #[error("no unencrypted private key found in the PEM text of the key")]
    NoKey,
    /// The key is of a kind, or of a length, that signs nothing here.
    #[error("the key is none of RSA with 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, and Ed25519")]
    Key,
    /// The key is another certificate's.
    #[error("the key is not the key of the certificate")]
    Mismatch,
}

/// Reads the usable certificates of a CA's PEM text; blocks of other kinds and broken ones are passed over. The list may be
/// empty.
pub fn parse_ca(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .filter(|root| anchor_from_trusted_cert(root).is_ok())
        .collect()
}

/// Reads the chain and the key of an own certificate, a client's or a server's.
///
/// The certificate is judged by what its owner needs, which is that the key is its own: the peer judges the rest. So it may
/// be one of X.509 v1, which webpki does not read.
///
/// # Errors
/// [`PairError`] if either is missing or unusable, or they do not belong together.
pub fn parse_pair(
    certificate: &[u8],
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<CertifiedKey, PairError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(PairError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| PairError::NoKey)?;
    let key = provider.key_provider.load_private_key(key).map_err(|_| PairError::Key)?;
    let own = CertifiedKey::new(chain, key);
    match own.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(own),
        Err(Error::InvalidCertificate(_)) if holds_its_key(&own) => Ok(own),
        Err(_) => Err(PairError::Mismatch),
    }
}

/// Whether the public key is in the certificate, byte for byte (RFC 5280, section 4.1, `subjectPublicKeyInfo`).
fn holds_its_key(own: &CertifiedKey) -> bool {
    let (Ok(certificate), Some(key)) = (own.end_entity_cert(), own.key.public_key()) else { return false };
    certificate.windows(key.len()).any(|part| part == key.as_ref())
}
