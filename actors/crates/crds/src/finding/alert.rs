//! Remarks on Alerts.

use campanile_domain::EventSource;
use serde_json::Value as Json;

use super::{Level, SchemaFindings, Told, text};
use crate::alert::LATER_FIELDS;
use crate::source_kinds::meant_by;
use crate::{Map, Rule, Version};

pub(super) fn lint(spec: &Map, version: Version, findings: &mut SchemaFindings) {
    findings.deprecated(spec, "summary", version, "use spec.eventMetadata.summary");
    findings.later(spec, LATER_FIELDS, version, Version::V1beta2);
    let sources = spec.get("eventSources").and_then(Json::as_array);
    if sources.is_some_and(Vec::is_empty) {
        let message = "is empty, so no event matches; name the objects whose events count";
        findings.add(Level::Warning, Rule::NoSources, vec!["spec".into(), "eventSources".into()], message);
    }
    for (index, source) in sources.into_iter().flatten().enumerate() {
        let text = |field| source.get(field).and_then(Json::as_str);
        if let Some(name) = text("name") {
            source_name(index, name, findings);
        }
        let path =
            |field: &'static str| vec!["spec".into(), "eventSources".into(), index.into(), field.into()];
        if let Some((kind, meant)) = text("kind").and_then(|kind| Some((kind, meant_by(kind)?))) {
            let message =
                format!("'{kind}' is no kind of Flux, and differs little from '{meant}'; is that meant?");
            findings.add(Level::Warning, Rule::UnknownKind, path("kind"), message);
        }
        if let Some(remark) = text("namespace").and_then(EventSource::namespace_remark) {
            findings.add(Level::Warning, Rule::NeverMatches, path("namespace"), remark);
            findings.tell(Told::InStatus);
        }
    }
    for list in ["inclusionList", "exclusionList"] {
        for (index, pattern) in spec.get(list).and_then(Json::as_array).into_iter().flatten().enumerate() {
            if let Some(escape) = pattern.as_str().and_then(doubled_backslash) {
                let message = format!(
                    "has '\\\\{escape}', which looks for a backslash in the message; outside double quotes YAML takes \
                     '\\{escape}' as it is, so write one backslash"
                );
                findings.add(
                    Level::Warning,
                    Rule::Backslash,
                    vec!["spec".into(), list.into(), index.into()],
                    message,
                );
            }
        }
    }
}

/// Says that no object has such a name. `*` alone stands for all.
fn source_name(index: usize, name: &str, findings: &mut SchemaFindings) {
    if name.is_empty() || name == "*" || text::is_name(name) || text::has_variable(name) {
        return;
    }
    let why = if name.contains('*') {
        "is no pattern, so it matches nothing; only '*' alone stands for all names, and matchLabels selects some"
    } else {
        "is no name that an object can have, so it matches nothing; use lower-case letters, digits, '-' and '.'"
    };
    let path = vec!["spec".into(), "eventSources".into(), index.into(), "name".into()];
    findings.add(Level::Warning, Rule::NeverMatches, path, format!("'{name}' {why}"));
}

/// What follows two backslashes and would have a meaning after one.
fn doubled_backslash(pattern: &str) -> Option<char> {
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            continue;
        }
        let escaped = letters.next()?;
        let next = letters.peek().copied();
        if escaped == '\\' && next.is_some_and(|next| "dDwWsSbB.[](){}*+?|^$".contains(next)) {
            return next;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_13_a_doubled_backslash_is_one_before_what_has_a_meaning() {
        for (pattern, found) in [
            (r"\\d+", Some('d')),
            (r"a\\.b", Some('.')),
            (r"\\[ok\\]", Some('[')),
            (r"\d+", None),
            (r"\\", None),
            (r"C:\\Users", None),
            (r"\\\.", None),
            (r"\\\\n", None),
            ("plain", None),
        ] {
            assert_eq!(doubled_backslash(pattern), found, "{pattern}");
        }
    }
}
