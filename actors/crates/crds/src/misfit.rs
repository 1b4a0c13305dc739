//! Documents that are skipped because nothing says, or says rightly, what they are.

use campanile_yaml::PathStep;
use serde_json::Value as Json;

use crate::flux::Concerns;
use crate::hidden::is_ciphertext;
use crate::nearest::{distance, nearest};
use crate::{FieldPath, GROUP, Level, Map, Rule, SchemaFinding, Told, Violation};

/// The kinds of the group [`GROUP`].
const KINDS: [&str; 3] = ["Alert", "Provider", "Receiver"];

/// How many letters of [`GROUP`] may differ where it is meant.
const TYPING_ERRORS: usize = 4;

/// Keys that only a file for kustomize has, which may come without a kind.
const OF_KUSTOMIZE: [&str; 9] = [
    "resources",
    "components",
    "secretGenerator",
    "configMapGenerator",
    "patches",
    "patchesStrategicMerge",
    "generatorOptions",
    "namePrefix",
    "bases",
];

/// The finding about a document that is no object; none if it is one, or empty, or a file for kustomize.
pub fn misfit(json: &Json) -> Option<SchemaFinding> {
    match json {
        Json::Null => None,
        Json::Object(root) => of_mapping(root),
        Json::Array(items) => {
            let is_typed = |item: &Json| item.get("kind").is_some() || item.get("apiVersion").is_some();
            let finding = no_object(
                "is a list and is skipped; write each object as a document of its own, or all as items of a 'kind: List'",
            );
            let level = if items.iter().any(is_typed) { Level::Error } else { Level::Warning };
            Some(SchemaFinding { level, ..finding })
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Some(no_object("is a single value and is skipped; write a mapping with apiVersion and kind"))
        }
    }
}

/// The kind of ours that an object has or means.
pub fn meant_kind(json: &Json) -> Option<&'static str> {
    let kind = json.get("kind")?.as_str()?;
    nearest(kind, KINDS.into_iter().chain(["Secret"]))
}

fn error(rule: Rule, path: Vec<PathStep>, message: impl Into<String>) -> SchemaFinding {
    let violation = Violation { rule, path: FieldPath(path), message: message.into() };
    SchemaFinding { level: Level::Error, concerns: Concerns::All, violation, told: Told::InCheck }
}

fn no_object(what: &str) -> SchemaFinding {
    error(Rule::NoObject, vec![], format!("the document {what}"))
}

fn of_mapping(root: &Map) -> Option<SchemaFinding> {
    let field = |key| root.get(key).filter(|value| !value.is_null());
    let (api_version, kind) = (field("apiVersion"), field("kind"));
    let is_binary = root.contains_key("sops") && root.get("data").is_some_and(is_ciphertext);
    if is_binary || [api_version, kind].into_iter().flatten().any(is_ciphertext) {
        let message = "the document is encrypted with SOPS as a whole and is skipped; encrypt the values of Secrets alone, by \
                       encrypted_regex: ^(data|stringData)$";
        return Some(error(Rule::EncryptedFile, vec![], message));
    }
    let no_text = |key: &'static str| {
        let message = "must be a string, so the document is skipped; correct it";
        Some(error(Rule::NoObject, vec![key.into()], message))
    };
    match (api_version, kind) {
        (Some(api_version), Some(kind)) => match (api_version.as_str(), kind.as_str()) {
            (Some(api_version), Some(kind)) => of_type(root, api_version, kind),
            (None, _) => no_text("apiVersion"),
            (_, None) => no_text("kind"),
        },
        (Some(_), None) => Some(no_object("has an apiVersion and no kind, and is skipped; write its kind")),
        (None, Some(_)) => {
            Some(no_object("has a kind and no apiVersion, and is skipped; write its apiVersion"))
        }
        (None, None) => untyped(root),
    }
}

fn untyped(root: &Map) -> Option<SchemaFinding> {
    if ["metadata", "spec", "stringData"].iter().any(|key| root.contains_key(*key)) {
        return Some(no_object("has neither apiVersion nor kind, and is skipped; write both"));
    }
    if root.is_empty() || OF_KUSTOMIZE.iter().any(|key| root.contains_key(*key)) {
        return None;
    }
    let finding = no_object(
        "is no Kubernetes object, for it has neither apiVersion nor kind, and is skipped; keep it out of the folder",
    );
    Some(SchemaFinding { level: Level::Warning, ..finding })
}

/// Whether group and kind are nearly ours, or the object is ours and holds ciphertext.
fn of_type(root: &Map, api_version: &str, kind: &str) -> Option<SchemaFinding> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if group == GROUP {
        let of_list = kind.strip_suffix("List").unwrap_or(kind);
        if KINDS.contains(&of_list) {
            return root.get("spec").and_then(|spec| ciphertext(spec, &mut vec!["spec".into()]));
        }
        let remedy = match nearest(kind, KINDS) {
            Some(meant) => format!("write '{meant}'"),
            None => format!("write {}", KINDS.join(" or ")),
        };
        let message =
            format!("names '{kind}', which {GROUP} does not have, so the document is skipped; {remedy}");
        return Some(error(Rule::UnknownKind, vec!["kind".into()], message));
    }
    let is_near = distance(group, GROUP, 1) <= TYPING_ERRORS;
    let is_ours = nearest(kind, KINDS).is_some();
    let is_bare = group.is_empty() && (version == GROUP || version.starts_with('v'));
    if is_near || (is_ours && (group.ends_with("fluxcd.io") || is_bare)) {
        let version = if version == GROUP { "v1beta3" } else { version };
        let named = if group.is_empty() { api_version } else { group };
        let message = format!(
            "names group '{named}', which has no {kind}, so the document is skipped; write {GROUP}/{version}"
        );
        return Some(error(Rule::UnknownGroup, vec!["apiVersion".into()], message));
    }
    of_secret(api_version, group, kind)
}

fn of_secret(api_version: &str, group: &str, kind: &str) -> Option<SchemaFinding> {
    if kind == "Secret" && api_version != "v1" && (group.is_empty() || group == "core") {
        let message =
            format!("is '{api_version}', in which there is no Secret, so the document is skipped; write v1");
        return Some(error(Rule::UnknownVersion, vec!["apiVersion".into()], message));
    }
    if kind != "Secret" && api_version == "v1" && distance(&kind.to_lowercase(), "secret", 1) <= 1 {
        let message =
            format!("names '{kind}', which v1 does not have, so the document is skipped; write 'Secret'");
        return Some(error(Rule::UnknownKind, vec!["kind".into()], message));
    }
    None
}

/// The first ciphertext of SOPS below `value`.
fn ciphertext(value: &Json, path: &mut Vec<PathStep>) -> Option<SchemaFinding> {
    let mut below = |step: PathStep, value: &Json| {
        path.push(step);
        let found = ciphertext(value, path);
        path.pop();
        found
    };
    match value {
        Json::Object(map) => {
            map.iter().find_map(|(key, value)| below(PathStep::Key(key.clone().into()), value))
        }
        Json::Array(items) => {
            items.iter().enumerate().find_map(|(index, value)| below(PathStep::Index(index), value))
        }
        _ if is_ciphertext(value) => {
            let message = "is encrypted with SOPS, and ciphertext is never used; encrypt the values of Secrets alone, by \
                           encrypted_regex: ^(data|stringData)$";
            Some(error(Rule::EncryptedFile, path.clone(), message))
        }
        _ => None,
    }
}
