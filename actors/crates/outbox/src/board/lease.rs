//! Handing deliveries out and taking them back.

use std::sync::Arc;

use campanile_domain::{DeliveryId, Failure, ObjectKey};

use super::Board;
use super::record::Record;
use super::slab::{NOWHERE, SlabIndex};
use crate::journal::{LastFailure, Micros, Phase};
use crate::{Epoch, Lease, Settlement, reasons};

/// A delivery that was just leased.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) number: i64,
    pub(crate) id: DeliveryId,
    pub(crate) attempts: u16,
    pub(crate) deadline: Micros,
    /// All of it, if it was still in memory.
    pub(crate) cached: Option<Lease>,
}

impl Board {
    /// Leases at most `limit` deliveries that are due, oldest first, one a lane.
    pub(crate) fn take(&mut self, provider: &ObjectKey, limit: usize, now: Micros) -> Vec<Leased> {
        let (Some(number), Some(epoch)) = (self.queues.find(provider), self.ownership.epoch(provider)) else {
            return Vec::new();
        };
        let queue = self.queue(number);
        queue.epoch = epoch;
        while let Some((due, id, place)) = queue.waiting.first().copied().filter(|(due, ..)| *due <= now) {
            queue.waiting.remove(&(due, id, place));
            queue.ready.insert((id, place));
        }
        let mut leased = Vec::with_capacity(limit.min(queue.ready.len()));
        while leased.len() < limit
            && let Some((_, place)) = self.queue(number).ready.pop_first()
        {
            leased.push(self.lease(place, number, epoch));
        }
        leased
    }

    fn lease(&mut self, place: SlabIndex, number: u32, epoch: Epoch) -> Leased {
        let record = &mut self.records[place];
        record.leased = true;
        let Record { id, attempts, deadline, lane, phase, .. } = *record;
        self.lanes[lane].leased = place;
        self.leases.insert(id, (place, epoch));
        self.queue(number).parked -= u32::from(phase == Phase::Parked);
        Leased { number: id, id: DeliveryId(self.id(id)), attempts, deadline, cached: self.cache.remove(id) }
    }

    /// Ends a lease. A number that is not leased is ignored. A lease of an epoch that is over ends without an outcome.
    pub(crate) fn settle(&mut self, id: i64, settlement: Settlement, now: Micros) {
        let Some((place, epoch)) = self.end_lease(id) else { return };
        let queue = &self.queues.list[self.lanes[self.records[place].lane].queue as usize];
        let current = self.ownership.epoch(&queue.key) == Some(epoch);
        let settlement = if current { settlement } else { Settlement::Release };
        match settlement {
            Settlement::Done => self.finish(place, now),
            Settlement::Release => self.give_back(place, now),
            Settlement::RetryAt(at, failure) => {
                self.delay(place, Phase::Retry, at.as_microsecond(), failure, now);
            }
            Settlement::Parked(at, failure) => {
                self.delay(place, Phase::Parked, at.as_microsecond(), failure, now);
            }
            Settlement::Dead(failure) => {
                self.count_attempt(place);
                self.dead_letter(place, Arc::new(failure), now);
                self.drop_surplus();
            }
        }
    }

    /// Frees a lease that never reached its taker.
    pub(crate) fn release(&mut self, id: i64) {
        self.settle(id, Settlement::Release, Micros::MAX);
    }

    /// Makes a leased delivery that cannot be read a dead letter. False if it is not leased.
    pub(crate) fn set_aside(&mut self, id: i64, now: Micros) -> bool {
        let Some((place, _)) = self.end_lease(id) else { return false };
        self.damaged += 1;
        self.dead_letter(place, Arc::new(reasons::damaged()), now);
        self.drop_surplus();
        true
    }

    fn end_lease(&mut self, id: i64) -> Option<(SlabIndex, Epoch)> {
        let (place, epoch) = self.leases.remove(&id)?;
        let record = &mut self.records[place];
        record.leased = false;
        let (lane, phase) = (record.lane, record.phase);
        self.lanes[lane].leased = NOWHERE;
        let number = self.lanes[lane].queue;
        self.queue(number).parked += u32::from(phase == Phase::Parked);
        Some((place, epoch))
    }

    fn delay(&mut self, place: SlabIndex, phase: Phase, at: Micros, failure: Failure, now: Micros) {
        self.count_attempt(place);
        self.set_phase(place, phase, at);
        self.note_record(place, LastFailure::Set(Arc::new(failure)));
        self.give_back(place, now);
    }

    /// A delivery that is no longer leased waits in its lane again.
    fn give_back(&mut self, place: SlabIndex, now: Micros) {
        let lane = self.records[place].lane;
        self.offer(lane, now);
        self.supersede(lane, now);
    }

    fn count_attempt(&mut self, place: SlabIndex) {
        let record = &mut self.records[place];
        record.attempts = record.attempts.saturating_add(1);
    }
}
