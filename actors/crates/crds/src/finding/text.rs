//! Texts that cannot be meant: variables that nobody replaced, keys that the API server refuses.

use campanile_yaml::PathStep;
use serde_json::Value as Json;

use super::{Level, SchemaFindings};
use crate::checker::owned;
use crate::{Map, Rule};

/// Whether the API server takes a text as the name of an object (RFC 1123: labels of lower-case letters, digits and
/// hyphens, with dots between them; at most 253 characters).
pub(super) fn is_name(text: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(is_inner)
        })
}

/// Whether a text has `${NAME}`, perhaps with a default behind the name, as Flux's `postBuild` and `envsubst` replace it.
pub(super) fn has_variable(text: &str) -> bool {
    campanile_domain::left_variable(text).is_some()
}

/// Says where variables were left in `spec` and `metadata`. Where a name or a type has one, nothing works; address and channel
/// are judged when the Provider is built, wherever they stand.
pub(super) fn variables(root: &Map, findings: &mut SchemaFindings) {
    for part in ["metadata", "spec"] {
        if let Some(value) = root.get(part) {
            look(value, &mut vec![part.into()], findings);
        }
    }
}

fn look(value: &Json, path: &mut Vec<PathStep>, findings: &mut SchemaFindings) {
    match value {
        Json::String(text) => variable(text, path, findings),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.into());
                look(item, path, findings);
                path.pop();
            }
        }
        Json::Object(map) => {
            for (key, item) in map {
                path.push(owned(key));
                look(item, path, findings);
                path.pop();
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn variable(text: &str, path: &[PathStep], findings: &mut SchemaFindings) {
    let Some(variable) = campanile_domain::left_variable(text) else { return };
    let field = path.last().and_then(|step| match step {
        PathStep::Key(key) => Some(key.as_ref()),
        PathStep::Index(_) => None,
    });
    let is_spec = path.first().is_some_and(|first| *first == PathStep::from("spec"));
    let level = match field {
        Some("address" | "channel") if is_spec => return,
        Some("name" | "namespace" | "kind" | "type" | "serviceAccountName" | "proxy") => Level::Error,
        _ => Level::Warning,
    };
    let message = format!(
        "has the variable {variable}, which nothing replaced; replace it before the manifest is used"
    );
    findings.add(level, Rule::Variable, path.to_vec(), message);
}

/// Says which keys of a Secret the API server refuses.
pub(super) fn secret_keys(root: &Map, findings: &mut SchemaFindings) {
    let is_key = |key: &str| {
        !key.is_empty()
            && key.len() <= 253
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    for part in ["data", "stringData"] {
        let keys = root.get(part).and_then(Json::as_object).into_iter().flat_map(Map::keys);
        for key in keys.filter(|key| !is_key(key)) {
            let message = "is a key that the API server refuses; use letters, digits, '-', '_' and '.'";
            findings.add(Level::Error, Rule::Schema, vec![part.into(), owned(key)], message);
        }
    }
}
