//! Webhooks from outside that ask for a reconcile, as the user wrote them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::{ObjectKey, ReceiverType};

/// A Receiver as the user wrote it: nothing is compiled, and what it names is not resolved (contract, receivers 1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverSpec {
    /// Namespace and name of the Receiver.
    pub key: ObjectKey,
    /// The uid of the Receiver object.
    pub uid: Arc<str>,
    /// The generation of its `spec`, from 1.
    pub generation: i64,
    /// `spec.type` as written; [`ReceiverSpec::kind`] says whether it is known.
    pub type_name: String,
    /// `spec.interval`; none means the default of 10 minutes.
    pub interval: Option<Duration>,
    /// The events to act on, as the type names them; all if empty.
    pub events: Vec<String>,
    /// The entries of `spec.resources`: what to reconcile.
    pub resources: Vec<ReceiverResource>,
    /// CEL expression that every resource must pass; none if unset or empty.
    pub resource_filter: Option<String>,
    /// Name of the Secret with the token, in the Receiver's namespace.
    pub secret_ref: Option<String>,
    /// The issuers whose tokens are taken, for `generic-oidc`.
    pub oidc_providers: Vec<OidcProvider>,
    /// Whether the Receiver is switched off.
    pub suspend: bool,
    /// Whether Alerts may notify of its webhooks: the annotation [`NOTIFY`] is `true`.
    pub notify: bool,
}

/// The annotation with which a Receiver's webhooks become events.
pub const NOTIFY: &str = "notification.campanile.dev/notify";

/// `spec.interval` where the user gave none (contract, receivers 1.1).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(600);

impl ReceiverSpec {
    /// The type, if this program knows it.
    pub fn kind(&self) -> Option<ReceiverType> {
        ReceiverType::named(&self.type_name)
    }

    /// The interval at which the Receiver is looked at again.
    pub fn effective_interval(&self) -> Duration {
        self.interval.unwrap_or(DEFAULT_INTERVAL)
    }

    /// Key of the Secret with the token.
    pub fn secret_key(&self) -> Option<ObjectKey> {
        Some(ObjectKey::new(self.key.namespace.clone(), self.secret_ref.as_deref()?))
    }
}

/// One entry of `spec.resources`: objects by kind, name and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverResource {
    /// Group and version; none means that of the kind's default.
    pub api_version: Option<String>,
    /// The kind of the objects, used literally.
    pub kind: String,
    /// The name, or `*` for all that [`match_labels`](Self::match_labels) selects.
    pub name: String,
    /// The namespace; none means the Receiver's.
    pub namespace: Option<String>,
    /// Labels for `*`. `Some` of an empty map selects everything.
    pub match_labels: Option<BTreeMap<String, String>>,
    /// CEL expression that a resource of this entry must pass; none if unset or empty.
    pub filter: Option<String>,
}

impl ReceiverResource {
    /// The name that stands for every object that the labels select.
    pub const WILDCARD: &str = "*";

    /// Whether the entry selects by labels.
    pub fn is_wildcard(&self) -> bool {
        self.name == Self::WILDCARD
    }

    /// Group and version of a kind where an entry names none; none if it has to (contract, receivers 7).
    pub fn default_api_version(kind: &str) -> Option<&'static str> {
        match kind {
            "Bucket" | "GitRepository" | "HelmChart" | "HelmRepository" | "OCIRepository" => {
                Some("source.toolkit.fluxcd.io/v1")
            }
            "ImageRepository" => Some("image.toolkit.fluxcd.io/v1"),
            "ArtifactGenerator" => Some("source.extensions.fluxcd.io/v1beta1"),
            _ => None,
        }
    }
}

/// One entry of `spec.oidcProviders`. What is missing is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    /// The issuer, as tokens name it.
    pub issuer_url: String,
    /// The audience that tokens must name; none means `notification-controller`.
    pub audience: Option<String>,
    /// Expressions over `claims`, in order; later ones see earlier ones as `vars.<name>`.
    pub variables: Vec<OidcVariable>,
    /// Expressions over `claims` and `vars`, of which all must be true.
    pub validations: Vec<OidcValidation>,
}

/// A named expression over the claims of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcVariable {
    /// The name of the variable in later expressions.
    pub name: String,
    /// The CEL expression of the variable.
    pub expression: String,
}

/// A demand on a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcValidation {
    /// The CEL expression that must be true.
    pub expression: String,
    /// What to log if it is false.
    pub message: String,
}
