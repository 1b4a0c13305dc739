//! The definitions of Alert, Provider and Receiver that belong to this program, and what others append to them in a cluster.

use std::collections::BTreeSet;

use campanile_yaml as yaml;
use serde_json::Value;

/// As they stand in `deploy/crds`, so that a program and its definitions cannot differ.
pub(crate) const DEFINITIONS: [&str; 3] = [
    include_str!("../deploy/crds/alerts.yaml"),
    include_str!("../deploy/crds/providers.yaml"),
    include_str!("../deploy/crds/receivers.yaml"),
];

/// Where the list of kinds is in a version of Alert and of Receiver.
const LISTS: [&str; 2] = [
    "/schema/openAPIV3Schema/properties/spec/properties/eventSources/items/properties/kind/enum",
    "/schema/openAPIV3Schema/properties/spec/properties/resources/items/properties/kind/enum",
];

/// The definitions of this program, parsed.
fn ours() -> impl Iterator<Item = Value> {
    DEFINITIONS.iter().filter_map(|text| Some(yaml::parse(text).ok()?.first()?.to_json()))
}

/// Their names, such as `alerts.notification.toolkit.fluxcd.io`.
pub(crate) fn names() -> impl Iterator<Item = String> {
    ours().filter_map(|definition| definition["metadata"]["name"].as_str().map(str::to_owned))
}

/// The kinds that Receivers may name without a definition that others appended to.
pub(crate) fn kinds_of_receivers() -> BTreeSet<String> {
    ours().last().map(|definition| kinds(&definition)).unwrap_or_default()
}

/// The kinds that any version of a definition lists.
pub(crate) fn kinds(definition: &Value) -> BTreeSet<String> {
    let versions = definition["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lists = versions.iter().flat_map(|version| LISTS.iter().filter_map(|list| version.pointer(list)));
    let items = lists.filter_map(Value::as_array).flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The kinds that an installed definition lists and ours of its name does not.
pub(crate) fn appended(installed: &Value) -> BTreeSet<String> {
    let ours = ours().find(|ours| ours["metadata"]["name"] == installed["metadata"]["name"]);
    let known = ours.map(|ours| kinds(&ours)).unwrap_or_default();
    kinds(installed).difference(&known).cloned().collect()
}
