//! PEM texts of a Secret as rustls takes them.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use webpki::anchor_from_trusted_cert;

use crate::{PairError, TransportError};

/// A client's certificate chain and its key.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

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

/// The client certificate's chain and key. That they belong together is seen when they are used.
///
/// # Errors
/// [`PairError`] if either is missing.
pub(crate) fn parse_pair(certificate: &[u8], key: &[u8]) -> Result<Identity, PairError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(PairError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| PairError::NoKey)?;
    Ok((chain, key))
}
