//! Webhooks from outside that ask for a reconcile.

use std::sync::Arc;

use crate::ObjectKey;

/// A Receiver, as far as it is read: nothing acts on it yet, and its status says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Namespace and name of the Receiver.
    pub key: ObjectKey,
    /// The object's uid.
    pub uid: Arc<str>,
    /// The spec's generation.
    pub generation: i64,
    /// Whether the Receiver is switched off.
    pub suspend: bool,
}
