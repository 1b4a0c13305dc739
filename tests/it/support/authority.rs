//! A certificate authority, and what it signs.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

/// A CA.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Leaf {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    /// A CA of this name. Two of one name are not the same CA.
    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are no wrong names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let pem = params.self_signed(&key).expect("a certificate can be signed").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a host name or address, or for a client of that name.
    pub(crate) fn sign(&self, name: &str) -> Leaf {
        self.sign_all(&[name])
    }

    /// A certificate for these names and the SPIFFE id of a workload.
    pub(crate) fn sign_for(&self, names: &[&str], id: &str) -> Leaf {
        let key = KeyPair::generate().expect("a key can be made");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("the names are some");
        params.subject_alt_names.push(SanType::URI(id.try_into().expect("an id is ASCII")));
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate can be signed");
        Leaf { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A certificate whose time is over.
    pub(crate) fn sign_expired(&self, name: &str) -> Leaf {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("the name is one");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate can be signed");
        Leaf { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A certificate for several names.
    pub(crate) fn sign_all(&self, names: &[&str]) -> Leaf {
        let key = KeyPair::generate().expect("a key can be made");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).expect("the names are some");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate can be signed");
        Leaf { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Leaf {
    /// A server that shows this certificate, and wants one of `clients` from its clients.
    pub(crate) fn server(&self, clients: Option<&Authority>) -> ServerConfig {
        let verifier = match clients {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(certificate(&authority.pem)).expect("the CA is sound");
                let provider = Arc::new(aws_lc_rs::default_provider());
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                verifier.expect("there is a root")
            }
        };
        self.server_that_asks(verifier)
    }

    /// A server that shows this certificate, and judges those of its clients by `verifier`.
    pub(crate) fn server_that_asks(&self, verifier: Arc<dyn ClientCertVerifier>) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_client_cert_verifier(verifier);
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("the key is PEM");
        builder.with_single_cert(vec![certificate(&self.certificate)], key).expect("they belong together")
    }
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("the certificate is PEM")
}
