//! The one entry for objects of any kind.

use std::collections::BTreeMap;

use campanile_domain::{Alert, ObjectKey, ProviderSpec, ReceiverSpec, Secret};
use serde_json::Value as Json;

use crate::checker::Checker;
use crate::hidden::HiddenSecret;
use crate::metadata::key_of;
use crate::{
    GROUP, Map, Metadata, Rule, Version, Violation, alert, bounds, hidden, provider, receiver, secret,
};

/// An object that matters here. Values are as written: an absent uid is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// Which events to notify about.
    Alert(Alert),
    /// Where to notify. Its type may be one that this program does not know.
    Provider(ProviderSpec),
    /// A webhook that makes objects reconcile.
    Receiver(ReceiverSpec),
    /// Credentials, certificates and addresses of Providers.
    Secret(Secret),
    /// Credentials that exist, and of which this text does not tell the contents.
    Hidden(HiddenSecret),
    /// Any other object: an event may be about it, and `matchLabels` may ask for its labels.
    Labelled {
        /// Group and version of the object.
        api_version: String,
        /// The kind of the object.
        kind: String,
        /// Namespace and name of the object.
        key: ObjectKey,
        /// The labels of the object.
        labels: BTreeMap<String, String>,
    },
}

impl Object {
    /// Reads an object. `None` if it is no Kubernetes object with a name.
    ///
    /// # Errors
    /// Every [`Violation`] of the constraints of control plane 1 and receivers 1, if it is an Alert, a Provider, a Receiver or a
    /// Secret.
    pub fn from_json(json: &Json) -> Result<Option<Self>, Vec<Violation>> {
        let Some((root, api_version, kind)) = typed(json) else { return Ok(None) };
        if let Some(hidden) = hidden::read(root, api_version, kind) {
            return Ok(Some(Self::Hidden(hidden)));
        }
        if api_version == "v1" && kind == "Secret" {
            let mut checker = Checker::default();
            let metadata = Metadata::read(root, &mut checker);
            let secret = secret::read(&metadata, root, &mut checker);
            return checker.finish(Some(Self::Secret(secret)));
        }
        match notification_kind(api_version, kind) {
            Some((version, kind)) => Self::versioned(root, version, kind).map(Some),
            None => Ok(labelled(root, api_version, kind)),
        }
    }

    /// Kind, namespace and name of an object as far as they can be read, for error texts.
    pub fn identity(json: &Json) -> Option<(String, ObjectKey)> {
        let (root, _, kind) = typed(json)?;
        let key = key_of(root.get("metadata")?.as_object()?);
        Some((kind.to_owned(), key))
    }

    fn versioned(root: &Map, version: &str, kind: &str) -> Result<Self, Vec<Violation>> {
        let mut checker = Checker::default();
        let Some(version) = Version::of_kind(kind, version) else {
            let newest = Version::V1.name();
            checker.add_by(
                Rule::UnknownVersion,
                "apiVersion",
                format!("names version '{version}' that {kind} does not have; use {newest}"),
            );
            return Err(checker.finish(()).err().unwrap_or_default());
        };
        let metadata = Metadata::read(root, &mut checker);
        checker.demand(root, "spec");
        let Some(spec) = checker.object(root, "spec") else {
            return Err(checker.finish(()).err().unwrap_or_default());
        };
        if !bounds::check(spec, &mut checker) {
            return Err(checker.finish(()).err().unwrap_or_default());
        }
        let object = checker.within("spec", |checker| match kind {
            "Alert" => Self::Alert(alert::read(&metadata, spec, version, checker)),
            "Receiver" => Self::Receiver(receiver::read(&metadata, spec, version, checker)),
            _ => Self::Provider(provider::read(&metadata, spec, version, checker)),
        });
        checker.finish(object)
    }
}

/// The root with its API version and kind, if it has both.
pub(crate) fn typed(json: &Json) -> Option<(&Map, &str, &str)> {
    let root = json.as_object()?;
    Some((root, root.get("apiVersion")?.as_str()?, root.get("kind")?.as_str()?))
}

/// The version part, if it is a kind of our group.
pub(crate) fn notification_kind<'a>(api_version: &'a str, kind: &'a str) -> Option<(&'a str, &'a str)> {
    let version = api_version.strip_prefix(GROUP)?.strip_prefix('/')?;
    matches!(kind, "Alert" | "Provider" | "Receiver").then_some((version, kind))
}

/// Foreign objects are not judged: what cannot be read of their metadata is left out.
fn labelled(root: &Map, api_version: &str, kind: &str) -> Option<Object> {
    let metadata = root.get("metadata")?.as_object()?;
    let key = key_of(metadata);
    if key.name.is_empty() {
        return None;
    }
    let text = |(key, value): (&String, &Json)| Some((key.clone(), value.as_str()?.to_owned()));
    let labels = metadata.get("labels").and_then(Json::as_object);
    Some(Object::Labelled {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        key,
        labels: labels.map(|labels| labels.iter().filter_map(text).collect()).unwrap_or_default(),
    })
}
