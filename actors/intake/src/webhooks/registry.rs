//! The Receivers as the watcher tells of them, and the index that follows from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use campanile_domain::{ObjectKey, ReceiverSpec, Secret};
use campanile_protocol::{Change, Changes, ReceiverState};
use campanile_receivers::Receiver;

use super::index::{PathIndex, WebhookRoute};

/// The entry of one Receiver.
struct Entry {
    spec: Arc<ReceiverSpec>,
    /// Compiled once for each generation.
    receiver: Option<Arc<Receiver>>,
    state: ReceiverState,
    paths: Arc<[String]>,
    secret: Arc<ArcSwapOption<Secret>>,
}

impl Entry {
    fn new(spec: &Arc<ReceiverSpec>) -> Self {
        let receiver = Receiver::compile(spec.clone()).ok().map(Arc::new);
        let (paths, secret) = (Arc::new([]), Arc::default());
        Self { spec: spec.clone(), receiver, state: ReceiverState::NotReady, paths, secret }
    }
}

/// The registry of all Receivers.
#[derive(Default)]
pub(super) struct Registry {
    entries: BTreeMap<ObjectKey, Entry>,
    is_loaded: bool,
}

impl Registry {
    /// The number of Receivers that are known.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is such a Receiver.
    pub(super) fn contains(&self, key: &ObjectKey) -> bool {
        self.entries.contains_key(key)
    }

    /// Takes changes in; says whether any concerns Receivers.
    pub(super) fn apply(&mut self, changes: &Changes) -> bool {
        if changes.initial {
            let told: Vec<&ObjectKey> = changes.receivers.iter().map(key_of).collect();
            self.entries.retain(|key, _| told.contains(&key));
        }
        changes.receivers.iter().for_each(|change| self.change(change));
        for standing in &changes.standings {
            if let Some(entry) = self.entries.get_mut(&standing.receiver) {
                (entry.state, entry.paths) = (standing.state, standing.paths.clone());
            }
        }
        let mut forgets = false;
        for entry in self.entries.values_mut() {
            let is_changed = |key: ObjectKey| changes.initial || changes.secrets.contains(&key);
            if entry.spec.secret_key().is_some_and(is_changed) {
                entry.secret = Arc::default();
                forgets = true;
            }
        }
        let is_first = changes.initial && !std::mem::replace(&mut self.is_loaded, true);
        is_first || forgets || !changes.receivers.is_empty() || !changes.standings.is_empty()
    }

    fn change(&mut self, change: &Change<ReceiverSpec>) {
        match change {
            Change::Deleted(key) => drop(self.entries.remove(key)),
            Change::Applied(spec) => match self.entries.get_mut(&spec.key) {
                Some(entry) if entry.spec == *spec => {}
                Some(entry) => {
                    let (state, paths) = (entry.state, entry.paths.clone());
                    *entry = Entry { state, paths, ..Entry::new(spec) };
                }
                None => drop(self.entries.insert(spec.key.clone(), Entry::new(spec))),
            },
        }
    }

    /// The index of what is known now. Of two Receivers that share a path the first by name has it.
    pub(super) fn index(&self) -> PathIndex {
        let mut index = PathIndex { is_loaded: self.is_loaded, ..PathIndex::default() };
        for (key, entry) in &self.entries {
            let route = Arc::new(WebhookRoute {
                key: key.clone(),
                state: entry.state,
                receiver: entry.receiver.clone(),
                secret: entry.secret.clone(),
            });
            for path in entry.paths.iter() {
                index.routes.entry(path.clone()).or_insert_with(|| route.clone());
            }
        }
        index
    }
}

fn key_of(change: &Change<ReceiverSpec>) -> &ObjectKey {
    match change {
        Change::Applied(spec) => &spec.key,
        Change::Deleted(key) => key,
    }
}
