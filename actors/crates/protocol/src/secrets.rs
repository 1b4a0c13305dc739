//! Dispatcher to watcher: the contents of Secrets, on demand.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::Message;
use campanile_domain::{ObjectKey, ObjectNameError, Secret};

/// Asks for Secrets. The answer has an entry for each key.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "Secrets")]
pub struct ReadSecrets(pub Vec<ObjectKey>);

/// Secrets by key. They are kept in memory only.
pub type Secrets = BTreeMap<ObjectKey, Result<Arc<Secret>, SecretError>>;

/// Errors for which a Secret cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no Secret of that name.
    #[error("secret '{0}' not found")]
    NotFound(ObjectKey),
    /// No Secret can have that name; the API server is not asked.
    #[error("secret '{key}': {source}")]
    Name {
        /// The key under which it was named.
        key: ObjectKey,
        /// The rule that the name breaks.
        source: ObjectNameError,
    },
    /// It exists but its data is no base64, or the API server refused.
    #[error("secret '{key}': {cause}")]
    Unreadable {
        /// Namespace and name of the Secret.
        key: ObjectKey,
        /// The cause, without the Secret's contents.
        cause: String,
    },
}
