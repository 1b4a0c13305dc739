//! Findings in the Static Analysis Results Interchange Format (SARIF 2.1.0, OASIS,
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), which code scanning services take.

use anyhow::Result;
use campanile_watcher::{Finding, Rule};
use campanile_yaml::Mark;
use serde_json::{Value, json};

/// The schema that names the format (section 3.13.3).
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn report(found: &[Finding]) -> Result<String> {
    let rules =
        Rule::ALL.iter().map(|rule| json!({ "id": rule.id(), "shortDescription": { "text": rule.title() } }));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "campanile",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": found.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn result(finding: &Finding) -> Value {
    let uri = uri(&finding.place.file.display().to_string());
    let mut location = json!({ "physicalLocation": { "artifactLocation": { "uri": uri } } });
    if let Some(Mark { line, column }) = finding.place.mark {
        location["physicalLocation"]["region"] = json!({ "startLine": line, "startColumn": column });
    }
    if !finding.object.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.object, "kind": "object" }]);
    }
    json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == finding.rule),
        "level": finding.level.name(),
        "message": { "text": finding.message() },
        "locations": [location],
    })
}

/// A path as a reference (RFC 3986): relative stays relative, and what no URI can hold is escaped. A colon in the first
/// segment would read as a scheme.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
