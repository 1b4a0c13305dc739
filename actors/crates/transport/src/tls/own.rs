//! The client certificate, and that a server asked for it.

use std::sync::Arc;

use campanile_tls::HandshakeStage;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use super::progress::reached;

/// Shows the one certificate that there is, if there is one.
#[derive(Debug)]
pub(super) struct OwnCertificate(pub(super) Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for OwnCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        reached(if self.0.is_some() { HandshakeStage::Shown } else { HandshakeStage::AskedInVain });
        self.0.clone()
    }

    /// Always: whoever has none wants to know that it was asked for one.
    fn has_certs(&self) -> bool {
        true
    }
}
