//! Dead letters: few, bounded, and dropped in the order in which they died.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Arrival, Micros};
use super::slab::Place;

/// A dead letter.
#[derive(Clone, Copy)]
pub(super) struct Grave {
    pub(super) event: Place,
    pub(super) queue: u32,
    /// Its columns; `at` is when it died.
    pub(super) facts: Arrival,
    /// What it weighs, with its event.
    pub(super) weight: u64,
}

/// All dead letters.
#[derive(Default)]
pub(super) struct Graves {
    by_id: BTreeMap<i64, Grave>,
    by_age: BTreeSet<(Micros, i64)>,
    /// What they weigh, each with its event.
    bytes: u64,
}

impl Graves {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn insert(&mut self, grave: Grave) {
        self.bytes += grave.weight;
        self.by_age.insert((grave.facts.at, grave.facts.id));
        self.by_id.insert(grave.facts.id, grave);
    }

    pub(super) fn get(&self, id: i64) -> Option<&Grave> {
        self.by_id.get(&id)
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<Grave> {
        let grave = self.by_id.remove(&id)?;
        self.by_age.remove(&(grave.facts.at, id));
        self.bytes -= grave.weight;
        Some(grave)
    }

    /// The one that died first.
    pub(super) fn oldest(&self) -> Option<(Micros, i64)> {
        self.by_age.first().copied()
    }

    /// All, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Grave> {
        self.by_id.values()
    }
}
