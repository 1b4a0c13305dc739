//! The part that all objects have.

use campanile_domain::ObjectKey;

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
    pub(crate) uid: String,
    /// 1 if the manifest gives none.
    pub(crate) generation: i64,
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
                uid: checker.text(metadata, "uid").unwrap_or_default().to_owned(),
                generation: checker.integer(metadata, "generation").unwrap_or(1),
            }
        })
    }
}

/// Namespace and name as far as they can be read.
pub(crate) fn key_of(metadata: &Map) -> ObjectKey {
    let text = |key| metadata.get(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    ObjectKey::new(text("namespace").unwrap_or(DEFAULT_NAMESPACE), text("name").unwrap_or_default())
}
