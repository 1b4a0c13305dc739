//! Warnings about what is accepted but should not stay so.

mod alert;
mod provider;
mod receiver;
mod text;

use campanile_domain::{ProviderType, check_label};
use campanile_yaml::PathStep;
use serde_json::Value as Json;

use crate::checker::owned;
use crate::fields::{self, FieldShape};
use crate::flux::{Concerns, Flux};
use crate::nearest::nearest;
use crate::object::{notification_kind, typed};
use crate::{FieldPath, Map, Rule, Version, Violation};

/// The level of a finding: error or warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The API server refuses it, or it does not work.
    Error,
    /// It works but will not for ever, or does not do what it seems to.
    Warning,
}

impl Level {
    /// The word for the level in findings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A remark on an object that [`crate::Object::from_json`] accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFinding {
    /// The level of the warning.
    pub level: Level,
    /// Those whom the warning concerns.
    pub concerns: Concerns,
    /// The rule, the field and the text of the warning.
    pub violation: Violation,
    /// Where else it is told.
    pub told: Told,
}

/// The places where a remark is told beside `campanile check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Shown by `campanile check`, and nowhere in a cluster.
    InCheck,
    /// In the status of the object, which is ready all the same.
    InStatus,
    /// In the log of an instance, once for each kind and version: what the API server warns of when it is asked to write.
    InLog,
}

/// Both releases of Flux that manifests are judged for.
const BOTH: &[Flux] = &[Flux::V2_9, Flux::V2_10];

/// All remarks on an Alert, a Provider, a Receiver or a Secret; nothing for other objects.
pub fn lint(json: &Json) -> Vec<SchemaFinding> {
    let mut findings = SchemaFindings::default();
    let Some((root, api_version, kind)) = typed(json) else { return Vec::new() };
    if api_version == "v1" && kind == "Secret" {
        findings.unknown_fields(root, fields::SECRET);
        findings.metadata(root);
        text::secret_keys(root, &mut findings);
        return findings.found;
    }
    let Some((version, kind)) = notification_kind(api_version, kind) else { return Vec::new() };
    let (Some(version), Some(spec)) =
        (Version::of_kind(kind, version), root.get("spec").and_then(Json::as_object))
    else {
        return Vec::new();
    };
    match kind {
        "Receiver" => findings.version_of_receiver(version),
        _ => findings.version(version, kind),
    }
    findings.unknown_fields(
        root,
        match kind {
            "Alert" => fields::ALERT,
            "Receiver" => fields::RECEIVER,
            _ => fields::PROVIDER,
        },
    );
    findings.metadata(root);
    match kind {
        "Alert" => alert::lint(spec, version, &mut findings),
        "Receiver" => receiver::lint(spec, version, &mut findings),
        _ => provider::lint(spec, version, &mut findings),
    }
    text::variables(root, &mut findings);
    findings.found
}

/// Those of an object's remarks that belong into its status, as one text; none if there are none.
pub fn in_status(findings: &[SchemaFinding]) -> Option<String> {
    let told = findings.iter().filter(|finding| finding.told == Told::InStatus);
    let texts: Vec<String> = told.map(|finding| finding.violation.to_string()).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// The text about a provider type that this program does not know.
pub fn unsupported_type(type_name: &str) -> String {
    let types = ProviderType::all().map(ProviderType::name).collect::<Vec<_>>().join(", ");
    format!("provider type '{type_name}' is not supported; use one of {types}")
}

/// The remarks on one object.
#[derive(Default)]
struct SchemaFindings {
    found: Vec<SchemaFinding>,
}

impl SchemaFindings {
    fn add(&mut self, level: Level, rule: Rule, path: Vec<PathStep>, message: impl Into<String>) {
        self.add_concerning(Concerns::All, level, rule, path, message);
    }

    fn add_concerning(
        &mut self,
        concerns: Concerns,
        level: Level,
        rule: Rule,
        path: Vec<PathStep>,
        message: impl Into<String>,
    ) {
        let violation = Violation { rule, path: FieldPath(path), message: message.into() };
        self.found.push(SchemaFinding { level, concerns, violation, told: Told::InCheck });
    }

    /// Tells the last remark somewhere else, too.
    fn tell(&mut self, told: Told) {
        if let Some(last) = self.found.last_mut() {
            last.told = told;
        }
    }

    fn version(&mut self, version: Version, kind: &str) {
        let name = version.name();
        let (concerns, level, message) = match version {
            Version::V1beta1 => {
                let message = format!(
                    "is old: no API server serves {kind} in {name}; upgrade to v1, or to v1beta3 for Flux 2.9 and older"
                );
                (Concerns::All, Level::Error, message)
            }
            Version::V1beta2 => {
                let message = format!(
                    "is old: {name} {kind} is deprecated, upgrade to v1, or to v1beta3 for Flux 2.9 and older"
                );
                (Concerns::AllAndBreaks(BOTH), Level::Warning, message)
            }
            Version::V1 => {
                let message = format!("is {name}, which {kind} does not have in Flux 2.9; use v1beta3");
                (Concerns::Only(&[Flux::V2_9]), Level::Error, message)
            }
            Version::V1beta3 => return,
        };
        self.add_concerning(concerns, level, Rule::OldVersion, vec!["apiVersion".into()], message);
        if version < Version::V1beta3 {
            self.tell(Told::InLog);
        }
    }

    /// Flux 2.9 and newer serve Receivers in v1 alone.
    fn version_of_receiver(&mut self, version: Version) {
        let (concerns, level, message) = match version {
            Version::V1 | Version::V1beta3 => return,
            Version::V1beta2 => {
                let message = "is old: v1beta2 Receiver is deprecated, upgrade to v1".to_owned();
                (Concerns::AllAndBreaks(BOTH), Level::Warning, message)
            }
            Version::V1beta1 => {
                let message = "is old: no API server serves Receiver in v1beta1; upgrade to v1".to_owned();
                (Concerns::All, Level::Error, message)
            }
        };
        self.add_concerning(concerns, level, Rule::OldVersion, vec!["apiVersion".into()], message);
        self.tell(Told::InLog);
    }

    fn unknown_fields(&mut self, root: &Map, known: &'static [FieldShape]) {
        for unknown in fields::unknown(root, known) {
            let remedy = match nearest(&unknown.name, unknown.known.iter().map(|(name, _)| *name)) {
                Some(meant) => format!("write '{meant}', if that is meant"),
                None => "correct its name or remove it".to_owned(),
            };
            let message = format!("is not a field of this kind and is ignored; {remedy}");
            self.add(Level::Error, Rule::UnknownField, unknown.path.0, message);
        }
    }

    /// Remarks on names and labels that the API server refuses.
    fn metadata(&mut self, root: &Map) {
        let Some(metadata) = root.get("metadata").and_then(Json::as_object) else { return };
        for key in ["name", "namespace"] {
            let Some(name) = metadata.get(key).and_then(Json::as_str).filter(|name| !name.is_empty()) else {
                continue;
            };
            if !text::is_name(name) && !text::has_variable(name) {
                let message = format!(
                    "is '{name}', which the API server refuses; use lower-case letters, digits, '-' and '.'"
                );
                self.add(Level::Error, Rule::Schema, vec!["metadata".into(), key.into()], message);
            }
        }
        for (key, value) in metadata.get("labels").and_then(Json::as_object).into_iter().flatten() {
            if let Some(Err(error)) = value.as_str().map(|value| check_label(key, value)) {
                let path = vec!["metadata".into(), "labels".into(), owned(key)];
                self.add(
                    Level::Error,
                    Rule::Schema,
                    path,
                    format!("is refused by the API server: {error}; correct it"),
                );
            }
        }
    }

    /// A field that Flux 2.10 does not have in v1.
    fn deprecated(&mut self, spec: &Map, key: &'static str, version: Version, remedy: &str) {
        if spec.get(key).is_none_or(Json::is_null) {
            return;
        }
        let concerns = match version {
            Version::V1 => Concerns::AllAndBreaks(&[Flux::V2_10]),
            _ => Concerns::All,
        };
        let message = format!("is deprecated, Flux's controller of 2.10 drops it; {remedy}");
        self.add_concerning(
            concerns,
            Level::Warning,
            Rule::DeprecatedField,
            vec!["spec".into(), key.into()],
            message,
        );
        self.tell(Told::InStatus);
    }

    /// Fields that came with version `first`.
    fn later(&mut self, spec: &Map, later: &[&'static str], version: Version, first: Version) {
        if version >= first {
            return;
        }
        for key in later.iter().filter(|key| spec.contains_key(**key)) {
            let message = format!("is not a field of {} and is ignored; upgrade to v1", version.name());
            self.add(Level::Error, Rule::UnknownField, vec!["spec".into(), PathStep::from(*key)], message);
        }
    }
}
