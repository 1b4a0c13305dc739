//! Questions about what the board holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use campanile_domain::{DeliveryId, ObjectKey};
use jiff::Timestamp;

use super::chain::Chain;
use super::dead_letters::DeadLetter;
use super::links::ChainKind;
use super::queue::Queue;
use super::record::AT_ONCE;
use super::slab::SlabIndex;
use super::{Board, StorageLoad};
use crate::api::LIST_BOUND;
use crate::journal::{LastFailure, Micros, Phase};
use crate::{BrowseFilter, DeliveryState, Stats};

/// A delivery in a list, without its texts.
#[derive(Debug)]
pub(crate) struct RecordView {
    pub(crate) number: i64,
    pub(crate) id: DeliveryId,
    pub(crate) state: DeliveryState,
    pub(crate) provider: ObjectKey,
    pub(crate) attempts: u16,
    pub(crate) at: Option<Micros>,
    /// What the ledger says about the last failure.
    pub(crate) failure: LastFailure,
}

impl Board {
    /// When the next delivery of a provider is due.
    pub(crate) fn next_due(&self, provider: &ObjectKey) -> Option<Micros> {
        self.ownership.epoch(provider)?;
        let queue = &self.queues.list[self.queues.find(provider)? as usize];
        if queue.ready.is_empty() { queue.waiting.first().map(|(due, ..)| *due) } else { Some(AT_ONCE) }
    }

    /// Providers that this process serves and that have deliveries which are not dead.
    pub(crate) fn providers_with_work(&self) -> Vec<ObjectKey> {
        let at_work = |queue: &&Queue| queue.held > 0 && self.ownership.epoch(&queue.key).is_some();
        let mut keys: Vec<_> = self.queues.in_use().filter(at_work).map(|queue| queue.key.clone()).collect();
        keys.sort_unstable();
        keys
    }

    /// Has the listener told of all providers that have work.
    pub(crate) fn hint_all(&mut self) {
        for number in 0..self.queues.list.len() as u32 {
            if self.queue(number).held > 0 {
                self.hint(number);
            }
        }
    }

    /// Counts the deliveries on the board.
    pub(crate) fn stats(&self) -> Stats {
        let one = StorageLoad { records: 1, ..StorageLoad::default() };
        let mut stats = Stats {
            unplanned: self.unplanned.len() as u64,
            bytes: self.bytes,
            superseded: self.superseded,
            overflowed: self.overflow.total,
            set_aside: self.set_aside,
            damaged: self.damaged,
            failed_writes: self.failed_writes,
            trouble: self.trouble.clone().or_else(|| self.refusal(one).map(|full| full.to_string())),
            ..Stats::default()
        };
        for queue in self.queues.in_use() {
            let usage = queue.usage();
            stats.total.pending += usage.pending;
            stats.total.parked += usage.parked;
            stats.total.dead += usage.dead;
            stats.total.bytes += usage.bytes;
            stats.providers.insert(queue.key.clone(), usage);
        }
        stats
    }

    /// The deliveries of a list.
    pub(crate) fn view(&self, selection: &BrowseFilter) -> Vec<RecordView> {
        let limit = if selection.limit == 0 { LIST_BOUND } else { selection.limit.min(LIST_BOUND) };
        if selection.dead {
            let key = |letter: &DeadLetter| &self.queues.list[letter.queue as usize].key;
            let wanted = |letter: &&DeadLetter| {
                selection.takes(key(letter)) && selection.names(self.delivery_id(letter.facts.id))
            };
            let letters = self.dead_letters.iter().filter(wanted);
            return letters.take(limit).map(|letter| self.view_dead_letter(letter)).collect();
        }
        if selection.ids.is_some() {
            return self
                .named_records(selection, limit)
                .into_iter()
                .map(|place| self.view_record(place))
                .collect();
        }
        let places = match &selection.provider {
            // The metrics ask for each Provider, so its queue is not searched for.
            Some(provider) => {
                let queue = self.queues.find(provider).map(|number| &self.queues.list[number as usize]);
                self.first_records(queue.filter(|queue| selection.takes(&queue.key)), limit)
            }
            None => {
                self.first_records(self.queues.list.iter().filter(|queue| selection.takes(&queue.key)), limit)
            }
        };
        places.into_iter().map(|place| self.view_record(place)).collect()
    }

    /// The lowest numbers of these queues.
    fn first_records<'q>(&self, queues: impl IntoIterator<Item = &'q Queue>, limit: usize) -> Vec<SlabIndex> {
        let mut heads: BinaryHeap<Reverse<(i64, SlabIndex)>> = queues
            .into_iter()
            .filter_map(|queue| queue.order.head())
            .map(|place| Reverse((self.records[place].id, place)))
            .collect();
        let mut places = Vec::new();
        while places.len() < limit
            && let Some(Reverse((_, place))) = heads.pop()
        {
            places.push(place);
            if let Some(next) = Chain::next(&self.records, place, ChainKind::Provider) {
                heads.push(Reverse((self.records[next].id, next)));
            }
        }
        places
    }

    /// The lowest numbers of those whose ids are wanted, however many wait before them.
    fn named_records(&self, selection: &BrowseFilter, limit: usize) -> Vec<SlabIndex> {
        let mut places = Vec::new();
        for queue in self.queues.list.iter().filter(|queue| selection.takes(&queue.key)) {
            let mut next = queue.order.head();
            while let Some(place) = next {
                if selection.names(self.delivery_id(self.records[place].id)) {
                    places.push(place);
                }
                next = Chain::next(&self.records, place, ChainKind::Provider);
            }
        }
        places.sort_unstable_by_key(|place| self.records[*place].id);
        places.truncate(limit);
        places
    }

    fn delivery_id(&self, number: i64) -> DeliveryId {
        DeliveryId(self.id(number))
    }

    fn view_record(&self, place: SlabIndex) -> RecordView {
        let record = &self.records[place];
        let timed = !record.leased && record.phase != Phase::Ready;
        RecordView {
            number: record.id,
            id: self.delivery_id(record.id),
            state: if record.leased { DeliveryState::Leased } else { record.phase.state() },
            provider: self.queues.list[self.lanes[record.lane].queue as usize].key.clone(),
            attempts: record.attempts,
            at: timed.then_some(record.due),
            failure: self.ledger.failure_of(record.id).unwrap_or(LastFailure::Keep),
        }
    }

    fn view_dead_letter(&self, letter: &DeadLetter) -> RecordView {
        RecordView {
            number: letter.facts.id,
            id: self.delivery_id(letter.facts.id),
            state: DeliveryState::Dead,
            provider: self.queues.list[letter.queue as usize].key.clone(),
            attempts: letter.facts.attempts,
            at: Some(letter.facts.at),
            failure: self.ledger.failure_of(letter.facts.id).unwrap_or(LastFailure::Keep),
        }
    }
}

/// The time of a number of microseconds; one that no calendar has becomes the epoch.
pub(crate) fn timestamp(micros: Micros) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}
