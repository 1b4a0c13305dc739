//! The rules of dead letters.

use std::collections::BTreeMap;

use campanile_domain::{DeliveryId, Failure, FailureClass, ObjectKey};
use jiff::Timestamp;

use super::model::Model;
use super::record::{AT_ONCE, ModelRecord};
use crate::{DeliveryState, reasons};

impl Model {
    pub(super) fn dead_letter_all(
        &mut self,
        provider: &ObjectKey,
        failure: &Failure,
        now: Timestamp,
    ) -> usize {
        let mut died = 0;
        for record in self.records.values_mut().filter(|record| record.is_of(provider) && record.waits()) {
            record.die(failure.clone(), now);
            died += 1;
        }
        self.drop_surplus();
        if failure.class == FailureClass::ProviderDeleted {
            self.memos.remove(provider);
        }
        died
    }

    pub(super) fn expire(&mut self, now: Timestamp) -> BTreeMap<ObjectKey, usize> {
        let mut expired = BTreeMap::new();
        for record in self.records.values_mut() {
            if record.waits() && record.delivery.plan.deadline <= now {
                record.die(reasons::expired(), now);
                *expired.entry(record.delivery.plan.provider.clone()).or_default() += 1;
            }
        }
        self.drop_surplus();
        expired
    }

    pub(super) fn prune(&mut self, now: Timestamp) {
        let retention = self.bounds.retention;
        self.records
            .retain(|_, record| !record.is_dead() || now.duration_since(record.at) < to_signed(retention));
        self.drop_surplus();
    }

    /// Removes dead letters; returns how many.
    pub(super) fn discard(&mut self, ids: &[DeliveryId]) -> usize {
        let before = self.records.len();
        self.records.retain(|id, record| !record.is_dead() || !ids.contains(id));
        before - self.records.len()
    }

    /// Puts dead letters back, but for outdated ones; returns how many, and their providers.
    pub(super) fn redrive(&mut self, ids: Vec<DeliveryId>, deadline: Timestamp) -> (usize, Vec<ObjectKey>) {
        let mut providers = Vec::new();
        for id in ids {
            let wanted = |record: &ModelRecord| record.is_dead() && self.newer(record).next().is_none();
            if !self.records.get(&id).is_some_and(wanted) {
                continue;
            }
            if let Some(record) = self.records.get_mut(&id) {
                (record.state, record.at, record.failure) = (DeliveryState::Ready, AT_ONCE, None);
                record.delivery.attempts = 0;
                record.delivery.plan.deadline = deadline;
                providers.push(record.delivery.plan.provider.clone());
            }
        }
        self.supersede();
        (providers.len(), providers)
    }
}

fn to_signed(duration: std::time::Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}
