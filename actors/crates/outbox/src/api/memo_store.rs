//! Memos: hashes of what destinations are known to show, worth a request but never a delivery.

use campanile_domain::ObjectKey;

use super::Reply;

/// Keeps a memo for each Provider. Entries are (place, look), two hashes that mean something to the caller alone.
pub trait MemoStore: Send + Sync {
    /// The memo of `provider`: what it was told to [`remember`](MemoStore::remember), oldest first, at most
    /// [`MEMO_BOUND`](crate::MEMO_BOUND). Entries that cannot be read are left out.
    fn recall(&self, provider: &ObjectKey) -> Reply<Vec<(u128, u128)>>;

    /// Notes in the memo of `provider` what stands at `place`, or forgets it (`None`). Calls take effect in their order; the
    /// reply says when it is durable, with the next group, and dropping it is fine. The memo goes when the provider's
    /// deliveries become dead letters because it was deleted.
    ///
    /// # Errors
    /// [`OutboxError::Full`](crate::OutboxError::Full) if too many notes wait for the disk.
    fn remember(&self, provider: &ObjectKey, place: u128, look: Option<u128>) -> Reply<()>;
}
