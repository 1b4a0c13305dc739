//! An object as the API server gives it, read without the bookkeeping that is often larger than the object.
//!
//! Thousands are read at the start, so nothing is taken into memory that nobody looks at.

use std::borrow::Cow;
use std::fmt;

use kube::Resource;
use kube::api::{ApiResource, ObjectMeta};
use kube::core::DynamicResourceScope;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

/// A JSON object, by its keys.
pub(crate) type JsonMap = serde_json::Map<String, Json>;

/// The API server's notes on who wrote which field.
const BOOKKEEPING: &str = "managedFields";

/// An object of a kind that was asked for.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Raw {
    /// What the machinery of watches asks for, and no more: namespace, name and version.
    meta: ObjectMeta,
    pub(crate) metadata: JsonMap,
    pub(crate) spec: Json,
    pub(crate) status: Json,
}

#[derive(serde::Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Kept,
    #[serde(default)]
    spec: Json,
    #[serde(default)]
    status: Json,
}

impl From<Wire> for Raw {
    fn from(Wire { metadata: Kept(metadata), spec, status }: Wire) -> Self {
        let text = |key| metadata.get(key).and_then(Json::as_str).map(ToOwned::to_owned);
        let meta = ObjectMeta {
            namespace: text("namespace"),
            name: text("name"),
            resource_version: text("resourceVersion"),
            ..ObjectMeta::default()
        };
        Self { meta, metadata, spec, status }
    }
}

/// The `metadata` of an object without its bookkeeping.
#[derive(Default)]
struct Kept(JsonMap);

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keep)
    }
}

struct Keep;

impl<'de> Visitor<'de> for Keep {
    type Value = Kept;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metadata of an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Kept, A::Error> {
        let mut kept = JsonMap::new();
        while let Some(key) = fields.next_key::<String>()? {
            if key == BOOKKEEPING {
                fields.next_value::<IgnoredAny>()?;
            } else {
                kept.insert(key, fields.next_value()?);
            }
        }
        Ok(Kept(kept))
    }
}

impl Resource for Raw {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use kube::ResourceExt;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_read_with_all_but_its_bookkeeping() {
        let text = r#"{"apiVersion": "a/v1", "kind": "K", "spec": {"x": [1]}, "metadata": {
            "name": "chat", "managedFields": [{"fieldsV1": {"f:spec": {}}}], "namespace": "apps",
            "resourceVersion": "7", "labels": {"a": "b"}}}"#;
        let raw: Raw = serde_json::from_str(text).unwrap();
        let named = (raw.namespace(), raw.name_any(), raw.resource_version());
        assert_eq!(named, (Some("apps".to_owned()), "chat".to_owned(), Some("7".to_owned())));
        let kept = json!({"name": "chat", "namespace": "apps", "resourceVersion": "7", "labels": {"a": "b"}});
        assert_eq!((Json::Object(raw.metadata), raw.spec), (kept, json!({"x": [1]})));
        assert!(raw.status.is_null());
    }
}
