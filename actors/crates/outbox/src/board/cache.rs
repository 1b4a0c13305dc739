//! Fresh deliveries that nobody has taken yet, kept whole so that a take needs no disk.
//!
//! Bounded by weight, where an event weighs once, as long as any of its deliveries is here. The oldest leave first,
//! because what is fresh is taken soonest, and what has been here for long belongs to a destination that is down.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use campanile_domain::Delivery;

use crate::Lease;

/// Whole deliveries by the numbers of their rows.
pub(super) struct Cache {
    entries: BTreeMap<i64, Lease>,
    /// How many deliveries hold each event, by its address, which is its own as long as they do.
    holders: HashMap<usize, usize>,
    weight: usize,
    budget: usize,
}

impl Cache {
    /// An empty cache that holds at most `budget` bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self { entries: BTreeMap::new(), holders: HashMap::new(), weight: 0, budget }
    }

    /// Keeps a delivery in the cache.
    pub(super) fn put(&mut self, lease: Lease) {
        let delivery = &lease.delivery;
        if delivery.event.weight() + plan_weight(delivery) > self.budget {
            return;
        }
        self.weight += plan_weight(delivery);
        let holders = self.holders.entry(Arc::as_ptr(&delivery.event).addr()).or_insert(0);
        *holders += 1;
        if *holders == 1 {
            self.weight += delivery.event.weight();
        }
        self.entries.insert(delivery.id.0.number(), lease);
        while self.weight > self.budget {
            let Some((_, oldest)) = self.entries.pop_first() else { break };
            self.lighten(&oldest.delivery);
        }
    }

    /// Hands a delivery out: whoever leases it keeps it, and a later take reads it from disk.
    pub(super) fn remove(&mut self, id: i64) -> Option<Lease> {
        let lease = self.entries.remove(&id)?;
        self.lighten(&lease.delivery);
        Some(lease)
    }

    /// Takes the weight of a delivery that has left.
    fn lighten(&mut self, delivery: &Delivery) {
        self.weight -= plan_weight(delivery);
        let event = Arc::as_ptr(&delivery.event).addr();
        let Some(holders) = self.holders.get_mut(&event) else { return };
        *holders -= 1;
        if *holders == 0 {
            self.holders.remove(&event);
            self.weight -= delivery.event.weight();
        }
    }
}

fn plan_weight(delivery: &Delivery) -> usize {
    let plan = &delivery.plan;
    let metadata: usize = plan.metadata.iter().map(|(key, value)| key.len() + value.len() + 48).sum();
    let status = plan.commit_status.as_ref().map_or(0, String::len);
    size_of::<(Lease, usize)>() * 2 + plan.alert.uid.len() + plan.lane.len() + metadata + status
}

#[cfg(test)]
mod tests {
    use campanile_domain::DeliveryId;
    use campanile_testkit::{event, new_delivery, noon};
    use tracing::Span;

    use super::*;

    fn lease(id: i64) -> Lease {
        let event = Arc::new(event());
        let delivery = Delivery {
            id: DeliveryId::numbered(id),
            event,
            plan: new_delivery(),
            accepted_at: noon(),
            attempts: 0,
        };
        Lease { delivery, append: Span::none() }
    }

    #[test]
    fn the_oldest_leave_when_the_budget_is_spent_and_all_weight_comes_back() {
        let mut cache = Cache::new(10_000);
        for id in 1..=100 {
            cache.put(lease(id));
            assert!(cache.weight <= 10_000);
        }
        assert!(cache.remove(1).is_none());
        assert_eq!(cache.remove(100).map(|lease| lease.delivery), Some(lease(100).delivery));
        for id in 1..100 {
            cache.remove(id);
        }
        assert_eq!((cache.weight, cache.holders.len()), (0, 0));
    }

    #[test]
    fn an_event_weighs_once_until_its_last_delivery_has_left() {
        let mut cache = Cache::new(100_000);
        let first = lease(1);
        let mut second = first.clone();
        second.delivery.id = DeliveryId::numbered(2);
        cache.put(second);
        let alone = cache.weight;
        let event = first.delivery.event.weight();
        cache.put(first);
        assert_eq!(cache.weight, 2 * alone - event);
        cache.remove(1);
        assert_eq!(cache.weight, alone, "the other still holds it");
        cache.remove(2);
        assert_eq!(cache.weight, 0);
    }
}
