//! Labels of source objects in memory, kind by kind, for Alerts with `matchLabels`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use campanile_domain::{ObjectKey, ObjectRef};
use campanile_protocol::{LabelLookup, Labels};
use parking_lot::RwLock;

use super::source_kinds::{self, SourceKind};
use crate::batch::{Batch, Step};

/// The labels of one object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Labelled {
    pub(crate) key: ObjectKey,
    pub(crate) labels: BTreeMap<String, String>,
}

type ByName = HashMap<Arc<str>, Arc<BTreeMap<String, String>>>;
type ByNamespace = HashMap<Arc<str>, ByName>;

/// Shared by the watcher, which fills it, and the router, which looks labels up. It outlives a restart of the watcher. A
/// kind is here once it was listed and until no Alert needs it; of every other kind the answer is [`Labels::NotYet`].
#[derive(Debug, Default)]
pub struct LabelCache {
    kinds: RwLock<HashMap<&'static str, ByNamespace>>,
}

impl LabelCache {
    /// Takes a batch in. Returns whether anything is different now.
    pub(crate) fn apply(&self, kind: &SourceKind, batch: Batch<Labelled>) -> bool {
        let mut kinds = self.kinds.write();
        if batch.whole {
            let mut listed = ByNamespace::new();
            for step in batch.steps {
                apply(&mut listed, step);
            }
            let same = kinds.get(kind.kind).is_some_and(|old| *old == listed);
            kinds.insert(kind.kind, listed);
            return !same;
        }
        let Some(known) = kinds.get_mut(kind.kind) else { return false };
        let mut changed = false;
        for step in batch.steps {
            changed |= apply(known, step);
        }
        changed
    }

    /// Forgets a kind that no Alert needs any more.
    pub(crate) fn forget(&self, kind: &SourceKind) {
        self.kinds.write().remove(kind.kind);
    }
}

fn apply(known: &mut ByNamespace, step: Step<Labelled>) -> bool {
    match step {
        Step::Applied(Labelled { key, labels }) => {
            let names = known.entry(key.namespace).or_default();
            let same = names.get(&key.name).is_some_and(|old| **old == labels);
            if !same {
                names.insert(key.name, Arc::new(labels));
            }
            !same
        }
        Step::Deleted(key) => {
            let Some(names) = known.get_mut(&key.namespace) else { return false };
            let was_there = names.remove(&key.name).is_some();
            if names.is_empty() {
                known.remove(&key.namespace);
            }
            was_there
        }
    }
}

impl LabelLookup for LabelCache {
    fn labels(&self, object: &ObjectRef) -> Labels {
        // An object of a group that is not watched can not be looked up (contract, control plane 5.2 d).
        if source_kinds::named(&object.kind).is_none_or(|kind| kind.group != object.group()) {
            return Labels::Absent;
        }
        let kinds = self.kinds.read();
        let Some(known) = kinds.get(object.kind.as_str()) else { return Labels::NotYet };
        let labels = known.get(object.namespace.as_str()).and_then(|names| names.get(object.name.as_str()));
        labels.map_or(Labels::Absent, |labels| Labels::Found(labels.clone()))
    }
}

#[cfg(test)]
mod tests {
    use campanile_testkit::event;

    use super::*;

    fn labelled(name: &str, team: &str) -> Step<Labelled> {
        let labels = BTreeMap::from([("team".to_owned(), team.to_owned())]);
        Step::Applied(Labelled { key: ObjectKey::new("apps", name), labels })
    }

    fn team(cache: &LabelCache) -> Option<String> {
        match cache.labels(&event().involved_object) {
            Labels::Found(labels) => labels.get("team").cloned(),
            Labels::NotYet => Some("not yet".to_owned()),
            Labels::Absent => None,
        }
    }

    #[test]
    fn a_kind_is_not_there_until_it_was_listed_and_after_it_was_forgotten() {
        let (cache, kind) = (LabelCache::default(), source_kinds::named("Kustomization").unwrap());
        assert_eq!(team(&cache).as_deref(), Some("not yet"));
        assert!(!cache.apply(kind, Batch { whole: false, steps: vec![labelled("podinfo", "a")] }));
        assert_eq!(team(&cache).as_deref(), Some("not yet"));
        assert!(cache.apply(kind, Batch { whole: true, steps: vec![] }));
        assert_eq!(team(&cache), None);
        assert!(cache.apply(kind, Batch { whole: false, steps: vec![labelled("podinfo", "a")] }));
        assert!(!cache.apply(kind, Batch { whole: true, steps: vec![labelled("podinfo", "a")] }));
        assert_eq!(team(&cache).as_deref(), Some("a"));
        let gone = Step::Deleted(ObjectKey::new("apps", "podinfo"));
        assert!(cache.apply(kind, Batch { whole: false, steps: vec![gone] }));
        assert_eq!(team(&cache), None);
        cache.forget(kind);
        assert_eq!(team(&cache).as_deref(), Some("not yet"));
    }

    #[test]
    fn an_object_of_a_strange_group_is_absent_and_not_waited_for() {
        let object = ObjectRef { api_version: "example.org/v1".into(), ..event().involved_object };
        assert_eq!(LabelCache::default().labels(&object), Labels::Absent);
    }
}
