//! The postponed reconcile: a verified webhook asked for it, and the API server did not take it yet.

use jiff::Timestamp;

use crate::ObjectKey;

/// A request to reconcile as it is stored. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostponedReconcile {
    /// What waits, as people read it. Two of the same name ask for the same, so the newer one is enough.
    pub resource: String,
    /// The Receiver whose webhook asked.
    pub receiver: ObjectKey,
    /// When it asked. A store keeps it to the microsecond.
    pub accepted_at: Timestamp,
    /// What is to be done, as JSON.
    pub request: String,
}
