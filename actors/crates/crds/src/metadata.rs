//! The part that all objects have.

use std::sync::Arc;

use campanile_domain::ObjectKey;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

use crate::Map;
use crate::checker::Checker;

/// Where objects live that do not say where.
const DEFAULT_NAMESPACE: &str = "default";

/// The metadata that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata<'j> {
    /// Namespace and name of the object.
    pub(crate) key: ObjectKey,
    /// Empty if the manifest gives none.
    pub(crate) uid: Arc<str>,
    /// 1 if the manifest gives none.
    pub(crate) generation: i64,
    root: &'j Map,
}

impl<'j> Metadata<'j> {
    /// Reads `metadata` of an object.
    pub(crate) fn read(root: &'j Map, checker: &mut Checker) -> Self {
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
                root,
            }
        })
    }

    /// The value of an annotation.
    pub(crate) fn annotation(&self, name: &str) -> Option<&'j str> {
        self.root.get("metadata")?.get("annotations")?.get(name)?.as_str()
    }

    /// The object as expressions see it: `apiVersion`, `kind`, `metadata` and `spec` as one JSON text.
    pub(crate) fn written(&self) -> Arc<str> {
        // Writing maps of text to a string does not fail.
        serde_json::to_string(&Written(self.root)).unwrap_or_default().into()
    }
}

/// Namespace and name as far as they can be read.
pub(crate) fn key_of(metadata: &Map) -> ObjectKey {
    let text = |key| metadata.get(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    ObjectKey::new(text("namespace").unwrap_or(DEFAULT_NAMESPACE), text("name").unwrap_or_default())
}

/// What of `metadata` an expression may ask for; the rest is bookkeeping of the API server that changes for no reason.
const ASKED: &[&str] =
    &["annotations", "creationTimestamp", "generation", "labels", "name", "namespace", "uid"];

/// kubectl's copy of the whole object, which would double it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Writes an object without a copy of its parts.
struct Written<'j>(&'j Map);

struct WrittenMetadata<'j>(&'j Map);

struct Annotations<'j>(&'j Json);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("apiVersion", &self.0.get("apiVersion"))?;
        object.serialize_entry("kind", &self.0.get("kind"))?;
        let metadata = self.0.get("metadata").and_then(Json::as_object);
        object.serialize_entry("metadata", &WrittenMetadata(metadata.unwrap_or(&Map::new())))?;
        object.serialize_entry("spec", &self.0.get("spec"))?;
        object.end()
    }
}

impl Serialize for WrittenMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut metadata = serializer.serialize_map(None)?;
        for key in ASKED {
            match self.0.get(*key) {
                Some(annotations) if *key == "annotations" => {
                    metadata.serialize_entry(key, &Annotations(annotations))?;
                }
                Some(value) => metadata.serialize_entry(key, value)?,
                None => {}
            }
        }
        metadata.end()
    }
}

impl Serialize for Annotations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_object() {
            Some(all) => serializer.collect_map(all.iter().filter(|(key, _)| *key != LAST_APPLIED)),
            None => self.0.serialize(serializer),
        }
    }
}
