//! The labels of source objects, which `matchLabels` asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::ObjectRef;

/// The labels of an object, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// The cache for this kind is not filled yet: plan the event later.
    NotYet,
    /// There is no such object.
    Absent,
    /// The labels that the object has.
    Found(Arc<BTreeMap<String, String>>),
}

/// Looks labels up without waiting. It answers from memory and is called for each event that such an Alert may match.
pub trait LabelLookup: Send + Sync {
    /// The labels of `object`, found by its API version, kind, namespace and name.
    fn labels(&self, object: &ObjectRef) -> Labels;
}
