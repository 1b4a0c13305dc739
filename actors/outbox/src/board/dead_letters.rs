//! Dead letters: few, bounded, and dropped in the order in which they died.

use std::collections::{BTreeMap, BTreeSet};

use super::record::Arrival;
use super::slab::Place;
use crate::journal::Micros;

/// A dead letter.
#[derive(Clone, Copy)]
pub(super) struct DeadLetter {
    pub(super) event: Place,
    pub(super) queue: u32,
    /// Its columns; `at` is when it died.
    pub(super) facts: Arrival,
    /// What it weighs, with its event.
    pub(super) weight: u64,
}

/// All dead letters.
#[derive(Default)]
pub(super) struct DeadLetters {
    by_id: BTreeMap<i64, DeadLetter>,
    by_age: BTreeSet<(Micros, i64)>,
    /// What they weigh, each with its event.
    bytes: u64,
}

impl DeadLetters {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn insert(&mut self, letter: DeadLetter) {
        self.bytes += letter.weight;
        self.by_age.insert((letter.facts.at, letter.facts.id));
        self.by_id.insert(letter.facts.id, letter);
    }

    pub(super) fn get(&self, id: i64) -> Option<&DeadLetter> {
        self.by_id.get(&id)
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<DeadLetter> {
        let letter = self.by_id.remove(&id)?;
        self.by_age.remove(&(letter.facts.at, id));
        self.bytes -= letter.weight;
        Some(letter)
    }

    /// The one that died first.
    pub(super) fn oldest(&self) -> Option<(Micros, i64)> {
        self.by_age.first().copied()
    }

    /// All, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &DeadLetter> {
        self.by_id.values()
    }
}
