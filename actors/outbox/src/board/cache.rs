//! Fresh deliveries that nobody has taken yet, kept whole so that a take needs no disk.
//!
//! Bounded by weight; the oldest leave first, because what is fresh is taken soonest, and what has been here for long
//! belongs to a destination that is down.

use std::collections::BTreeMap;

use campanile_domain::{Delivery, DeliveryId};

/// Whole deliveries by number.
pub(super) struct Cache {
    entries: BTreeMap<DeliveryId, (Delivery, usize)>,
    weight: usize,
    budget: usize,
}

impl Cache {
    /// An empty cache that holds at most `budget` bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self { entries: BTreeMap::new(), weight: 0, budget }
    }

    /// Keeps a delivery whose event has `siblings` deliveries in all.
    pub(super) fn put(&mut self, delivery: Delivery, siblings: usize) {
        let weight = delivery.event.weight() / siblings.max(1) + plan_weight(&delivery);
        if weight > self.budget {
            return;
        }
        self.weight += weight;
        self.entries.insert(delivery.id, (delivery, weight));
        while self.weight > self.budget {
            let Some((_, (_, weight))) = self.entries.pop_first() else { break };
            self.weight -= weight;
        }
    }

    /// Hands a delivery out: whoever leases it keeps it, and a later take reads it from disk.
    pub(super) fn remove(&mut self, id: i64) -> Option<Delivery> {
        let (delivery, weight) = self.entries.remove(&DeliveryId(id))?;
        self.weight -= weight;
        Some(delivery)
    }
}

fn plan_weight(delivery: &Delivery) -> usize {
    let plan = &delivery.plan;
    let metadata: usize = plan.metadata.iter().map(|(key, value)| key.len() + value.len() + 48).sum();
    let status = plan.commit_status.as_ref().map_or(0, String::len);
    size_of::<(Delivery, usize)>() * 2 + plan.alert.uid.len() + plan.lane.len() + metadata + status
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use campanile_testkit::{event, new_delivery, noon};

    use super::*;

    fn delivery(id: i64) -> Delivery {
        Delivery {
            id: DeliveryId(id),
            event: Arc::new(event()),
            plan: new_delivery(),
            accepted_at: noon(),
            attempts: 0,
        }
    }

    #[test]
    fn the_oldest_leave_when_the_budget_is_spent_and_all_weight_comes_back() {
        let mut cache = Cache::new(10_000);
        for id in 1..=100 {
            cache.put(delivery(id), 1);
            assert!(cache.weight <= 10_000);
        }
        assert_eq!(cache.remove(1), None);
        assert_eq!(cache.remove(100), Some(delivery(100)));
        for id in 1..100 {
            cache.remove(id);
        }
        assert_eq!(cache.weight, 0);
    }
}
