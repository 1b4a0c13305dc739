//! Lanes: of each, at most one delivery stands on its provider's queue, the oldest, and only while none is leased.
//!
//! Whoever changes a lane withdraws its head before and offers it after.

use super::chain::Chain;
use super::links::ChainKind;
use super::record::{AT_ONCE, BoardEntry, Record};
use super::slab::{NOWHERE, SlabIndex};
use super::{Board, Lane};
use crate::journal::{Micros, Phase};

impl Board {
    pub(super) fn enqueue(&mut self, event: SlabIndex, number: u32, arrival: &BoardEntry) {
        let lane = self.lane(number, arrival.lane);
        let place = self.records.insert(Record::new(arrival, event, lane));
        self.withdraw(lane);
        self.lanes[lane].chain.insert(&mut self.records, place, ChainKind::Lane);
        let weight = self.weight(event, arrival.bytes);
        let queue = &mut self.queues.list[number as usize];
        queue.order.insert(&mut self.records, place, ChainKind::Provider);
        queue.held += 1;
        queue.bytes += weight;
        queue.delayed += u32::from(arrival.phase != Phase::Ready);
        queue.parked += u32::from(arrival.phase == Phase::Parked);
        queue.earliest_deadline = queue.earliest_deadline.min(arrival.deadline);
        self.held += 1;
        self.offer(lane, AT_ONCE);
        self.supersede(lane, AT_ONCE);
    }

    fn lane(&mut self, queue: u32, number: u64) -> SlabIndex {
        let lanes = &mut self.lanes;
        let fresh = Lane { number, chain: Chain::EMPTY, queue, leased: NOWHERE };
        *self.lane_of.entry(number).or_insert_with(|| lanes.insert(fresh))
    }

    /// Takes the head of a lane off its queue, before anything about the lane changes.
    pub(super) fn withdraw(&mut self, lane: SlabIndex) {
        let Lane { chain, queue, .. } = self.lanes[lane];
        if let Some(head) = chain.head() {
            let Record { id, due, .. } = self.records[head];
            let queue = self.queue(queue);
            if !queue.ready.remove(&(id, head)) {
                queue.waiting.remove(&(due, id, head));
            }
        }
    }

    /// Puts the head of a lane that is free on its queue, after the lane has changed; drops a lane that is empty.
    pub(super) fn offer(&mut self, lane: SlabIndex, now: Micros) {
        let Lane { number, chain, queue, leased } = self.lanes[lane];
        let Some(head) = chain.head() else {
            self.lane_of.remove(&number);
            self.lanes.remove(lane);
            return;
        };
        if leased != NOWHERE {
            return;
        }
        let Record { id, due, .. } = self.records[head];
        if due <= now {
            self.queue(queue).ready.insert((id, head));
            self.hint(queue);
        } else {
            self.queue(queue).waiting.insert((due, id, head));
        }
    }

    /// Takes a delivery that nobody leases out of its queue and its lane.
    pub(super) fn dequeue(&mut self, place: SlabIndex, now: Micros) -> (Record, u32) {
        let Record { id, lane, phase, event, bytes, .. } = self.records[place];
        let weight = self.weight(event, bytes);
        self.cache.remove(id);
        self.withdraw(lane);
        let number = self.lanes[lane].queue;
        self.lanes[lane].chain.remove(&mut self.records, place, ChainKind::Lane);
        let queue = &mut self.queues.list[number as usize];
        queue.order.remove(&mut self.records, place, ChainKind::Provider);
        queue.held -= 1;
        queue.bytes -= weight;
        queue.delayed -= u32::from(phase != Phase::Ready);
        queue.parked -= u32::from(phase == Phase::Parked);
        self.held -= 1;
        let record = self.records.remove(place);
        self.offer(lane, now);
        (record, number)
    }

    /// Changes where a delivery stands that nobody leases and whose lane is withdrawn.
    pub(super) fn set_phase(&mut self, place: SlabIndex, phase: Phase, due: Micros) {
        let record = &mut self.records[place];
        let before = record.phase;
        (record.phase, record.due) = (phase, due);
        let number = self.lanes[record.lane].queue;
        let queue = self.queue(number);
        queue.delayed = queue.delayed + u32::from(phase != Phase::Ready) - u32::from(before != Phase::Ready);
        queue.parked = queue.parked + u32::from(phase == Phase::Parked) - u32::from(before == Phase::Parked);
    }
}
