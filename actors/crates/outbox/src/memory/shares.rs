//! The rules of room, in their plainest form.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::Event;
use jiff::Timestamp;

use super::model::Model;
use super::record::ModelRecord;
use crate::api::Room;
use crate::{OutboxError, Unplanned, codec, reasons};

impl Model {
    /// Makes room for `more` records, and refuses them if that cannot be done.
    pub(super) fn admit(&mut self, more: usize, now: Timestamp) -> Result<(), OutboxError> {
        let outcome = loop {
            let Err(full) = self.fits(more) else { break Ok(()) };
            if let Some(refusal) = self.refusal(more) {
                break Err(refusal);
            }
            if full == OutboxError::FULL_RECORDS {
                let most = self.most(ModelRecord::waits, |record| u64::from(!record.is_dead()));
                self.overflow_oldest_of(&most, now);
            } else {
                let most = self.most(|record| record.waits() || record.is_dead(), ModelRecord::weight);
                self.overflow_oldest_of(&most, now);
                self.drop_oldest_letter_of(&most);
            }
        };
        self.drop_surplus();
        outcome
    }

    /// Adds an event in the first round in which its namespace has no turn yet.
    pub(super) fn insert_unplanned(&mut self, waiting: Unplanned) {
        let rounds = || self.unplanned.values().map(|(round, waiting)| (*round, waiting));
        let first = rounds().map(|(round, _)| round).min().unwrap_or(0);
        let namespace = &waiting.event.involved_object.namespace;
        let of_one = rounds().filter(|(_, other)| other.event.involved_object.namespace == *namespace);
        let next = of_one.map(|(round, _)| round + 1).max().unwrap_or(0);
        self.unplanned.insert(waiting.id, (first.max(next), waiting));
    }

    /// Refuses an event without a plan if those of its namespace have their share.
    pub(super) fn admit_unplanned(&self, event: &Event) -> Result<(), OutboxError> {
        let (mut all, mut of_one) = (Room::default(), Room::default());
        for (_, Unplanned { event: other, .. }) in self.unplanned.values() {
            let bytes = codec::event_bytes(other).unwrap_or_default();
            all.add(bytes);
            if other.involved_object.namespace == event.involved_object.namespace {
                of_one.add(bytes);
            }
        }
        self.bounds.refuses_unplanned(all, of_one).map_or(Ok(()), Err)
    }

    /// Why `more` records are refused whatever is given back; none if they are not.
    pub(super) fn refusal(&self, more: usize) -> Option<OutboxError> {
        let leased = self.records.values().filter(|record| record.leased).count();
        if self.unplanned.len() + leased + more > self.bounds.records {
            return Some(OutboxError::FULL_RECORDS);
        }
        let nothing_to_give = leased == self.records.len();
        (nothing_to_give && self.bytes() >= self.bounds.bytes).then_some(OutboxError::FULL_BYTES)
    }

    fn fits(&self, more: usize) -> Result<(), OutboxError> {
        let held = self.records.values().filter(|record| !record.is_dead()).count();
        if held + self.unplanned.len() + more > self.bounds.records {
            return Err(OutboxError::FULL_RECORDS);
        }
        if self.bytes() >= self.bounds.bytes {
            return Err(OutboxError::FULL_BYTES);
        }
        Ok(())
    }

    /// The namespace with the most by `measure`, of those that can give something back.
    fn most(&self, can_give: fn(&ModelRecord) -> bool, measure: fn(&ModelRecord) -> u64) -> Arc<str> {
        let mut shares: BTreeMap<Arc<str>, (bool, u64)> = BTreeMap::new();
        for record in self.records.values() {
            let share = shares.entry(record.namespace()).or_default();
            *share = (share.0 || can_give(record), share.1 + measure(record));
        }
        let givers = shares.into_iter().filter(|(_, (gives, _))| *gives);
        givers.max_by_key(|(_, (_, amount))| *amount).map_or_else(|| "".into(), |(namespace, _)| namespace)
    }

    fn overflow_oldest_of(&mut self, namespace: &str, now: Timestamp) {
        let mut records = self.records.values_mut();
        let oldest = records.find(|record| &*record.namespace() == namespace && record.waits());
        if let Some(oldest) = oldest {
            oldest.die(reasons::overflow(), now);
            self.overflowed += 1;
            *self.untold_overflow.entry(oldest.delivery.plan.provider.clone()).or_default() += 1;
        }
    }

    fn drop_oldest_letter_of(&mut self, namespace: &str) {
        let letters =
            self.records.values().filter(|record| record.is_dead() && &*record.namespace() == namespace);
        let oldest = letters.map(|record| (record.at, record.delivery.id)).min();
        oldest.map(|(_, id)| self.records.remove(&id));
    }

    /// Drops the dead letters beyond their bounds, each time the oldest of the namespace that has most.
    pub(super) fn drop_surplus(&mut self) {
        while self.letters(|_| 1) > self.bounds.dead_letters as u64 {
            self.drop_oldest_letter_of(
                &self.most(ModelRecord::is_dead, |record| u64::from(record.is_dead())),
            );
        }
        let weight = |record: &ModelRecord| if record.is_dead() { record.weight() } else { 0 };
        while self.letters(ModelRecord::weight) > self.bounds.dead_letter_bytes {
            self.drop_oldest_letter_of(&self.most(ModelRecord::is_dead, weight));
        }
    }

    fn letters(&self, measure: fn(&ModelRecord) -> u64) -> u64 {
        self.records.values().filter(|record| record.is_dead()).map(measure).sum()
    }
}
