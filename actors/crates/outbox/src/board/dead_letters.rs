//! Dead letters: few, bounded, and dropped in the order in which they died, those of the namespace that has most first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::record::BoardEntry;
use super::slab::SlabIndex;
use crate::journal::Micros;

/// A dead letter on the board.
#[derive(Clone, Copy)]
pub(super) struct DeadLetter {
    pub(super) event: SlabIndex,
    pub(super) queue: u32,
    /// Its columns; `at` is when it died.
    pub(super) facts: BoardEntry,
    /// What it weighs, with its event.
    pub(super) weight: u64,
}

/// The dead letters of a namespace.
#[derive(Default)]
struct Share {
    by_age: BTreeSet<(Micros, i64)>,
    /// What they weigh, each with its event.
    bytes: u64,
}

/// All dead letters, in the order in which they died.
#[derive(Default)]
pub(super) struct DeadLetters {
    by_id: BTreeMap<i64, DeadLetter>,
    /// By the namespace of the Provider; none is empty.
    shares: BTreeMap<Arc<str>, Share>,
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

    /// What those of a namespace weigh, each with its event.
    pub(super) fn bytes_of(&self, namespace: &str) -> u64 {
        self.shares.get(namespace).map_or(0, |share| share.bytes)
    }

    /// Adds one of a Provider in `namespace`.
    pub(super) fn insert(&mut self, namespace: Arc<str>, letter: DeadLetter) {
        self.bytes += letter.weight;
        let share = self.shares.entry(namespace).or_default();
        share.bytes += letter.weight;
        share.by_age.insert((letter.facts.at, letter.facts.id));
        self.by_id.insert(letter.facts.id, letter);
    }

    pub(super) fn get(&self, id: i64) -> Option<&DeadLetter> {
        self.by_id.get(&id)
    }

    /// Removes one of a Provider in `namespace`.
    pub(super) fn remove(&mut self, namespace: &str, id: i64) -> Option<DeadLetter> {
        let letter = self.by_id.remove(&id)?;
        self.bytes -= letter.weight;
        if let Some(share) = self.shares.get_mut(namespace) {
            share.bytes -= letter.weight;
            share.by_age.remove(&(letter.facts.at, id));
            if share.by_age.is_empty() {
                self.shares.remove(namespace);
            }
        }
        Some(letter)
    }

    /// Those that died at `time` or before.
    pub(super) fn older_than(&self, time: Micros) -> Vec<i64> {
        let old = self.shares.values().flat_map(|share| share.by_age.range(..=(time, i64::MAX)));
        old.map(|(_, id)| *id).collect()
    }

    /// The one of a namespace that died first.
    pub(super) fn oldest_of(&self, namespace: &str) -> Option<i64> {
        self.shares.get(namespace).and_then(Share::oldest)
    }

    /// The next to drop of `surplus` that are too many: the oldest of the namespace that has most, at most so many that
    /// it has as many as the next one.
    pub(super) fn oldest_of_most(&self, surplus: usize) -> Vec<i64> {
        let count = |share: &Share| share.by_age.len();
        let Some((namespace, most)) = self.shares.iter().max_by_key(|(_, share)| count(share)) else {
            return Vec::new();
        };
        let others = self.shares.iter().filter(|(other, _)| *other != namespace);
        let next = others.map(|(_, share)| count(share)).max().unwrap_or(0);
        let lead = count(most) - next;
        most.by_age.iter().take(surplus.min(lead.max(1))).map(|(_, id)| *id).collect()
    }

    /// The one that died first of the namespace whose letters weigh most.
    pub(super) fn oldest_of_heaviest(&self) -> Option<i64> {
        self.shares.values().max_by_key(|share| share.bytes).and_then(Share::oldest)
    }

    /// All, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &DeadLetter> {
        self.by_id.values()
    }
}

impl Share {
    fn oldest(&self) -> Option<i64> {
        self.by_age.first().map(|(_, id)| *id)
    }
}
