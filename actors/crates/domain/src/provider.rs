//! The `spec` of a Provider, which says where notifications go, as the user wrote it.

use std::sync::Arc;
use std::time::Duration;

use crate::{ObjectKey, ProviderClass, ProviderType};

/// A Provider as the user wrote it: references to Secrets are names, nothing is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSpec {
    /// Namespace and name of the Provider. All its Secrets live in that namespace.
    pub key: ObjectKey,
    /// The uid of the Provider object.
    pub uid: Arc<str>,
    /// The generation of its `spec`, from 1.
    pub generation: i64,
    /// `spec.type` as written; [`ProviderSpec::kind`] says whether it is known.
    pub type_name: String,
    /// `spec.address`, untrimmed; empty if unset.
    pub address: String,
    /// The value of `spec.channel`; empty if unset.
    pub channel: String,
    /// The value of `spec.username`; empty if unset.
    pub username: String,
    /// `spec.timeout`; none means the default of 15 s, as does zero.
    pub timeout: Option<Duration>,
    /// Deprecated `spec.proxy`; empty if unset.
    pub proxy: String,
    /// Name of the Secret with credentials.
    pub secret_ref: Option<String>,
    /// Name of the Secret with TLS material.
    pub cert_secret_ref: Option<String>,
    /// Name of the Secret with the proxy.
    pub proxy_secret_ref: Option<String>,
    /// The value of `spec.serviceAccountName`; empty if unset.
    pub service_account: String,
    /// Whether the Provider is switched off.
    pub suspend: bool,
    /// CEL expression of the commit status's name.
    pub commit_status_expr: Option<String>,
    /// The object as written (`apiVersion`, `kind`, `metadata`, `spec`) in JSON, which the expression may ask for. Empty
    /// where there is none.
    pub object: Arc<str>,
}

/// `spec.timeout` where the user gave none, or zero (contract, providers 10).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

impl ProviderSpec {
    /// The type, if this program knows it.
    pub fn kind(&self) -> Option<ProviderType> {
        ProviderType::named(&self.type_name)
    }

    /// Whether this Provider writes commit statuses.
    pub fn writes_commit_status(&self) -> bool {
        self.kind().is_some_and(|kind| kind.class() == ProviderClass::CommitStatus)
    }

    /// Whether `Progressing` is a state that the host shows (contract, providers 17.1).
    pub fn shows_progress(&self) -> bool {
        self.kind().is_some_and(ProviderType::shows_progress)
    }

    /// The time that one round of attempts may take.
    pub fn effective_timeout(&self) -> Duration {
        self.timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(DEFAULT_TIMEOUT)
    }

    /// Keys of all Secrets that this Provider names.
    pub fn secret_keys(&self) -> impl Iterator<Item = ObjectKey> + '_ {
        [&self.secret_ref, &self.cert_secret_ref, &self.proxy_secret_ref]
            .into_iter()
            .flatten()
            .map(|name| ObjectKey::new(self.key.namespace.clone(), name.as_str()))
    }
}
