//! The board, the part of the outbox that is in memory: queues, lanes, leases, due times, dead letters, and what is yet to be written.
//!
//! Every question of the trait that needs no text is answered here, in memory, in short steps. The board is the truth
//! about where a delivery stands: a delivery enters it after its commit, changes are noted in the [`Ledger`], and the
//! store thread writes them behind. A delivery costs about 75 bytes beside its event, and about 60 more if it has a
//! lane of its own.

mod cache;
mod chain;
mod dead_letters;
mod lanes;
mod lease;
mod ledger;
mod links;
mod newest;
mod origins;
mod overflow;
mod queue;
mod record;
mod shares;
mod slab;
mod sweep;
mod unplanned;
mod view;

use std::collections::HashMap;
use std::sync::Arc;

use campanile_domain::{Failure, ObjectKey, RecordId};

use crate::journal::{LastFailure, Micros, Phase, RowChange, RowColumns, RowOutcome};
use crate::{Bounds, Epoch, EventId, Lease, OutboxError, Ownership};
use cache::Cache;
use chain::Chain;
use dead_letters::{DeadLetter, DeadLetters};
use origins::Origins;
use overflow::Overflow;
use queue::{Queue, Queues};
use record::Record;
use slab::{Slab, SlabIndex};
use unplanned::UnplannedQueue;

pub(crate) use lease::Leased;
pub(crate) use ledger::{Ledger, WriteBatch};
pub(crate) use record::{AT_ONCE, lane_number};
pub use record::{BoardEntry, provider_number};
pub(crate) use shares::StorageLoad;
pub(crate) use view::{RecordView, timestamp};

/// An event that has deliveries.
#[derive(Clone, Copy)]
struct EventEntry {
    id: i64,
    deliveries: u32,
    /// The bytes that its row takes.
    bytes: u32,
}

/// A stored event on the board.
#[derive(Clone, Copy)]
pub(crate) struct EventPlace(SlabIndex);

/// The deliveries of one provider that go out one at a time.
#[derive(Clone, Copy)]
struct Lane {
    number: u64,
    chain: Chain,
    queue: u32,
    /// The delivery of this lane that is leased.
    leased: SlabIndex,
}

/// The state of an outbox in memory.
pub(crate) struct Board {
    bounds: Bounds,
    ownership: Arc<dyn Ownership>,
    origins: Origins,
    records: Slab<Record>,
    lanes: Slab<Lane>,
    events: Slab<EventEntry>,
    lane_of: HashMap<u64, SlabIndex>,
    queues: Queues,
    leases: HashMap<i64, (SlabIndex, Epoch)>,
    dead_letters: DeadLetters,
    unplanned: UnplannedQueue,
    cache: Cache,
    pub(crate) ledger: Ledger,
    /// Queues whose listener is to be told.
    hints: Vec<u32>,
    held: usize,
    bytes: u64,
    superseded: u64,
    overflow: Overflow,
    set_aside: u64,
    damaged: u64,
    failed_writes: u64,
    /// The highest number of a postponed reconcile.
    last_reconcile: i64,
    /// Why new events are refused.
    pub(crate) trouble: Option<String>,
}

impl Board {
    /// Makes a board without deliveries.
    pub(crate) fn new(bounds: Bounds, ownership: Arc<dyn Ownership>) -> Self {
        Self {
            ownership,
            origins: Origins::default(),
            records: Slab::new(),
            lanes: Slab::new(),
            events: Slab::new(),
            lane_of: HashMap::new(),
            queues: Queues::default(),
            leases: HashMap::new(),
            dead_letters: DeadLetters::default(),
            unplanned: UnplannedQueue::default(),
            cache: Cache::new(bounds.cache_bytes),
            ledger: Ledger::default(),
            hints: Vec::new(),
            held: 0,
            bytes: 0,
            superseded: 0,
            overflow: Overflow::default(),
            set_aside: 0,
            damaged: 0,
            failed_writes: 0,
            last_reconcile: 0,
            trouble: None,
            bounds,
        }
    }

    /// Takes note of the process that stored a record; of one that gives numbers, for all that it will give.
    pub(crate) fn note_origin(&mut self, number: i64, origin: u64) {
        self.origins.note(number, origin);
    }

    /// The id of the record with that number.
    pub(crate) fn id(&self, number: i64) -> RecordId {
        self.origins.id(number)
    }

    /// The number of the record with that id; none if it can have none.
    pub(crate) fn number(&self, id: RecordId) -> Option<i64> {
        Some(id.number()).filter(|number| self.origins.id(*number) == id)
    }

    /// Takes note of a number that a postponed reconcile has.
    pub(crate) fn note_reconcile(&mut self, number: i64) {
        self.last_reconcile = self.last_reconcile.max(number);
    }

    /// Gives a number to a postponed reconcile.
    pub(crate) fn give_reconcile(&mut self) -> i64 {
        self.last_reconcile += 1;
        self.last_reconcile
    }

    /// Adds an event without a plan, about an object of that namespace.
    pub(crate) fn insert_unplanned(&mut self, id: i64, namespace: &str, accepted_at: Micros, bytes: u32) {
        self.bytes += u64::from(bytes);
        self.unplanned.insert(id, namespace, accepted_at, bytes);
    }

    /// Takes an event out of those without a plan; its row stays.
    pub(crate) fn remove_unplanned(&mut self, id: i64) {
        if let Some(bytes) = self.unplanned.remove(id) {
            self.bytes -= u64::from(bytes);
        }
    }

    /// An event without a plan, by its id: its number, when it was accepted, and what it weighs.
    pub(crate) fn waiting(&self, event: EventId) -> Option<(i64, Micros, u32)> {
        let number = self.number(event.0)?;
        let (accepted_at, bytes) = self.unplanned.get(number)?;
        Some((number, accepted_at, bytes))
    }

    /// The first events without a plan, in the order in which namespaces take turns.
    pub(crate) fn first_unplanned(&self, limit: usize) -> Vec<i64> {
        self.unplanned.first(limit)
    }

    /// How many events have no plan.
    pub(crate) fn unplanned_count(&self) -> u64 {
        self.unplanned.len() as u64
    }

    /// Adds an event that is about to get deliveries.
    pub(crate) fn insert_event(&mut self, id: i64, bytes: u32) -> EventPlace {
        self.insert_event_of(id, bytes, 0)
    }

    /// Adds an event that is about to get so many deliveries by [`insert_expected`](Self::insert_expected). It stays until all
    /// of them came and went.
    pub(crate) fn insert_event_of(&mut self, id: i64, bytes: u32, deliveries: u32) -> EventPlace {
        self.bytes += u64::from(bytes);
        EventPlace(self.events.insert(EventEntry { id, deliveries, bytes }))
    }

    /// Adds a delivery, dead or not.
    pub(crate) fn insert(&mut self, event: EventPlace, provider: &ObjectKey, arrival: BoardEntry) {
        self.events[event.0].deliveries += 1;
        self.insert_expected(event, provider, arrival);
    }

    /// Adds a delivery, dead or not, that its event was added with.
    pub(crate) fn insert_expected(&mut self, event: EventPlace, provider: &ObjectKey, arrival: BoardEntry) {
        let queue = self.queues.number(provider);
        self.bytes += u64::from(arrival.bytes);
        if arrival.phase == Phase::Dead {
            self.add_dead_letter(event.0, queue, arrival);
        } else {
            self.enqueue(event.0, queue, &arrival);
        }
    }

    /// Keeps a whole delivery beside the disk.
    pub(crate) fn keep(&mut self, lease: Lease) {
        self.cache.put(lease);
    }

    /// Counts an event that cannot be planned.
    pub(crate) fn count_set_aside(&mut self) {
        self.set_aside += 1;
    }

    /// Counts records that could not be read.
    pub(crate) fn count_damage(&mut self) {
        self.damaged += 1;
    }

    /// Counts a group that the disk refused.
    pub(crate) fn count_failed_write(&mut self, error: &OutboxError) {
        self.failed_writes += 1;
        self.trouble = Some(error.to_string());
    }

    /// The providers that got something since the last call.
    pub(crate) fn take_hints(&mut self) -> Vec<ObjectKey> {
        let hints = std::mem::take(&mut self.hints);
        let told = |number: u32| {
            let queue = &mut self.queues.list[number as usize];
            queue.hinted = false;
            self.ownership.epoch(&queue.key).map(|_| queue.key.clone())
        };
        hints.into_iter().filter_map(told).collect()
    }

    /// Whether the listener is to be told something.
    pub(crate) fn has_hints(&self) -> bool {
        !self.hints.is_empty()
    }

    fn queue(&mut self, number: u32) -> &mut Queue {
        &mut self.queues.list[number as usize]
    }

    fn hint(&mut self, number: u32) {
        let queue = &mut self.queues.list[number as usize];
        if !queue.hinted {
            queue.hinted = true;
            self.hints.push(number);
        }
    }

    /// A delivery is over: its row must go, and its event's with the last.
    fn finish(&mut self, place: SlabIndex, now: Micros) {
        let (record, queue) = self.dequeue(place, now);
        self.forget(record.id, record.event, queue, record.bytes);
    }

    fn forget(&mut self, id: i64, event: SlabIndex, queue: u32, bytes: u32) {
        self.bytes -= u64::from(bytes);
        self.events[event].deliveries -= 1;
        let EventEntry { id: event_id, deliveries, bytes } = self.events[event];
        let last = deliveries == 0;
        if last {
            self.events.remove(event);
            self.bytes -= u64::from(bytes);
        }
        let change = RowChange::Gone { event: last.then_some(event_id) };
        self.note_in(queue, id, change);
    }

    /// A delivery becomes a dead letter; [`drop_surplus`](Self::drop_surplus) is due afterwards.
    fn dead_letter(&mut self, place: SlabIndex, failure: Arc<Failure>, now: Micros) {
        let lane = self.lanes[self.records[place].lane].number;
        let (record, queue) = self.dequeue(place, now);
        let facts = BoardEntry {
            id: record.id,
            lane,
            phase: Phase::Dead,
            at: now,
            deadline: record.deadline,
            attempts: record.attempts,
            bytes: record.bytes,
        };
        self.add_dead_letter(record.event, queue, facts);
        self.note(record.event, queue, &facts, LastFailure::Set(failure));
    }

    /// Adds a dead letter to the board.
    fn add_dead_letter(&mut self, event: SlabIndex, queue: u32, facts: BoardEntry) {
        let weight = self.weight(event, facts.bytes);
        self.queue(queue).dead += 1;
        let namespace = self.queue(queue).key.namespace.clone();
        self.dead_letters.insert(namespace, DeadLetter { event, queue, facts, weight });
    }

    /// What a delivery whose row weighs `bytes` counts for, with its event.
    fn weight(&self, event: SlabIndex, bytes: u32) -> u64 {
        u64::from(bytes) + u64::from(self.events[event].bytes)
    }

    /// Notes what the row of a delivery must become.
    fn note(&mut self, event: SlabIndex, queue: u32, facts: &BoardEntry, failure: LastFailure) {
        let EventEntry { id, bytes, .. } = self.events[event];
        let origin = self.origins.id(facts.id).origin();
        let standing = RowColumns {
            phase: facts.phase,
            at: facts.at,
            deadline: facts.deadline,
            attempts: facts.attempts,
            checksum: facts.checksum(origin, id, bytes, self.queues.list[queue as usize].number),
            failure,
        };
        self.note_in(queue, facts.id, RowChange::Stands(standing));
    }

    fn note_in(&mut self, queue: u32, id: i64, change: RowChange) {
        let epoch = self.queue(queue).epoch;
        self.ledger.note(id, RowOutcome { epoch, change });
    }

    /// Notes what the row of a delivery of `provider` must become.
    pub(crate) fn note_change(&mut self, provider: &ObjectKey, id: i64, change: RowChange) {
        let queue = self.queues.number(provider);
        self.note_in(queue, id, change);
    }

    /// Notes where a delivery stands that is not dead.
    fn note_record(&mut self, place: SlabIndex, failure: LastFailure) {
        let record = self.records[place];
        let Lane { number, queue, .. } = self.lanes[record.lane];
        let facts = BoardEntry {
            id: record.id,
            lane: number,
            phase: record.phase,
            at: record.due,
            deadline: record.deadline,
            attempts: record.attempts,
            bytes: record.bytes,
        };
        self.note(record.event, queue, &facts, failure);
    }
}
