//! Room for new records, shared by the namespaces of Providers.
//!
//! What is free is anybody's. Once the outbox is full, the namespace that holds most gives room back: its oldest waiting
//! deliveries become dead letters (`overflow`). Nothing is counted for it while there is room.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::Board;
use super::chain::Chain;
use super::links::ChainKind;
use super::slab::SlabIndex;
use crate::OutboxError;
use crate::api::Room;
use crate::journal::Micros;

/// The part of the outbox that a namespace holds.
#[derive(Default)]
struct Share {
    records: u64,
    /// What its deliveries weigh, each with its event, dead letters included.
    bytes: u64,
    queues: Vec<u32>,
    /// The oldest waiting delivery of each queue; made when the first is taken.
    oldest: Option<BinaryHeap<Reverse<(i64, SlabIndex)>>>,
}

/// The load that is to be stored, beside what is staged already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StorageLoad {
    /// The number of records to be stored.
    pub(crate) records: usize,
    /// The number of records that are staged.
    pub(crate) staged: usize,
    /// The bytes of the records that are staged.
    pub(crate) staged_bytes: u64,
}

impl Board {
    /// Makes room for `load`. One event may pass the bound of bytes, the next may not.
    ///
    /// # Errors
    /// There is no room, and what is held cannot be given back: it is leased or waits for its plan.
    pub(crate) fn admit(&mut self, load: StorageLoad, now: Micros) -> Result<(), OutboxError> {
        if self.fits(load).is_ok() {
            return Ok(());
        }
        let mut shares = self.shares();
        let outcome = loop {
            let Err(full) = self.fits(load) else { break Ok(()) };
            if let Some(refusal) = self.refusal(load) {
                break Err(refusal);
            }
            let progress = if full == OutboxError::FULL_RECORDS {
                self.give_back_a_record(&mut shares, now)
            } else {
                self.give_back_bytes(&mut shares, now)
            };
            if !progress {
                break Err(full);
            }
        };
        self.drop_surplus();
        outcome
    }

    /// Refuses a further event without a plan, about an object of that namespace, if they have their share. `staged` is what
    /// is on its way, of all and of this namespace.
    ///
    /// # Errors
    /// See [`Bounds::refuses_unplanned`](crate::Bounds::refuses_unplanned).
    pub(crate) fn admit_unplanned(&self, namespace: &str, staged: (Room, Room)) -> Result<(), OutboxError> {
        let (all, of_one) = self.unplanned.room(namespace);
        self.bounds.refuses_unplanned(all.and(staged.0), of_one.and(staged.1)).map_or(Ok(()), Err)
    }

    /// Why `load` is refused whatever is given back; none if it is not.
    pub(crate) fn refusal(&self, load: StorageLoad) -> Option<OutboxError> {
        let fixed = self.unplanned.len() + self.leases.len() + load.staged + load.records;
        if fixed > self.bounds.records {
            return Some(OutboxError::FULL_RECORDS);
        }
        let nothing_to_give = self.held == self.leases.len() && self.dead_letters.len() == 0;
        (nothing_to_give && self.bytes + load.staged_bytes >= self.bounds.bytes)
            .then_some(OutboxError::FULL_BYTES)
    }

    fn fits(&self, load: StorageLoad) -> Result<(), OutboxError> {
        if self.held + self.unplanned.len() + load.staged + load.records > self.bounds.records {
            return Err(OutboxError::FULL_RECORDS);
        }
        if self.bytes + load.staged_bytes >= self.bounds.bytes {
            return Err(OutboxError::FULL_BYTES);
        }
        Ok(())
    }

    /// What each namespace holds now.
    fn shares(&self) -> BTreeMap<Arc<str>, Share> {
        let mut shares: BTreeMap<Arc<str>, Share> = BTreeMap::new();
        for (number, queue) in (0..).zip(&self.queues.list) {
            if queue.held + queue.dead > 0 {
                let share = shares.entry(queue.key.namespace.clone()).or_default();
                share.records += u64::from(queue.held);
                share.bytes += queue.bytes;
                share.queues.push(number);
            }
        }
        for (namespace, share) in &mut shares {
            share.bytes += self.dead_letters.bytes_of(namespace);
        }
        shares
    }

    /// The oldest waiting delivery of the namespace with the most records becomes a dead letter. False if all are leased.
    fn give_back_a_record(&mut self, shares: &mut BTreeMap<Arc<str>, Share>, now: Micros) -> bool {
        loop {
            let most =
                shares.values_mut().filter(|share| share.records > 0).max_by_key(|share| share.records);
            let Some(share) = most else { return false };
            let Some(place) = self.pop_oldest(share) else {
                share.records = 0;
                continue;
            };
            share.records -= 1;
            self.overflow_one(place, now);
            return true;
        }
    }

    /// The namespace with the most bytes loses its oldest dead letter, after its oldest waiting delivery became one. False
    /// if there is neither.
    fn give_back_bytes(&mut self, shares: &mut BTreeMap<Arc<str>, Share>, now: Micros) -> bool {
        loop {
            let most =
                shares.iter_mut().filter(|(_, share)| share.bytes > 0).max_by_key(|(_, share)| share.bytes);
            let Some((namespace, share)) = most else { return false };
            if let Some(place) = self.pop_oldest(share) {
                share.records -= 1;
                self.overflow_one(place, now);
            }
            let Some(freed) = self.drop_oldest_of(namespace) else {
                share.bytes = 0;
                continue;
            };
            share.bytes = share.bytes.saturating_sub(freed);
            return true;
        }
    }

    fn pop_oldest(&self, share: &mut Share) -> Option<SlabIndex> {
        let Share { queues, oldest, .. } = share;
        let waiting = |place: &SlabIndex| !self.records[*place].leased;
        let entry = |place: SlabIndex| Reverse((self.records[place].id, place));
        let oldest = oldest.get_or_insert_with(|| {
            let first = |number: &u32| {
                self.queues.list[*number as usize]
                    .order
                    .iter(&self.records, ChainKind::Provider)
                    .find(waiting)
            };
            queues.iter().filter_map(first).map(entry).collect()
        });
        let Reverse((_, place)) = oldest.pop()?;
        let mut next = Chain::next(&self.records, place, ChainKind::Provider);
        while let Some(after) = next.filter(|place| !waiting(place)) {
            next = Chain::next(&self.records, after, ChainKind::Provider);
        }
        oldest.extend(next.map(entry));
        Some(place)
    }
}
