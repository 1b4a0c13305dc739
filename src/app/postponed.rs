//! Postponed reconciles are kept in the outbox.

use std::sync::Arc;

use campanile_domain::PostponedReconcile;
use campanile_outbox::{Outbox, Reply};
use campanile_protocol::{PostponedStore, StoreReply};

/// The outbox, as the postponer sees it.
pub(super) struct OutboxStore(pub(super) Arc<dyn Outbox>);

impl PostponedStore for OutboxStore {
    fn all(&self) -> StoreReply<Vec<(i64, PostponedReconcile)>> {
        told(self.0.reconciles())
    }

    fn store(&self, reconciles: Vec<PostponedReconcile>) -> StoreReply<Vec<i64>> {
        told(self.0.postpone(reconciles))
    }

    fn remove(&self, numbers: Vec<i64>) {
        // It waits in memory until the disk takes it.
        drop(self.0.settle_reconciles(numbers));
    }
}

fn told<T: Send + 'static>(reply: Reply<T>) -> StoreReply<T> {
    Box::pin(async move { reply.await.map_err(|error| error.to_string()) })
}
