//! Verification of servers: webpki's rules, and one more certificate that Go's TLS accepts.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

/// Verifies as webpki does, but lets a server show one of the trusted certificates itself.
///
/// webpki refuses an authority's certificate in that place, and one that an unknown authority signed; Go does not, and
/// Secrets that hold the server's own certificate as `ca.crt` are in use. The exception is narrow: the certificate must be
/// a trusted one byte for byte, valid now, and valid for the server's name.
#[derive(Debug)]
pub(crate) struct RootsVerifier {
    roots: Vec<CertificateDer<'static>>,
    webpki: Arc<WebPkiServerVerifier>,
}

impl RootsVerifier {
    /// A verifier for `roots`, which are the ones that `webpki` was built from.
    pub(crate) fn new(roots: Vec<CertificateDer<'static>>, webpki: Arc<WebPkiServerVerifier>) -> Self {
        Self { roots, webpki }
    }
}

impl ServerCertVerifier for RootsVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(_) if self.roots.contains(end_entity) && is_valid_by_itself(end_entity, now) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Whether a server may show this certificate now, whoever signed it. webpki looks at the time first, then at whether it
/// is an authority's, at what it is for, and at last for a root, of which there is none here.
fn is_valid_by_itself(certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    let usage = KeyUsage::server_auth();
    let verdict = EndEntityCert::try_from(certificate).and_then(|certificate| {
        certificate.verify_for_usage(&[], &[], &[], now, usage, None, None).map(|_| ())
    });
    matches!(verdict, Err(webpki::Error::UnknownIssuer | webpki::Error::CaUsedAsEndEntity))
}
