//! Handing deliveries out and taking them back.

use std::sync::Arc;

use campanile_domain::{Failure, ObjectKey};

use super::record::{Micros, Phase, Record};
use super::slab::{NOWHERE, Place};
use super::{Board, Note};
use crate::{Lease, Settlement, reasons};

/// Tells the leases of one take from later ones of the same deliveries.
pub(crate) type Ticket = u64;

/// A delivery that was just leased.
#[derive(Debug)]
pub(crate) struct Pick {
    pub(crate) id: i64,
    pub(crate) ticket: Ticket,
    pub(crate) attempts: u16,
    pub(crate) deadline: Micros,
    /// All of it, if it was still in memory.
    pub(crate) cached: Option<Lease>,
}

impl Board {
    /// Leases at most `limit` deliveries that are due, oldest first, one a lane.
    pub(crate) fn take(&mut self, provider: &ObjectKey, limit: usize, now: Micros) -> Vec<Pick> {
        let Some(number) = self.queues.find(provider) else {
            return Vec::new();
        };
        self.ticket += 1;
        let queue = self.queue(number);
        while let Some((due, id, place)) = queue.waiting.first().copied().filter(|(due, ..)| *due <= now) {
            queue.waiting.remove(&(due, id, place));
            queue.ready.insert((id, place));
        }
        let mut picks = Vec::with_capacity(limit.min(queue.ready.len()));
        while picks.len() < limit
            && let Some((_, place)) = self.queue(number).ready.pop_first()
        {
            picks.push(self.lease(place, number));
        }
        picks
    }

    fn lease(&mut self, place: Place, number: u32) -> Pick {
        let record = &mut self.records[place];
        record.leased = true;
        let Record { id, attempts, deadline, lane, phase, .. } = *record;
        self.lanes[lane].leased = place;
        self.leases.insert(id, (place, self.ticket));
        self.queue(number).parked -= u32::from(phase == Phase::Parked);
        Pick { id, ticket: self.ticket, attempts, deadline, cached: self.cache.remove(id) }
    }

    /// Ends a lease. A number that is not leased is ignored.
    pub(crate) fn settle(&mut self, id: i64, settlement: Settlement, now: Micros) {
        let Some(place) = self.end_lease(id) else { return };
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
                self.die(place, Arc::new(failure), now);
                self.drop_surplus();
            }
        }
    }

    /// Frees a lease that never reached its taker, unless it has ended and the delivery is leased to another.
    pub(crate) fn release(&mut self, id: i64, ticket: Ticket) {
        if self.holds(id, ticket) {
            self.settle(id, Settlement::Release, Micros::MAX);
        }
    }

    fn holds(&self, id: i64, ticket: Ticket) -> bool {
        self.leases.get(&id).is_some_and(|(_, of)| *of == ticket)
    }

    /// A leased delivery can not be read: it becomes a dead letter. False if that lease has ended.
    pub(crate) fn set_aside(&mut self, id: i64, ticket: Ticket, now: Micros) -> bool {
        if !self.holds(id, ticket) {
            return false;
        }
        let Some(place) = self.end_lease(id) else {
            return false;
        };
        self.damaged += 1;
        self.die(place, Arc::new(reasons::damaged()), now);
        self.drop_surplus();
        true
    }

    /// Frees all leases of a provider.
    pub(crate) fn release_all(&mut self, provider: &ObjectKey) -> usize {
        let Some(number) = self.queues.find(provider) else {
            return 0;
        };
        let of_provider = |place: &Place| self.lanes[self.records[*place].lane].queue == number;
        let ids: Vec<i64> =
            self.leases.iter().filter(|(_, (place, _))| of_provider(place)).map(|(id, _)| *id).collect();
        for id in &ids {
            self.settle(*id, Settlement::Release, Micros::MAX);
        }
        ids.len()
    }

    fn end_lease(&mut self, id: i64) -> Option<Place> {
        let (place, _) = self.leases.remove(&id)?;
        let record = &mut self.records[place];
        record.leased = false;
        let (lane, phase) = (record.lane, record.phase);
        self.lanes[lane].leased = NOWHERE;
        let number = self.lanes[lane].queue;
        self.queue(number).parked += u32::from(phase == Phase::Parked);
        Some(place)
    }

    fn delay(&mut self, place: Place, phase: Phase, at: Micros, failure: Failure, now: Micros) {
        self.count_attempt(place);
        self.set_phase(place, phase, at);
        self.note_record(place, Note::Set(Arc::new(failure)));
        self.give_back(place, now);
    }

    /// A delivery that is no longer leased waits in its lane again.
    fn give_back(&mut self, place: Place, now: Micros) {
        let lane = self.records[place].lane;
        self.offer(lane, now);
        self.supersede(lane, now);
    }

    fn count_attempt(&mut self, place: Place) {
        let record = &mut self.records[place];
        record.attempts = record.attempts.saturating_add(1);
    }
}
