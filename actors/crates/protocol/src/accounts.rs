//! Provider actors to watcher: what a Kubernetes service account is to a cloud, on demand.

use std::collections::BTreeMap;
use std::time::Duration;

use actix::Message;
use campanile_domain::ObjectKey;

/// Asks for the annotations of a service account.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "Result<BTreeMap<String, String>, AccountError>")]
pub struct ReadServiceAccount(pub ObjectKey);

/// Asks Kubernetes for a token of a service account (TokenRequest API). The answer is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "Result<String, AccountError>")]
pub struct RequestToken {
    /// Namespace and name of the service account.
    pub account: ObjectKey,
    /// Whom the token is for; at least one.
    pub audiences: Vec<String>,
    /// How long it lives; none means what the API server gives.
    pub expiration: Option<Duration>,
    /// Whether the account itself names the audiences. Then none may be the API server's: a token for that one is as good as
    /// the account's rights in the cluster, and is not handed to a cloud.
    pub named_by_account: bool,
}

/// Errors for which a service account cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no service account of that name.
    #[error("service account '{0}' not found; create it")]
    NotFound(ObjectKey),
    /// The API server refuses to answer.
    #[error("service account '{account}': {cause}")]
    Refused {
        /// Namespace and name of the account.
        account: ObjectKey,
        /// What the API server says, with the remedy.
        cause: String,
    },
    /// The API server does not answer now.
    #[error("service account '{account}': {cause}")]
    Unreachable {
        /// Namespace and name of the account.
        account: ObjectKey,
        /// The transport's or the API server's error; it holds no token.
        cause: String,
    },
    /// There is no cluster to ask.
    #[error("service account '{0}': there is no cluster in standalone mode; remove spec.serviceAccountName")]
    NoCluster(ObjectKey),
}
