//! Reading of objects: one object of the API server becomes a domain value and the facts beside it.

use std::sync::Arc;

use campanile_crds::{Object, Violation, in_status, lint};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::batcher::key_of;
use super::object_status::ObjectStatus;
use super::raw::{JsonMap, Raw};
use crate::kind_state::{MalformedObject, Sighting, Sound};
use crate::watched::{REQUESTED_AT, Watched};

/// Metadata and status of an object as the API server has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub(crate) uid: Arc<str>,
    pub(crate) resource_version: Box<str>,
    pub(crate) generation: i64,
    pub(crate) created: Option<Timestamp>,
    pub(crate) deleting: bool,
    pub(crate) finalizers: Box<[String]>,
    pub(crate) requested_at: Option<Box<str>>,
    pub(crate) status: ObjectStatus,
}

impl Facts {
    /// The facts of an object.
    pub(crate) fn of(object: &Raw) -> Self {
        let metadata = &object.metadata;
        let text = |key| metadata.get(key).and_then(Json::as_str);
        let finalizers = metadata.get("finalizers").and_then(Json::as_array).into_iter().flatten();
        let requested_at = metadata.get("annotations").and_then(|all| all.get(REQUESTED_AT)?.as_str());
        Self {
            uid: text("uid").unwrap_or_default().into(),
            resource_version: text("resourceVersion").unwrap_or_default().into(),
            generation: metadata.get("generation").and_then(Json::as_i64).unwrap_or(1),
            created: text("creationTimestamp").and_then(|time| time.parse().ok()),
            deleting: text("deletionTimestamp").is_some(),
            finalizers: finalizers.filter_map(Json::as_str).map(ToOwned::to_owned).collect(),
            requested_at: requested_at.map(Into::into),
            status: ObjectStatus::read(&object.status),
        }
    }
}

/// Reads an object of the kind that was asked for.
pub(crate) fn read<T: Watched>(api_version: &str, object: Raw) -> Sighting<T, Facts> {
    let (key, facts) = (key_of(&object), Facts::of(&object));
    let json = JsonMap::from_iter([
        ("apiVersion".to_owned(), api_version.into()),
        ("kind".to_owned(), T::KIND.name().into()),
        ("metadata".to_owned(), object.metadata.into()),
        ("spec".to_owned(), object.spec),
    ]);
    let (json, seed) = (json.into(), facts.status.seed(facts.created));
    let why = match Object::from_json(&json) {
        Ok(found) => match found.and_then(T::of) {
            Some(spec) => {
                let facts = Facts { uid: spec.uid().clone(), ..facts };
                let violation = spec.violation().map(Into::into);
                let remark = in_status(&lint(&json)).map(Into::into);
                let spec = Arc::new(spec);
                return Sighting::Sound(Box::new(Sound { spec, violation, remark, facts, seed }));
            }
            None => "it is of another kind than was asked for".to_owned(),
        },
        Err(violations) => explain(&violations),
    };
    let (uid, generation) = (facts.uid.clone(), facts.generation);
    Sighting::Malformed(Box::new(MalformedObject { key, uid, generation, why, told: false, facts, seed }))
}

fn explain(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use campanile_crds::{GROUP, Version};
    use campanile_domain::{Alert, ObjectKey, ProviderSpec};
    use serde_json::json;

    use super::*;

    fn object(json: Json) -> Raw {
        serde_json::from_value(json).unwrap()
    }

    fn read_as<T: Watched>(json: Json) -> Sighting<T, Facts> {
        read(&format!("{GROUP}/{}", Version::V1beta3.name()), object(json))
    }

    #[test]
    fn an_object_is_read_with_its_facts_and_without_its_bookkeeping() {
        let reading = read_as::<ProviderSpec>(json!({
            "metadata": {
                "name": "chat", "namespace": "apps", "uid": "u", "resourceVersion": "7", "generation": 3,
                "creationTimestamp": "2026-08-07T12:00:00Z",
                "annotations": { "reconcile.fluxcd.io/requestedAt": "now" },
                "finalizers": ["finalizers.fluxcd.io"],
                "managedFields": [{ "manager": "kubectl", "operation": "Apply" }],
            },
            "spec": { "type": "pigeon" },
        }));
        let Sighting::Sound(kept) = reading else { panic!("{reading:?}") };
        assert_eq!((kept.facts.generation, &*kept.facts.resource_version), (3, "7"));
        assert_eq!(kept.facts.created, Some(campanile_testkit::noon()));
        assert_eq!(kept.facts.requested_at.as_deref(), Some("now"));
        assert!(kept.violation.unwrap().starts_with("provider type 'pigeon' is not supported"));
        assert!(!kept.spec.object.contains("managedFields"));
    }

    #[test]
    fn a_malformed_object_is_named_with_every_cause() {
        let reading = read_as::<Alert>(json!({
            "metadata": { "name": "on-call", "namespace": "apps" },
            "spec": { "eventSources": 3, "eventSeverity": "loud" },
        }));
        let Sighting::Malformed(seen) = reading else { panic!("{reading:?}") };
        assert_eq!(seen.key, ObjectKey::new("apps", "on-call"));
        let why = seen.why;
        assert!(why.contains("spec.providerRef") && why.contains("spec.eventSeverity must be"), "{why}");
    }
}
