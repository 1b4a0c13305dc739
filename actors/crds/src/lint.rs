//! What is accepted but should not stay so.

use campanile_domain::yaml::Step;
use campanile_domain::{EventSource, ProviderType};
use serde_json::Value as Json;

use crate::checker::owned;
use crate::object::{notification_kind, typed};
use crate::source_kinds::meant_by;
use crate::{FieldPath, Map, Version, Violation, alert, provider};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It does not work.
    Error,
    /// It works but will not for ever, or does not do what it seems to.
    Warning,
}

/// A remark on an object that [`crate::Object::from_json`] accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// How bad it is.
    pub level: Level,
    /// What and where.
    pub violation: Violation,
    /// Where else it is told.
    pub told: Told,
}

/// Where a remark is told beside `campanile check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nowhere.
    InCheck,
    /// In the status of the object, which is ready all the same.
    InStatus,
    /// In the log of an instance, once for each kind and version: what the API server warns of when it is asked to write.
    InLog,
}

/// All remarks on an Alert or Provider; nothing for other objects.
pub fn lint(json: &Json) -> Vec<Lint> {
    let mut lints = Vec::new();
    let Some((root, api_version, kind)) = typed(json) else { return lints };
    let Some((version, _)) = notification_kind(api_version, kind) else { return lints };
    let (Some(version), Some(spec)) = (Version::named(version), root.get("spec").and_then(Json::as_object))
    else {
        return lints;
    };
    if version < Version::V1beta3 {
        let message = format!(
            "is old: {} {kind} is deprecated, upgrade to v1, or to v1beta3 for Flux 2.9 and older",
            version.name()
        );
        lints.push(Lint { told: Told::InLog, ..warning(vec!["apiVersion".into()], message) });
    }
    match kind {
        "Alert" => lint_alert(spec, version, &mut lints),
        "Provider" => lint_provider(spec, version, &mut lints),
        _ => lints.clear(),
    }
    lints
}

/// Those of an object's remarks that belong into its status, as one text; none if there are none.
pub fn in_status(lints: &[Lint]) -> Option<String> {
    let told = lints.iter().filter(|lint| lint.told == Told::InStatus);
    let texts: Vec<String> = told.map(|lint| lint.violation.to_string()).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn warning(path: Vec<Step>, message: impl Into<String>) -> Lint {
    let violation = Violation { path: FieldPath(path), message: message.into() };
    Lint { level: Level::Warning, violation, told: Told::InCheck }
}

fn lint_alert(spec: &Map, version: Version, lints: &mut Vec<Lint>) {
    deprecated(spec, "summary", "use spec.eventMetadata.summary", lints);
    unknown(spec, alert::FIELDS, lints);
    if version == Version::V1beta1 {
        missing(spec, alert::LATER_FIELDS, version, lints);
    }
    let sources = spec.get("eventSources").and_then(Json::as_array).into_iter().flatten();
    sources.enumerate().for_each(|(index, source)| lint_source(index, source, lints));
}

fn lint_source(index: usize, source: &Json, lints: &mut Vec<Lint>) {
    let path = |field: &'static str| vec!["spec".into(), "eventSources".into(), index.into(), field.into()];
    let text = |field| source.get(field).and_then(Json::as_str);
    if let Some((kind, meant)) = text("kind").and_then(|kind| Some((kind, meant_by(kind)?))) {
        let message =
            format!("'{kind}' is no kind of Flux, and differs little from '{meant}'; is that meant?");
        lints.push(warning(path("kind"), message));
    }
    if let Some(remark) = text("namespace").and_then(EventSource::namespace_remark) {
        lints.push(Lint { told: Told::InStatus, ..warning(path("namespace"), remark) });
    }
}

fn lint_provider(spec: &Map, version: Version, lints: &mut Vec<Lint>) {
    deprecated(spec, "proxy", "use spec.proxySecretRef", lints);
    unknown(spec, provider::FIELDS, lints);
    if version == Version::V1beta1 {
        missing(spec, provider::LATER_FIELDS, version, lints);
    } else {
        deprecated(spec, "interval", "it has no effect; remove it", lints);
    }
    let Some(type_name) = spec.get("type").and_then(Json::as_str) else { return };
    let (level, message) = match ProviderType::named(type_name).map(Version::introducing) {
        None => (Level::Error, format!("is wrong: {}", unsupported_type(type_name))),
        Some(introduced) if introduced > version => type_of_later_version(type_name, version, introduced),
        Some(_) => return,
    };
    let path = FieldPath(vec!["spec".into(), "type".into()]);
    lints.push(Lint { level, violation: Violation { path, message }, told: Told::InCheck });
}

/// What to say about a type that came with a later version. Campanile takes it in all that its definitions have; only
/// `v1beta1` is none of those.
fn type_of_later_version(type_name: &str, version: Version, introduced: Version) -> (Level, String) {
    let (own, needed) = (version.name(), introduced.name());
    let remedy = format!("use apiVersion {}/{needed} for '{type_name}'", crate::GROUP);
    if version == Version::V1beta1 {
        (Level::Error, format!("is not a type of {own}; {remedy}"))
    } else {
        (Level::Warning, format!("is a type that Flux itself does not take in {own}; {remedy}"))
    }
}

/// What to say about a provider type that this program does not know.
pub fn unsupported_type(type_name: &str) -> String {
    let types = ProviderType::all().map(ProviderType::name).collect::<Vec<_>>().join(", ");
    format!("provider type '{type_name}' is not supported; use one of {types}")
}

fn deprecated(spec: &Map, key: &'static str, remedy: &str, lints: &mut Vec<Lint>) {
    if spec.get(key).is_some_and(|value| !value.is_null()) {
        let message = format!("is deprecated, Flux's controller of 2.10 drops it; {remedy}");
        let lint = warning(vec!["spec".into(), key.into()], message);
        lints.push(Lint { told: Told::InStatus, ..lint });
    }
}

fn unknown(spec: &Map, known: &[&str], lints: &mut Vec<Lint>) {
    for key in spec.keys().filter(|key| !known.contains(&key.as_str())) {
        let message = "is not a field of this kind and is ignored; correct its name or remove it";
        lints.push(warning(vec!["spec".into(), owned(key)], message));
    }
}

fn missing(spec: &Map, later: &[&'static str], version: Version, lints: &mut Vec<Lint>) {
    for key in later.iter().filter(|key| spec.contains_key(**key)) {
        let message = format!("is not a field of {} and is ignored; upgrade to v1", version.name());
        lints.push(warning(vec!["spec".into(), Step::from(*key)], message));
    }
}
