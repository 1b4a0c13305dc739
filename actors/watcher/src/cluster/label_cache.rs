//! Labels of source objects in memory, kind by kind, for Alerts with `matchLabels`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use campanile_domain::{ObjectKey, ObjectRef};
use campanile_protocol::{LabelLookup, Labels};
use parking_lot::RwLock;

use super::source_kinds;
use crate::batch::{Batch, WatchStep};

/// The labels of one object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Labelled {
    pub(crate) key: ObjectKey,
    pub(crate) labels: BTreeMap<String, String>,
}

type ByName = HashMap<Arc<str>, Arc<BTreeMap<String, String>>>;
type ByNamespace = HashMap<Arc<str>, ByName>;

/// A kind of one API group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupKind {
    pub(crate) kind: Arc<str>,
    pub(crate) group: Arc<str>,
}

/// The labels of a kind in one group.
#[derive(Debug, Default, PartialEq, Eq)]
enum Known {
    /// They were not listed yet.
    #[default]
    NotYet,
    /// They may not be listed.
    Denied,
    Listed(ByNamespace),
}

type ByGroup = HashMap<Arc<str>, Known>;

/// Shared by the watcher, which fills it, and the router, which looks labels up. It outlives a restart of the watcher. A
/// kind is here once it is known which groups serve it, and until no Alert needs it; of every other kind the answer is
/// [`Labels::NotYet`].
#[derive(Debug, Default)]
pub struct LabelCache {
    kinds: RwLock<HashMap<Arc<str>, ByGroup>>,
}

impl LabelCache {
    /// Takes in which groups serve a kind. What is known of others is forgotten. Returns whether anything is different now.
    pub(crate) fn served_by(&self, kind: &Arc<str>, groups: &[Arc<str>]) -> bool {
        let mut kinds = self.kinds.write();
        let is_new = !kinds.contains_key(kind);
        let known = kinds.entry(kind.clone()).or_default();
        let before = known.len();
        known.retain(|group, _| groups.contains(group));
        let is_less = known.len() < before;
        for group in groups {
            known.entry(group.clone()).or_default();
        }
        is_new || is_less
    }

    /// Takes a batch in. Returns whether anything is different now.
    pub(crate) fn apply(&self, of: &GroupKind, batch: Batch<Labelled>) -> bool {
        let mut kinds = self.kinds.write();
        if batch.whole {
            let mut listed = ByNamespace::new();
            for step in batch.steps {
                apply(&mut listed, step);
            }
            let listed = Known::Listed(listed);
            let groups = kinds.entry(of.kind.clone()).or_default();
            let same = groups.get(&of.group).is_some_and(|old| *old == listed);
            groups.insert(of.group.clone(), listed);
            return !same;
        }
        let known = kinds.get_mut(&of.kind).and_then(|groups| groups.get_mut(&of.group));
        let Some(Known::Listed(known)) = known else { return false };
        let mut changed = false;
        for step in batch.steps {
            changed |= apply(known, step);
        }
        changed
    }

    /// Notes that labels may not be listed: nothing waits for them. Returns whether that is new.
    pub(crate) fn deny(&self, of: &GroupKind) -> bool {
        let mut kinds = self.kinds.write();
        let known = kinds.entry(of.kind.clone()).or_default().entry(of.group.clone()).or_default();
        std::mem::replace(known, Known::Denied) != Known::Denied
    }

    /// Forgets a kind that no Alert needs any more.
    pub(crate) fn forget(&self, kind: &str) {
        self.kinds.write().remove(kind);
    }
}

fn apply(known: &mut ByNamespace, step: WatchStep<Labelled>) -> bool {
    match step {
        WatchStep::Applied(Labelled { key, labels }) => {
            let names = known.entry(key.namespace).or_default();
            let same = names.get(&key.name).is_some_and(|old| **old == labels);
            if !same {
                names.insert(key.name, Arc::new(labels));
            }
            !same
        }
        WatchStep::Deleted(key) => {
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
        // An object of a group that is not watched cannot be looked up (contract, control plane 5.2 d).
        if source_kinds::group_of(&object.kind).is_some_and(|group| group != object.group()) {
            return Labels::Absent;
        }
        let kinds = self.kinds.read();
        let Some(groups) = kinds.get(object.kind.as_str()) else { return Labels::NotYet };
        let known = match groups.get(object.group()) {
            Some(Known::NotYet) => return Labels::NotYet,
            Some(Known::Denied) | None => return Labels::Absent,
            Some(Known::Listed(known)) => known,
        };
        let labels = known.get(object.namespace.as_str()).and_then(|names| names.get(object.name.as_str()));
        labels.map_or(Labels::Absent, |labels| Labels::Found(labels.clone()))
    }
}

#[cfg(test)]
mod tests {
    use campanile_testkit::event;

    use super::*;

    fn labelled(name: &str, team: &str) -> WatchStep<Labelled> {
        let labels = BTreeMap::from([("team".to_owned(), team.to_owned())]);
        WatchStep::Applied(Labelled { key: ObjectKey::new("apps", name), labels })
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
        let cache = LabelCache::default();
        let kind = &GroupKind { kind: "Kustomization".into(), group: "kustomize.toolkit.fluxcd.io".into() };
        assert_eq!(team(&cache).as_deref(), Some("not yet"));
        assert!(!cache.apply(kind, Batch { whole: false, steps: vec![labelled("podinfo", "a")] }));
        assert_eq!(team(&cache).as_deref(), Some("not yet"));
        assert!(cache.apply(kind, Batch { whole: true, steps: vec![] }));
        assert_eq!(team(&cache), None);
        assert!(cache.apply(kind, Batch { whole: false, steps: vec![labelled("podinfo", "a")] }));
        assert!(!cache.apply(kind, Batch { whole: true, steps: vec![labelled("podinfo", "a")] }));
        assert_eq!(team(&cache).as_deref(), Some("a"));
        let gone = WatchStep::Deleted(ObjectKey::new("apps", "podinfo"));
        assert!(cache.apply(kind, Batch { whole: false, steps: vec![gone] }));
        assert_eq!(team(&cache), None);
        cache.forget("Kustomization");
        assert_eq!(team(&cache).as_deref(), Some("not yet"));
    }

    #[test]
    fn t04_a_foreign_kind_is_told_apart_by_its_groups_and_one_that_is_denied_is_not_waited_for() {
        let (cache, kind) = (LabelCache::default(), Arc::<str>::from("Terraform"));
        let object = |group: &str| ObjectRef {
            kind: "Terraform".into(),
            api_version: format!("{group}/v1"),
            ..event().involved_object
        };
        let of = |group: &str| GroupKind { kind: kind.clone(), group: group.into() };
        assert_eq!(cache.labels(&object("a.io")), Labels::NotYet, "nobody knows yet who serves it");
        assert!(cache.served_by(&kind, &["a.io".into(), "b.io".into()]));
        assert_eq!(cache.labels(&object("a.io")), Labels::NotYet);
        assert_eq!(cache.labels(&object("c.io")), Labels::Absent);
        assert!(cache.apply(&of("a.io"), Batch { whole: true, steps: vec![labelled("podinfo", "a")] }));
        assert!(cache.deny(&of("b.io")) && !cache.deny(&of("b.io")));
        assert!(matches!(cache.labels(&object("a.io")), Labels::Found(_)));
        assert_eq!(cache.labels(&object("b.io")), Labels::Absent);
        assert!(!cache.served_by(&kind, &["a.io".into(), "b.io".into()]));
        assert!(cache.apply(&of("b.io"), Batch { whole: true, steps: vec![labelled("podinfo", "b")] }));
        assert!(matches!(cache.labels(&object("b.io")), Labels::Found(_)), "the right was granted");
        assert!(cache.served_by(&kind, &[]));
        assert_eq!(cache.labels(&object("a.io")), Labels::Absent);
    }

    #[test]
    fn an_object_of_a_strange_group_is_absent_and_not_waited_for() {
        let object = ObjectRef { api_version: "example.org/v1".into(), ..event().involved_object };
        assert_eq!(LabelCache::default().labels(&object), Labels::Absent);
    }
}
