//! A certificate authority for tests.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ECDSA_P521_SHA512, SanType,
    date_time_ymd,
};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A CA and its key.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    own: Leaf,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::from_params(params)
    }

    /// A CA whose own certificate is no longer valid.
    pub(crate) fn expired() -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(2020, 1, 1);
        Self::from_params(params)
    }

    /// A CA with a key on P-521, which signs with SHA-512.
    pub(crate) fn on_p521() -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::from_key(params, KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap())
    }

    fn from_params(params: CertificateParams) -> Self {
        Self::from_key(params, KeyPair::generate().unwrap())
    }

    fn from_key(params: CertificateParams, key: KeyPair) -> Self {
        let certificate = params.self_signed(&key).unwrap().pem();
        let own = Leaf { certificate, key: key.serialize_pem() };
        Self { issuer: Issuer::new(params, key), own }
    }

    /// The CA's certificate in PEM.
    pub(crate) fn pem(&self) -> String {
        self.own.certificate.clone()
    }

    /// The CA's certificate and key, to be used by a server itself.
    pub(crate) fn own(&self) -> Leaf {
        self.own.clone()
    }

    /// A certificate for `localhost` and 127.0.0.1.
    pub(crate) fn leaf(&self) -> Leaf {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
        self.sign(&params)
    }

    /// The same with a key on P-521.
    pub(crate) fn leaf_on_p521(&self) -> Leaf {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Leaf { certificate, key: key.serialize_pem() }
    }

    pub(crate) fn leaf_for(&self, name: &str) -> Leaf {
        self.sign(&CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    pub(crate) fn expired_leaf(&self) -> Leaf {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Leaf { certificate, key: key.serialize_pem() }
    }
}

impl Leaf {
    /// A server that shows this certificate.
    pub(crate) fn server(&self) -> ServerConfig {
        self.build(rustls::ALL_VERSIONS, None)
    }

    /// A server of one TLS version that wants a client certificate signed by `ca`.
    pub(crate) fn demanding_server(
        &self,
        ca: &Authority,
        version: &'static SupportedProtocolVersion,
    ) -> ServerConfig {
        self.build(&[version], Some(ca))
    }

    fn build(&self, versions: &[&'static SupportedProtocolVersion], ca: Option<&Authority>) -> ServerConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap();
        let builder = match ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = vec![CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()];
        builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()).unwrap()
    }
}
