//! Postponed reconciles: what webhooks asked for while the API server was away.

use campanile_domain::PostponedReconcile;

use super::Reply;

/// Keeps postponed reconciles by number. How many there may be, and which of them is enough, is for the caller to say.
pub trait ReconcileStore: Send + Sync {
    /// All that are stored, oldest first. One that cannot be read is counted as damaged, told in the log, and removed.
    fn reconciles(&self) -> Reply<Vec<(i64, PostponedReconcile)>>;

    /// Stores these, all or none; answered with their numbers, which ascend, when they are durable.
    ///
    /// # Errors
    /// Those of an append: [`OutboxError::Full`](crate::OutboxError::Full) where the disk is down to its reserve.
    fn postpone(&self, reconciles: Vec<PostponedReconcile>) -> Reply<Vec<i64>>;

    /// Removes the ones of these numbers. The reply says when that is durable, with the next group, and dropping it is fine.
    fn settle_reconciles(&self, numbers: Vec<i64>) -> Reply<()>;
}
