//! Due times of the objects that are to be looked at; namespaces take turns.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

use crate::kind::Id;

/// Objects with the time at which each is due.
pub(super) struct Due {
    /// By namespace; none is empty.
    namespaces: BTreeMap<Arc<str>, HashMap<Id, Timestamp>>,
    /// The namespace that had the last turn.
    last_turn: Arc<str>,
}

impl Default for Due {
    fn default() -> Self {
        Self { namespaces: BTreeMap::new(), last_turn: "".into() }
    }
}

impl Due {
    /// Makes an object due at `at`, whenever it was before. True if it was not due at all.
    pub(super) fn insert(&mut self, id: Id, at: Timestamp) -> bool {
        self.namespaces.entry(id.1.namespace.clone()).or_default().insert(id, at).is_none()
    }

    pub(super) fn get(&self, id: &Id) -> Option<Timestamp> {
        self.namespaces.get(&id.1.namespace)?.get(id).copied()
    }

    pub(super) fn remove(&mut self, id: &Id) {
        let Some(objects) = self.namespaces.get_mut(&id.1.namespace) else { return };
        objects.remove(id);
        if objects.is_empty() {
            self.namespaces.remove(&id.1.namespace);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Id, &Timestamp)> {
        self.namespaces.values().flatten()
    }

    /// Takes at most `most` of those that are `ready`, one of each namespace in turn.
    pub(super) fn take(&mut self, most: usize, ready: impl Fn(&Id, Timestamp) -> bool) -> Vec<Id> {
        let mut turns = self.turns(most, ready);
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(mut turn) = turns.pop_front()
        {
            if let Some(id) = turn.pop() {
                self.last_turn = id.1.namespace.clone();
                self.remove(&id);
                taken.push(id);
                turns.push_back(turn);
            }
        }
        taken
    }

    /// What is ready of each namespace, from the one after the last turn on. At most `most` of `most` namespaces: no more
    /// can have a turn.
    fn turns(&self, most: usize, ready: impl Fn(&Id, Timestamp) -> bool) -> VecDeque<Vec<Id>> {
        let behind = self.namespaces.range((Bound::Excluded(self.last_turn.clone()), Bound::Unbounded));
        let before = self.namespaces.range(..=self.last_turn.clone());
        let of_namespace = |objects: &HashMap<Id, Timestamp>| -> Vec<Id> {
            let ready = objects.iter().filter(|(id, at)| ready(id, **at));
            ready.take(most).map(|(id, _)| id.clone()).collect()
        };
        let turns = behind.chain(before).map(|(_, objects)| of_namespace(objects));
        turns.filter(|turn| !turn.is_empty()).take(most).collect()
    }
}
