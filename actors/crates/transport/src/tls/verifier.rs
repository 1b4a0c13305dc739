//! Verification of servers: webpki's rules, and one more certificate that Go's TLS accepts.

use std::sync::Arc;

use campanile_tls::{CertificateKeyError, HandshakeStage, unusable_rsa_bits};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::progress::reached;

/// Verifies as webpki does, but lets a server show one of the trusted certificates itself.
///
/// webpki refuses an authority's certificate in that place, and one that an unknown authority signed; Go does not, and
/// Secrets that hold the server's own certificate as `ca.crt` are in use. The exception is narrow: the certificate must be
/// a trusted one byte for byte, valid now, and valid for the server's name.
///
/// A signature by an RSA key of an unusable length fails there like a wrong one; here it gets its name.
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
            Ok(_) => {}
            Err(_) if self.roots.contains(end_entity) && is_valid_by_itself(end_entity, now) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            Err(error) if error == BAD_SIGNATURE => {
                return Err(self.unusable_key(end_entity, intermediates).unwrap_or(error));
            }
            Err(error) => return Err(error),
        }
        reached(HandshakeStage::Chosen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss).map_err(|error| of_handshake(error, cert))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss).map_err(|error| of_handshake(error, cert))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

impl RootsVerifier {
    /// The refusal for the key in these certificates, or in the root above them, that verifies nothing.
    fn unusable_key(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Option<Error> {
        let own = unusable_rsa_bits(end_entity).map(CertificateKeyError::RsaBits);
        let issuers: Vec<Vec<u8>> =
            std::iter::once(end_entity).chain(intermediates).filter_map(issuer).collect();
        let signs = |root: &&CertificateDer<'_>| {
            anchor_from_trusted_cert(root)
                .is_ok_and(|root| issuers.iter().any(|name| name[..] == root.subject[..]))
        };
        let mut authorities = intermediates.iter().chain(self.roots.iter().filter(signs));
        let mut above = || authorities.find_map(|one| unusable_rsa_bits(one));
        own.or_else(|| above().map(CertificateKeyError::AuthorityRsaBits)).map(refused)
    }
}

/// What webpki says of every signature that does not verify.
const BAD_SIGNATURE: Error = Error::InvalidCertificate(CertificateError::BadSignature);

/// A signature over the handshake that does not verify is not about the certificate's authority.
fn of_handshake(error: Error, certificate: &CertificateDer<'_>) -> Error {
    if error != BAD_SIGNATURE {
        return error;
    }
    refused(
        unusable_rsa_bits(certificate).map_or(CertificateKeyError::ForeignKey, CertificateKeyError::RsaBits),
    )
}

fn refused(why: CertificateKeyError) -> Error {
    CertificateError::Other(OtherError(Arc::new(why))).into()
}

/// The name of who signed a certificate, in DER.
fn issuer(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    EndEntityCert::try_from(certificate).ok().map(|certificate| certificate.issuer().to_vec())
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
