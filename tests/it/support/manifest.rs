//! Manifests as values. JSON is YAML too, so a file holds one JSON document after the other.

use serde_json::{Value, json};

/// Where the objects of tests live unless they say otherwise.
pub(crate) const NAMESPACE: &str = "apps";

/// Documents of one file.
pub(crate) fn join(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("---\n{object:#}\n")).collect()
}

/// Any object.
pub(crate) fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": NAMESPACE },
    });
    merge(&mut object, rest);
    object
}

/// A Provider; `spec` lacks only the type.
pub(crate) fn provider(name: &str, type_name: &str, spec: Value) -> Value {
    let mut full = json!({ "type": type_name });
    merge(&mut full, spec);
    object("notification.toolkit.fluxcd.io/v1beta3", "Provider", name, json!({ "spec": full }))
}

/// An Alert; `spec` lacks only the Provider.
pub(crate) fn alert(name: &str, provider: &str, spec: Value) -> Value {
    let mut full = json!({ "providerRef": { "name": provider } });
    merge(&mut full, spec);
    object("notification.toolkit.fluxcd.io/v1beta3", "Alert", name, json!({ "spec": full }))
}

/// A Receiver with the finalizer that the replaced controller left.
pub(crate) fn receiver(name: &str) -> Value {
    let resources = json!([{ "kind": "GitRepository", "name": "app" }]);
    let spec = json!({ "type": "generic", "resources": resources, "secretRef": { "name": "token" } });
    let mut receiver = object("notification.toolkit.fluxcd.io/v1", "Receiver", name, json!({ "spec": spec }));
    receiver["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
    receiver
}

/// A Secret with text.
#[expect(clippy::needless_pass_by_value, reason = "reads as the other builders do")]
pub(crate) fn secret(name: &str, string_data: Value) -> Value {
    object("v1", "Secret", name, json!({ "stringData": string_data }))
}

/// An Alert that takes every Kustomization of the namespace to `provider`.
pub(crate) fn everything_from(provider: &str) -> Value {
    let sources = json!([{ "kind": "Kustomization", "name": "*" }]);
    alert(&format!("all-to-{provider}"), provider, json!({ "eventSources": sources }))
}

fn merge(into: &mut Value, from: Value) {
    let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) else { panic!("not two objects") };
    into.extend(from);
}
