//! Remarks on Providers.

use campanile_domain::ProviderType;
use serde_json::Value as Json;

use super::{BOTH, Level, SchemaFindings, unsupported_type};
use crate::flux::Concerns;
use crate::provider::LATER_FIELDS;
use crate::{GROUP, Map, Rule, Version};

pub(super) fn lint(spec: &Map, version: Version, findings: &mut SchemaFindings) {
    findings.deprecated(spec, "proxy", version, "use spec.proxySecretRef");
    findings.later(spec, LATER_FIELDS, version, Version::V1beta2);
    if version > Version::V1beta1 {
        findings.deprecated(spec, "interval", version, "it has no effect; remove it");
    }
    let Some(type_name) = spec.get("type").and_then(Json::as_str) else { return };
    let (concerns, level, message) = match ProviderType::named(type_name).map(Version::introducing) {
        None => (Concerns::All, Level::Error, format!("is wrong: {}", unsupported_type(type_name))),
        Some(introduced) if introduced > version => type_of_later_version(type_name, version, introduced),
        Some(_) => return,
    };
    findings.add_concerning(concerns, level, Rule::ProviderType, vec!["spec".into(), "type".into()], message);
}

/// What to say about a type that came with a later version. Campanile takes it in all that its definitions have; only
/// `v1beta1` is none of those.
fn type_of_later_version(
    type_name: &str,
    version: Version,
    introduced: Version,
) -> (Concerns, Level, String) {
    let (own, needed) = (version.name(), introduced.name());
    let remedy = format!("use apiVersion {GROUP}/{needed} for '{type_name}'");
    if version == Version::V1beta1 {
        (Concerns::All, Level::Error, format!("is not a type of {own}; {remedy}"))
    } else {
        let message = format!("is a type that Flux itself does not take in {own}; {remedy}");
        (Concerns::AllAndBreaks(BOTH), Level::Warning, message)
    }
}
