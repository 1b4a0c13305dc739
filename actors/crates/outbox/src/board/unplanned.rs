//! Events that wait for their plan, in the order in which the namespaces of their objects take turns.
//!
//! Nothing can be given back of them, so they have a share of the outbox of their own
//! ([`Bounds::refuses_unplanned`](crate::Bounds::refuses_unplanned)).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::api::Room;
use crate::journal::Micros;

/// The events that have no plan yet.
#[derive(Default)]
pub(super) struct UnplannedQueue {
    events: BTreeMap<i64, Entry>,
    /// The events by round and number.
    order: BTreeSet<(u64, i64)>,
    namespaces: HashMap<Arc<str>, Share>,
    all: Room,
}

struct Entry {
    namespace: Arc<str>,
    accepted_at: Micros,
    bytes: u32,
    /// In each round every namespace has a turn.
    round: u64,
}

#[derive(Default)]
struct Share {
    room: Room,
    /// That of its newest event.
    round: u64,
}

impl UnplannedQueue {
    pub(super) fn insert(&mut self, number: i64, namespace: &str, accepted_at: Micros, bytes: u32) {
        let now = self.order.first().map_or(0, |(round, _)| *round);
        if !self.namespaces.contains_key(namespace) {
            self.namespaces.insert(namespace.into(), Share::default());
        }
        let Some((namespace, _)) = self.namespaces.get_key_value(namespace) else { return };
        let namespace = namespace.clone();
        let Some(share) = self.namespaces.get_mut(&namespace) else { return };
        share.round = if share.room.records == 0 { now } else { now.max(share.round + 1) };
        share.room.add(u64::from(bytes));
        self.all.add(u64::from(bytes));
        let round = share.round;
        self.order.insert((round, number));
        self.events.insert(number, Entry { namespace, accepted_at, bytes, round });
    }

    /// Takes one out; returns what it weighs.
    pub(super) fn remove(&mut self, number: i64) -> Option<u32> {
        let Entry { namespace, bytes, round, .. } = self.events.remove(&number)?;
        self.order.remove(&(round, number));
        self.all.take(u64::from(bytes));
        if let Some(share) = self.namespaces.get_mut(&namespace) {
            share.room.take(u64::from(bytes));
            if share.room.records == 0 {
                self.namespaces.remove(&namespace);
            }
        }
        Some(bytes)
    }

    /// When it was accepted and what it weighs.
    pub(super) fn get(&self, number: i64) -> Option<(Micros, u32)> {
        self.events.get(&number).map(|entry| (entry.accepted_at, entry.bytes))
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// The first ones whose turn it is.
    pub(super) fn first(&self, limit: usize) -> Vec<i64> {
        self.order.iter().take(limit).map(|(_, number)| *number).collect()
    }

    /// The room that all take, and those of one namespace.
    pub(super) fn room(&self, namespace: &str) -> (Room, Room) {
        (self.all, self.namespaces.get(namespace).map(|share| share.room).unwrap_or_default())
    }
}
