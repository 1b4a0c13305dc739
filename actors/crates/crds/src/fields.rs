//! The names of all fields, at every level: what is not among them is dropped by the API server.

use campanile_yaml::PathStep;
use serde_json::Value as Json;

use crate::checker::owned;
use crate::{FieldPath, Map};

/// The shape of what may stand below a field.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A value, or a mapping whose keys are the user's.
    Open,
    /// A mapping with these fields.
    Fields(&'static [FieldShape]),
    /// A list of mappings with these fields.
    Items(&'static [FieldShape]),
}

/// A field's name, and what may stand below it.
pub(crate) type FieldShape = (&'static str, Shape);

use Shape::{Fields, Items, Open};

/// What SOPS adds; whoever decrypts an object takes it away.
const SOPS: FieldShape = ("sops", Open);

/// A reference to an object by its name.
const REFERENCE: Shape = Fields(&[("name", Open)]);

/// `metadata` of any object (`ObjectMeta` of `meta/v1`). Who owns an object is not judged.
const METADATA: Shape = Fields(&[
    ("name", Open),
    ("generateName", Open),
    ("namespace", Open),
    ("labels", Open),
    ("annotations", Open),
    ("finalizers", Open),
    ("ownerReferences", Open),
    ("uid", Open),
    ("resourceVersion", Open),
    ("generation", Open),
    ("creationTimestamp", Open),
    ("deletionTimestamp", Open),
    ("deletionGracePeriodSeconds", Open),
    ("selfLink", Open),
    ("managedFields", Open),
]);

/// The fields of an Alert's `spec`.
pub(crate) const ALERT: &[FieldShape] = &[
    ("apiVersion", Open),
    ("kind", Open),
    ("metadata", METADATA),
    (
        "spec",
        Fields(&[
            ("providerRef", REFERENCE),
            ("eventSeverity", Open),
            (
                "eventSources",
                Items(&[
                    ("apiVersion", Open),
                    ("kind", Open),
                    ("name", Open),
                    ("namespace", Open),
                    ("matchLabels", Open),
                ]),
            ),
            ("inclusionList", Open),
            ("exclusionList", Open),
            ("eventMetadata", Open),
            ("summary", Open),
            ("suspend", Open),
        ]),
    ),
    ("status", Open),
    SOPS,
];

/// The fields of a Provider's `spec`.
pub(crate) const PROVIDER: &[FieldShape] = &[
    ("apiVersion", Open),
    ("kind", Open),
    ("metadata", METADATA),
    (
        "spec",
        Fields(&[
            ("type", Open),
            ("address", Open),
            ("channel", Open),
            ("username", Open),
            ("timeout", Open),
            ("interval", Open),
            ("proxy", Open),
            ("proxySecretRef", REFERENCE),
            ("secretRef", REFERENCE),
            ("certSecretRef", REFERENCE),
            ("serviceAccountName", Open),
            ("suspend", Open),
            ("commitStatusExpr", Open),
        ]),
    ),
    ("status", Open),
    SOPS,
];

/// The fields of a Receiver's `spec`.
pub(crate) const RECEIVER: &[FieldShape] = &[
    ("apiVersion", Open),
    ("kind", Open),
    ("metadata", METADATA),
    (
        "spec",
        Fields(&[
            ("type", Open),
            ("interval", Open),
            ("events", Open),
            (
                "resources",
                Items(&[
                    ("apiVersion", Open),
                    ("kind", Open),
                    ("name", Open),
                    ("namespace", Open),
                    ("matchLabels", Open),
                    ("filter", Open),
                ]),
            ),
            ("resourceFilter", Open),
            ("secretRef", REFERENCE),
            (
                "oidcProviders",
                Items(&[
                    ("issuerURL", Open),
                    ("audience", Open),
                    ("variables", Items(&[("name", Open), ("expression", Open)])),
                    ("validations", Items(&[("expression", Open), ("message", Open)])),
                ]),
            ),
            ("suspend", Open),
        ]),
    ),
    ("status", Open),
    SOPS,
];

/// The fields of a Secret.
pub(crate) const SECRET: &[FieldShape] = &[
    ("apiVersion", Open),
    ("kind", Open),
    ("metadata", METADATA),
    ("type", Open),
    ("data", Open),
    ("stringData", Open),
    ("immutable", Open),
    SOPS,
];

/// A field that is none.
pub(crate) struct Unknown {
    /// The path of the unknown field.
    pub(crate) path: FieldPath,
    /// The name of the unknown field.
    pub(crate) name: String,
    /// The fields that may stand there.
    pub(crate) known: &'static [FieldShape],
}

/// Every field of `root` that is not among `known`.
pub(crate) fn unknown(root: &Map, known: &'static [FieldShape]) -> Vec<Unknown> {
    let mut found = Vec::new();
    look(root, known, &mut Vec::new(), &mut found);
    found
}

fn look(map: &Map, known: &'static [FieldShape], path: &mut Vec<PathStep>, found: &mut Vec<Unknown>) {
    for (name, value) in map {
        path.push(owned(name));
        match known.iter().find(|(field, _)| field == name).map(|(_, shape)| *shape) {
            None => found.push(Unknown { path: FieldPath(path.clone()), name: name.clone(), known }),
            Some(Open) => {}
            Some(Fields(below)) => {
                if let Some(map) = value.as_object() {
                    look(map, below, path, found);
                }
            }
            Some(Items(below)) => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    let Json::Object(map) = item else { continue };
                    path.push(index.into());
                    look(map, below, path, found);
                    path.pop();
                }
            }
        }
        path.pop();
    }
}
