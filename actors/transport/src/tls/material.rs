//! PEM texts of a Secret as rustls takes them.

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use webpki::anchor_from_trusted_cert;

use crate::{PairError, TransportError};

/// The usable certificates in a CA's PEM text; blocks of other kinds and broken ones are passed over.
///
/// # Errors
/// [`TransportError::Ca`] if there is none.
pub(crate) fn parse_ca(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .filter(|root| anchor_from_trusted_cert(root).is_ok())
        .collect();
    if roots.is_empty() { Err(TransportError::Ca) } else { Ok(roots) }
}

/// The client certificate's chain and key.
///
/// The certificate is judged by what a client needs, which is that the key is its own: the server judges the rest. So it
/// may be one of X.509 v1, which webpki does not read.
///
/// # Errors
/// [`PairError`] if either is missing, or they do not belong together.
pub(crate) fn parse_pair(
    certificate: &[u8],
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<CertifiedKey, PairError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(PairError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| PairError::NoKey)?;
    let own = CertifiedKey::new(chain, provider.key_provider.load_private_key(key)?);
    match own.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(own),
        Err(Error::InvalidCertificate(_)) if holds_its_key(&own) => Ok(own),
        Err(_) => Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch).into()),
    }
}

/// Whether the public key is in the certificate, byte for byte (RFC 5280, section 4.1, `subjectPublicKeyInfo`).
fn holds_its_key(own: &CertifiedKey) -> bool {
    let (Ok(certificate), Some(key)) = (own.end_entity_cert(), own.key.public_key()) else { return false };
    certificate.windows(key.len()).any(|part| part == key.as_ref())
}
