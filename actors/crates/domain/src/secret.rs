//! Secrets: kept in memory only, and never printed.

use std::collections::BTreeMap;
use std::fmt;

use crate::ObjectKey;

/// A Kubernetes Secret with its data, decoded from base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Namespace and name of the Secret.
    pub key: ObjectKey,
    /// Its type, for example `Opaque` or `kubernetes.io/tls`; may be empty.
    pub type_name: String,
    /// The raw values of the Secret by key.
    pub data: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("key", &self.key)
            .field("type", &self.type_name)
            .field("data", &self.data.keys())
            .finish()
    }
}
