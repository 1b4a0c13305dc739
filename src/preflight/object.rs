//! Questions that checks ask of an object.

use serde_json::Value as Json;

/// The label of all that belongs to Campanile.
const NAME: (&str, &str) = ("app.kubernetes.io/name", "campanile");

/// The label that Flux's controllers carry, and Campanile with them, as a selector.
pub(crate) const PART_OF: &str = "app.kubernetes.io/part-of=flux";

/// A text at a pointer; empty if there is none.
pub(crate) fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// A list at a pointer; empty if there is none.
pub(super) fn list<'a>(object: &'a Json, pointer: &str) -> &'a [Json] {
    object.pointer(pointer).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn name(object: &Json) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn namespace(object: &Json) -> &str {
    text(object, "/metadata/namespace")
}

/// The name by which a finding calls an object.
pub(crate) fn called(kind: &str, object: &Json) -> String {
    object_path(kind, namespace(object), name(object))
}

/// `Kind/namespace/name`, or `Kind/name` where the namespace is empty.
pub(crate) fn object_path(kind: &str, namespace: &str, name: &str) -> String {
    match namespace {
        "" => format!("{kind}/{name}"),
        namespace => format!("{kind}/{namespace}/{name}"),
    }
}

/// The value of a label; empty if there is none.
pub(super) fn label<'a>(object: &'a Json, key: &str) -> &'a str {
    object["metadata"]["labels"][key].as_str().unwrap_or_default()
}

/// Whether an object carries the label of all that is Campanile's.
pub(crate) fn is_ours(object: &Json) -> bool {
    label(object, NAME.0) == NAME.1
}

/// The container that runs the controller: the one that installers know as `manager`, else the first.
pub(super) fn manager(deployment: &Json) -> &Json {
    let containers = list(deployment, "/spec/template/spec/containers");
    let named = containers.iter().find(|container| container["name"] == "manager");
    named.or(containers.first()).unwrap_or(&Json::Null)
}

/// The arguments of the controller.
fn args_of(deployment: &Json) -> Vec<&str> {
    list(manager(deployment), "/args").iter().filter_map(Json::as_str).collect()
}

/// The values of a flag; an empty text where it stands alone.
pub(super) fn flags<'a>(deployment: &'a Json, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
    let value = move |argument: &'a str| match argument.strip_prefix(name)? {
        "" => Some(""),
        rest => rest.strip_prefix('='),
    };
    args_of(deployment).into_iter().filter_map(value)
}

/// The value of a flag, the last one that is given.
pub(super) fn flag<'a>(deployment: &'a Json, name: &str) -> Option<&'a str> {
    flags(deployment, name).next_back()
}

/// The Deployment of the notification-controller in the namespace that is looked at, whoever's it is.
pub(super) fn controller(snapshot: &super::Snapshot) -> Option<&Json> {
    let is = |deployment: &&Json| {
        name(deployment) == super::flux::CONTROLLER && namespace(deployment) == snapshot.namespace
    };
    snapshot.deployments.iter().find(is)
}

/// Whether the Deployment runs Campanile: by our label, or since it has a flag that no other controller has.
pub(crate) fn runs_campanile(deployment: &Json) -> bool {
    is_ours(deployment) || flag(deployment, "--state-dir").is_some()
}
