//! Labels of objects that events may be about, as the manifests give them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use campanile_domain::{ObjectKey, ObjectRef};
use campanile_protocol::{LabelLookup, Labels};

use crate::Loaded;

/// The labels of objects by [`index_key`].
pub(crate) type LabelIndex = HashMap<String, Arc<BTreeMap<String, String>>>;

/// Group, kind, namespace and name in one text. The version is left out: it is one object in every version.
pub(crate) fn index_key(api_version: &str, kind: &str, namespace: &str, name: &str) -> String {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    [group, kind, namespace, name].join("\n")
}

/// Shared by the watcher, which swaps the whole index on a change, and the router, which looks labels up. It outlives
/// a restart of the watcher; until the first load every answer is [`Labels::NotYet`].
#[derive(Debug, Default)]
pub struct LabelStore {
    index: ArcSwapOption<LabelIndex>,
}

impl LabelStore {
    /// The labels of one state, for looking at it without a watcher.
    pub fn of(loaded: &Loaded) -> Self {
        Self { index: ArcSwapOption::from(Some(loaded.labels.clone())) }
    }

    /// Replaces everything. Returns whether anything is different now.
    pub(crate) fn replace(&self, index: &Arc<LabelIndex>) -> bool {
        let old = self.index.swap(Some(index.clone()));
        old.is_none_or(|old| old != *index)
    }
}

impl LabelLookup for LabelStore {
    fn labels(&self, object: &ObjectRef) -> Labels {
        let index = self.index.load();
        let Some(index) = index.as_ref() else { return Labels::NotYet };
        let key = index_key(&object.api_version, &object.kind, &object.namespace, &object.name);
        index.get(&key).map_or(Labels::Absent, |labels| Labels::Found(labels.clone()))
    }
}

/// The index key of an object that a manifest describes.
pub(crate) fn manifest_key(api_version: &str, kind: &str, key: &ObjectKey) -> String {
    index_key(api_version, kind, &key.namespace, &key.name)
}
