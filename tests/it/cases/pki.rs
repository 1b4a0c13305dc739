//! Certificates of the forms that cases are about, made anew each time.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use serde::Deserialize;

use crate::support::{Authority, Leaf, OpenSsl};

/// The host of the destination.
const HOST: &str = "127.0.0.1";

/// What is special about the certificates.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    /// The authority has a key on P-521 and signs with SHA-512.
    P521Authority,
    /// The authority has a key on P-256 and signs with SHA-512.
    Sha512,
    /// The client is told to trust the server's own certificate, and not the authority that signed it.
    Pinned,
    /// The same, and its time is over.
    PinnedExpired,
    /// The same, and it is for another host.
    PinnedOtherName,
    /// The client has a certificate of X.509 v1, and the server demands that one.
    V1Client,
}

/// What server and client have.
pub(super) struct Pki {
    server: Leaf,
    /// What the client trusts.
    trusted: String,
    client: Option<Leaf>,
}

impl Pki {
    pub(super) fn make(form: Form) -> Self {
        let authority = Authority::named("servers");
        let pinned = |server: Leaf| Self { trusted: server.certificate.clone(), server, client: None };
        match form {
            Form::P521Authority => Self::by_openssl("P-521"),
            Form::Sha512 => Self::by_openssl("P-256"),
            Form::Pinned => pinned(authority.sign(HOST)),
            Form::PinnedExpired => pinned(authority.sign_expired(HOST)),
            Form::PinnedOtherName => pinned(authority.sign("elsewhere.test")),
            Form::V1Client => {
                let client = OpenSsl::authority("P-256").sign_version_1("client");
                Self { server: authority.sign(HOST), trusted: authority.pem, client: Some(client) }
            }
        }
    }

    fn by_openssl(curve: &str) -> Self {
        let authority = OpenSsl::authority(curve);
        Self { server: authority.sign_with_sha512(HOST), trusted: authority.pem(), client: None }
    }

    /// The server, which demands the client's certificate if the client has one.
    pub(super) fn server(&self) -> ServerConfig {
        match &self.client {
            None => self.server.server(None),
            Some(client) => {
                let der = CertificateDer::from_pem_slice(client.certificate.as_bytes()).expect("it is PEM");
                self.server.server_that_asks(Arc::new(This(der)))
            }
        }
    }

    /// What stands in manifests for these certificates, and what takes its place inside JSON.
    pub(super) fn texts(&self) -> Vec<(&'static str, String)> {
        let json = |pem: &str| pem.replace('\n', "\\n");
        let mut texts = vec![("@CA@", json(&self.trusted))];
        if let Some(client) = &self.client {
            texts.push(("@CLIENT_CERTIFICATE@", json(&client.certificate)));
            texts.push(("@CLIENT_KEY@", json(&client.key)));
        }
        texts
    }
}

/// Takes this client certificate and no other, whatever its form. That the client has the key is not looked at.
#[derive(Debug)]
struct This(CertificateDer<'static>);

impl ClientCertVerifier for This {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *shown == self.0 {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::General("another one".into()))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
