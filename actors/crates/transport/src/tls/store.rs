//! One TLS configuration for each distinct set of trust, shared by all clients that use it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use campanile_domain::TlsMaterial;
use campanile_tls::{crypto_provider, parse_ca, parse_pair};
use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use rustls_pki_types::CertificateDer;

use super::own::OwnCertificate;
use super::verifier::RootsVerifier;
use crate::limits::MAX_TRUST_SETS;
use crate::{Environment, TransportError};

/// All trust sets of the process: the system's roots, loaded at first use, and those of Secrets.
pub(crate) struct TrustStore {
    cert_file: Option<PathBuf>,
    cert_dirs: Vec<PathBuf>,
    provider: Arc<CryptoProvider>,
    system: OnceLock<Option<Arc<RootsVerifier>>>,
    /// Most recently used last. A set that is pushed out lives on in the clients that hold it.
    sets: Mutex<VecDeque<(Option<TlsMaterial>, Arc<ClientConfig>)>>,
}

impl TrustStore {
    /// A store that takes the system's roots from where `environment` says.
    pub(crate) fn new(environment: Environment) -> Self {
        let folders = environment.cert_dir.as_deref().map(std::env::split_paths);
        let folders = folders.into_iter().flatten().filter(|dir| !dir.as_os_str().is_empty());
        Self {
            cert_dirs: folders.collect(),
            cert_file: environment.cert_file,
            provider: crypto_provider(),
            system: OnceLock::new(),
            sets: Mutex::new(VecDeque::new()),
        }
    }

    /// The configuration for `material`; without any it is the system's trust and no client certificate.
    ///
    /// # Errors
    /// [`TransportError::Ca`] and [`TransportError::Pair`] as the contract words them (providers 6).
    pub(crate) fn config(&self, material: Option<&TlsMaterial>) -> Result<Arc<ClientConfig>, TransportError> {
        if let Some(known) = self.recall(material) {
            return Ok(known);
        }
        let config = Arc::new(self.build(material)?);
        let mut sets = self.sets.lock();
        if sets.len() >= MAX_TRUST_SETS {
            sets.pop_front();
        }
        sets.push_back((material.cloned(), Arc::clone(&config)));
        Ok(config)
    }

    fn recall(&self, material: Option<&TlsMaterial>) -> Option<Arc<ClientConfig>> {
        let mut sets = self.sets.lock();
        let position = sets.iter().position(|(known, _)| known.as_ref() == material)?;
        let set = sets.remove(position)?;
        let config = Arc::clone(&set.1);
        sets.push_back(set);
        Some(config)
    }

    fn build(&self, material: Option<&TlsMaterial>) -> Result<ClientConfig, TransportError> {
        let verifier = match material.and_then(|material| material.ca.as_deref()) {
            Some(pem) => {
                let roots = parse_ca(pem);
                if roots.is_empty() {
                    return Err(TransportError::Ca);
                }
                self.verifier(roots)
            }
            None => self.system_verifier(),
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(TransportError::TlsSetup)?;
        let builder = match verifier {
            Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
            None => builder.with_root_certificates(RootCertStore::empty()),
        };
        let pair = material.and_then(|material| material.pair.as_ref());
        let own = pair.map(|(certificate, key)| parse_pair(certificate, key, &self.provider)).transpose();
        let own = OwnCertificate(own.map_err(TransportError::Pair)?.map(Arc::new));
        let mut config = builder.with_client_cert_resolver(Arc::new(own));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// None where no root is usable: webpki then has nothing to build on, and every server is to be refused.
    fn verifier(&self, roots: Vec<CertificateDer<'static>>) -> Option<Arc<RootsVerifier>> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let provider = Arc::clone(&self.provider);
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build().ok()?;
        Some(Arc::new(RootsVerifier::new(roots, webpki)))
    }

    fn system_verifier(&self) -> Option<Arc<RootsVerifier>> {
        let load = || {
            let found = self.load_system_roots();
            let problem = found.errors.first().map(ToString::to_string).unwrap_or_default();
            let verifier = self.verifier(found.certs);
            if verifier.is_none() {
                tracing::warn!(
                    problem,
                    "no trusted certificates found on this system: https needs SSL_CERT_FILE, SSL_CERT_DIR or a \
                     certificate Secret"
                );
            }
            verifier
        };
        self.system.get_or_init(load).clone()
    }

    fn load_system_roots(&self) -> CertificateResult {
        if self.cert_file.is_none() && self.cert_dirs.is_empty() {
            return load_native_certs();
        }
        let mut found = load_certs_from_paths(self.cert_file.as_deref(), None);
        for folder in &self.cert_dirs {
            let more = load_certs_from_paths(None, Some(folder));
            found.certs.extend(more.certs);
            found.errors.extend(more.errors);
        }
        found
    }
}
