//! The bound on the fan-out of one event: how many deliveries it may make.

use std::collections::HashMap;
use std::sync::Arc;

use campanile_domain::NewDelivery;

/// Deliveries of one event in all.
pub(super) const MOST: usize = 10_000;
/// Deliveries of one event to the Providers of one namespace.
pub(super) const MOST_OF_A_NAMESPACE: usize = 2_000;

/// Counts the deliveries of an event by namespace, once there are so many that one could have too many.
#[derive(Default)]
pub(super) struct FanOut {
    by_namespace: HashMap<Arc<str>, usize>,
}

impl FanOut {
    /// Whether another delivery to a Provider in `namespace` may join `deliveries`, which were all let pass here.
    pub(super) fn takes(&mut self, namespace: &Arc<str>, deliveries: &[NewDelivery]) -> bool {
        if deliveries.len() < MOST_OF_A_NAMESPACE {
            return true;
        }
        if self.by_namespace.is_empty() {
            for delivery in deliveries {
                *self.by_namespace.entry(delivery.provider.namespace.clone()).or_default() += 1;
            }
        }
        let count = self.by_namespace.entry(namespace.clone()).or_default();
        if deliveries.len() >= MOST || *count >= MOST_OF_A_NAMESPACE {
            return false;
        }
        *count += 1;
        true
    }
}
