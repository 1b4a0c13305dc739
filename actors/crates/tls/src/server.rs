//! The TLS of listeners: own certificate and judgement of clients, both of which can be exchanged while it runs.
//!
//! A client is judged in the handshake, so that one that is not authorised gets no answer of HTTP; one that shows no certificate
//! does where that is [`ClientCertificates::Optional`]. No session is resumed: a
//! client that was let in once is judged again, by what is in force then.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::{PairError, SpiffeId, SpiffeRule, crypto_provider, parse_ca, parse_pair};

/// PEM texts of a listener.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerMaterial {
    /// The chain, the server's own certificate first.
    pub certificate: Vec<u8>,
    /// The private key of the certificate, as PEM.
    pub key: Vec<u8>,
    /// Those that may sign clients' certificates; none asks clients for no certificate.
    pub client_ca: Option<Vec<u8>>,
}

/// The cause for which a listener cannot speak TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerTlsError {
    /// The certificate and its key.
    #[error("use the certificate of --tls-cert-file with the key of --tls-key-file: {0}")]
    Pair(#[from] PairError),
    /// The authorities that sign clients' certificates.
    #[error("use --tls-client-ca-file: no certificate found in its PEM text")]
    ClientCa,
    /// A rule speaks of the own trust domain.
    #[error(
        "authorise ids of the domain self: the certificate of --tls-cert-file has no SPIFFE id, so there is no own domain; \
         write the domain's name"
    )]
    NoOwnDomain,
    /// TLS cannot be set up at all.
    #[error("set up TLS on this machine")]
    Setup,
}

/// The rule for clients that show no certificate, where there are authorities for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Clients without a certificate are refused.
    Required,
    /// They are let in, for whoever knows another way to tell them apart.
    Optional,
}

/// The state that all TLS listeners share.
#[derive(Clone)]
pub struct ServerTls {
    current: Arc<ArcSwap<Current>>,
    provider: Arc<CryptoProvider>,
    needs_own_domain: bool,
}

/// The certificates that are in force.
#[derive(Debug)]
struct Current {
    own: Arc<CertifiedKey>,
    own_domain: Option<String>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

impl ServerTls {
    /// TLS by `material`. `needs_own_domain` says whether a rule speaks of the own trust domain.
    ///
    /// # Errors
    /// [`ServerTlsError`] for what cannot be used.
    pub fn new(material: &ServerMaterial, needs_own_domain: bool) -> Result<Self, ServerTlsError> {
        let provider = crypto_provider();
        let current = Arc::new(ArcSwap::from_pointee(read(material, &provider, needs_own_domain)?));
        Ok(Self { current, provider, needs_own_domain })
    }

    /// Has new connections judged by `material`. Open ones live on.
    ///
    /// # Errors
    /// As for [`new`](Self::new); then what was in force stays.
    pub fn replace(&self, material: &ServerMaterial) -> Result<(), ServerTlsError> {
        self.current.store(Arc::new(read(material, &self.provider, self.needs_own_domain)?));
        Ok(())
    }

    /// The configuration of a listener whose clients must have one of the ids that `rules` allow; no rule allows every client
    /// whose certificate is trusted, and every client at all without authorities for clients.
    ///
    /// # Errors
    /// [`ServerTlsError::Setup`], which the versions that are built in do not give.
    pub fn config(
        &self,
        rules: Vec<SpiffeRule>,
        certificates: ClientCertificates,
    ) -> Result<ServerConfig, ServerTlsError> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|_| ServerTlsError::Setup)?;
        let builder = match self.current.load().clients {
            None => builder.with_no_client_auth(),
            Some(_) => {
                let (current, provider) = (self.current.clone(), self.provider.clone());
                let judge = Judge { current, provider, rules, certificates };
                builder.with_client_cert_verifier(Arc::new(judge))
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(Own(self.current.clone())));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

fn read(
    material: &ServerMaterial,
    provider: &Arc<CryptoProvider>,
    needs_own_domain: bool,
) -> Result<Current, ServerTlsError> {
    let own = Arc::new(parse_pair(&material.certificate, &material.key, provider)?);
    let id = own.end_entity_cert().ok().and_then(SpiffeId::of);
    let own_domain = id.map(|id| id.domain().to_owned());
    if needs_own_domain && own_domain.is_none() {
        return Err(ServerTlsError::NoOwnDomain);
    }
    let clients = match &material.client_ca {
        None => None,
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(parse_ca(pem));
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            Some(verifier.build().map_err(|_| ServerTlsError::ClientCa)?)
        }
    };
    Ok(Current { own, own_domain, clients })
}

/// Shows the certificate that is in force.
#[derive(Debug)]
struct Own(Arc<ArcSwap<Current>>);

impl ResolvesServerCert for Own {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().own.clone())
    }
}

/// Judges clients by the authorities that are in force, and by their ids.
#[derive(Debug)]
struct Judge {
    current: Arc<ArcSwap<Current>>,
    provider: Arc<CryptoProvider>,
    rules: Vec<SpiffeRule>,
    certificates: ClientCertificates,
}

impl Judge {
    fn authorise(&self, certificate: &CertificateDer<'_>, own: Option<&str>) -> Result<(), Error> {
        let id = SpiffeId::of(certificate);
        if self.rules.is_empty()
            || id.as_ref().is_some_and(|id| self.rules.iter().any(|rule| rule.allows(id, own)))
        {
            return Ok(());
        }
        let id = id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        tracing::warn!(
            client = id,
            "a client was refused: its SPIFFE id is not among those that flags authorise"
        );
        Err(CertificateError::ApplicationVerificationFailure.into())
    }
}

impl ClientCertVerifier for Judge {
    fn client_auth_mandatory(&self) -> bool {
        self.certificates == ClientCertificates::Required
    }

    /// None: they would be those of the start.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let current = self.current.load();
        let clients = current.clients.as_ref().ok_or(CertificateError::ApplicationVerificationFailure)?;
        let verified = clients.verify_client_cert(end_entity, intermediates, now)?;
        self.authorise(end_entity, current.own_domain.as_deref())?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
