//! The part that all objects have.

use std::sync::Arc;

use campanile_domain::ObjectKey;
use serde_json::json;

use crate::Map;
use crate::checker::Checker;

/// Where objects live that do not say where.
const DEFAULT_NAMESPACE: &str = "default";

/// The metadata that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Namespace and name.
    pub(crate) key: ObjectKey,
    /// Empty if the manifest gives none.
    pub(crate) uid: Arc<str>,
    /// 1 if the manifest gives none.
    pub(crate) generation: i64,
    /// The object as expressions see it.
    pub(crate) written: Arc<str>,
}

impl Metadata {
    /// Reads `metadata` of an object.
    pub(crate) fn read(root: &Map, checker: &mut Checker) -> Self {
        checker.demand(root, "metadata");
        let absent = Map::new();
        let metadata = checker.object(root, "metadata").unwrap_or(&absent);
        checker.within("metadata", |checker| {
            checker.nonempty(metadata, "name");
            checker.text_map(metadata, "labels");
            Self {
                key: key_of(metadata),
                uid: checker.text(metadata, "uid").unwrap_or_default().into(),
                generation: checker.integer(metadata, "generation").unwrap_or(1),
                written: written(root, metadata),
            }
        })
    }
}

/// Namespace and name as far as they can be read.
pub(crate) fn key_of(metadata: &Map) -> ObjectKey {
    let text = |key| metadata.get(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    ObjectKey::new(text("namespace").unwrap_or(DEFAULT_NAMESPACE), text("name").unwrap_or_default())
}

/// What of `metadata` an expression may ask for; the rest is bookkeeping of the API server that changes for no reason.
const ASKED: &[&str] =
    &["name", "namespace", "uid", "generation", "labels", "annotations", "creationTimestamp"];

/// kubectl's copy of the whole object, which would double it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// `apiVersion`, `kind`, `metadata` and `spec` as one JSON text.
fn written(root: &Map, metadata: &Map) -> Arc<str> {
    let mut kept: Map =
        ASKED.iter().filter_map(|key| Some(((*key).to_owned(), metadata.get(*key)?.clone()))).collect();
    if let Some(annotations) = kept.get_mut("annotations").and_then(|value| value.as_object_mut()) {
        annotations.remove(LAST_APPLIED);
    }
    let part = |key| root.get(key);
    let object = json!({
        "apiVersion": part("apiVersion"), "kind": part("kind"), "metadata": kept, "spec": part("spec"),
    });
    object.to_string().into()
}
