//! What the store knows without its disk: queues, lanes, leases, due times, dead letters, and what is yet to be written.
//!
//! Every question of the trait that needs no text is answered here, in memory, in short steps. The board is the truth
//! about where a delivery stands: a delivery enters it after its commit, changes are noted in the [`Ledger`], and the
//! store thread writes them behind. A delivery costs about 75 bytes beside its event, and about 60 more if it has a
//! lane of its own.

mod cache;
mod chain;
mod graves;
mod lanes;
mod lease;
mod ledger;
mod memo;
mod newest;
mod overflow;
mod queue;
mod record;
mod slab;
mod sweep;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use campanile_domain::{Failure, ObjectKey};

use crate::{Bounds, Lease, OutboxError};
use cache::Cache;
use chain::Chain;
use graves::{Grave, Graves};
use overflow::Overflow;
use queue::{Queue, Queues};
use record::Record;
use slab::{Place, Slab};

pub(crate) use lease::{Pick, Ticket};
pub(crate) use ledger::{Change, Ledger, Note, Page, Standing};
pub(crate) use memo::{MemoChange, MemoNote};
pub(crate) use record::{AT_ONCE, Arrival, Micros, Phase, lane_number, provider_number};
pub(crate) use view::{Sketch, timestamp};

/// An event that has deliveries.
#[derive(Clone, Copy)]
struct EventEntry {
    id: i64,
    deliveries: u32,
    /// What its row weighs.
    bytes: u32,
}

/// A stored event on the board.
#[derive(Clone, Copy)]
pub(crate) struct EventPlace(Place);

/// The deliveries of one provider that go out one at a time.
#[derive(Clone, Copy)]
struct Lane {
    number: u64,
    chain: Chain,
    queue: u32,
    /// The delivery of this lane that is leased.
    leased: Place,
}

/// The state of an outbox in memory.
pub(crate) struct Board {
    bounds: Bounds,
    records: Slab<Record>,
    lanes: Slab<Lane>,
    events: Slab<EventEntry>,
    lane_of: HashMap<u64, Place>,
    queues: Queues,
    leases: HashMap<i64, (Place, Ticket)>,
    /// The last one given.
    ticket: Ticket,
    graves: Graves,
    /// Events without a plan: when they were accepted, and what their rows weigh.
    unplanned: BTreeMap<i64, (Micros, u32)>,
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
    /// Why new events are refused.
    pub(crate) trouble: Option<String>,
}

impl Board {
    /// An empty board.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            records: Slab::new(),
            lanes: Slab::new(),
            events: Slab::new(),
            lane_of: HashMap::new(),
            queues: Queues::default(),
            leases: HashMap::new(),
            ticket: 0,
            graves: Graves::default(),
            unplanned: BTreeMap::new(),
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
            trouble: None,
            bounds,
        }
    }

    /// Refuses `more` records if they, with `staged` ones of that many bytes, are too many. One event may pass the bound
    /// of bytes, the next may not.
    pub(crate) fn admit(&self, more: usize, staged: usize, staged_bytes: u64) -> Result<(), OutboxError> {
        if self.held + self.unplanned.len() + staged + more > self.bounds.records {
            return Err(OutboxError::FULL_RECORDS);
        }
        if self.bytes + staged_bytes >= self.bounds.bytes {
            return Err(OutboxError::FULL_BYTES);
        }
        Ok(())
    }

    /// Adds an event without a plan.
    pub(crate) fn insert_unplanned(&mut self, id: i64, accepted_at: Micros, bytes: u32) {
        self.bytes += u64::from(bytes);
        self.unplanned.insert(id, (accepted_at, bytes));
    }

    /// Takes an event out of those without a plan; its row stays.
    pub(crate) fn remove_unplanned(&mut self, id: i64) {
        if let Some((_, bytes)) = self.unplanned.remove(&id) {
            self.bytes -= u64::from(bytes);
        }
    }

    /// When an event without a plan was accepted and what it weighs, if it is one.
    pub(crate) fn unplanned(&self, id: i64) -> Option<(Micros, u32)> {
        self.unplanned.get(&id).copied()
    }

    /// Adds an event that is about to get deliveries.
    pub(crate) fn insert_event(&mut self, id: i64, bytes: u32) -> EventPlace {
        self.bytes += u64::from(bytes);
        EventPlace(self.events.insert(EventEntry { id, deliveries: 0, bytes }))
    }

    /// Adds a delivery, dead or not.
    pub(crate) fn insert(&mut self, event: EventPlace, provider: &ObjectKey, arrival: Arrival) {
        let queue = self.queues.number(provider);
        self.events[event.0].deliveries += 1;
        self.bytes += u64::from(arrival.bytes);
        if arrival.phase == Phase::Dead {
            self.entomb(event.0, queue, arrival);
        } else {
            self.enqueue(event.0, queue, &arrival);
        }
    }

    /// Keeps a whole delivery beside the disk.
    pub(crate) fn keep(&mut self, lease: Lease) {
        self.cache.put(lease);
    }

    /// Counts an event that can not be planned.
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
            queue.key.clone()
        };
        hints.into_iter().map(told).collect()
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
    fn finish(&mut self, place: Place, now: Micros) {
        let (record, _) = self.dequeue(place, now);
        self.forget(record.id, record.event, record.bytes);
    }

    fn forget(&mut self, id: i64, event: Place, bytes: u32) {
        self.bytes -= u64::from(bytes);
        self.events[event].deliveries -= 1;
        let EventEntry { id: event_id, deliveries, bytes } = self.events[event];
        let last = deliveries == 0;
        if last {
            self.events.remove(event);
            self.bytes -= u64::from(bytes);
        }
        self.ledger.note(id, Change::Gone { event: last.then_some(event_id) });
    }

    /// A delivery becomes a dead letter; [`drop_surplus`](Self::drop_surplus) is due afterwards.
    fn die(&mut self, place: Place, failure: Arc<Failure>, now: Micros) {
        let lane = self.lanes[self.records[place].lane].number;
        let (record, queue) = self.dequeue(place, now);
        let facts = Arrival {
            id: record.id,
            lane,
            phase: Phase::Dead,
            at: now,
            deadline: record.deadline,
            attempts: record.attempts,
            bytes: record.bytes,
        };
        self.entomb(record.event, queue, facts);
        self.note(record.event, queue, &facts, Note::Set(failure));
        self.drop_beyond_count();
    }

    /// Adds a dead letter.
    fn entomb(&mut self, event: Place, queue: u32, facts: Arrival) {
        let weight = self.weight(event, facts.bytes);
        self.queue(queue).dead += 1;
        self.graves.insert(Grave { event, queue, facts, weight });
    }

    /// What a delivery whose row weighs `bytes` counts for, with its event.
    fn weight(&self, event: Place, bytes: u32) -> u64 {
        u64::from(bytes) + u64::from(self.events[event].bytes)
    }

    /// Notes what the row of a delivery must become.
    fn note(&mut self, event: Place, queue: u32, facts: &Arrival, note: Note) {
        let EventEntry { id, bytes, .. } = self.events[event];
        let standing = Standing {
            phase: facts.phase,
            at: facts.at,
            deadline: facts.deadline,
            attempts: facts.attempts,
            checksum: facts.checksum(id, bytes, self.queues.list[queue as usize].number),
            note,
        };
        self.ledger.note(facts.id, Change::Stands(standing));
    }

    /// Notes where a delivery stands that is not dead.
    fn note_record(&mut self, place: Place, note: Note) {
        let record = self.records[place];
        let Lane { number, queue, .. } = self.lanes[record.lane];
        let facts = Arrival {
            id: record.id,
            lane: number,
            phase: record.phase,
            at: record.due,
            deadline: record.deadline,
            attempts: record.attempts,
            bytes: record.bytes,
        };
        self.note(record.event, queue, &facts, note);
    }
}
