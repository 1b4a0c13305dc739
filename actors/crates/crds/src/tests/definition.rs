//! The lists of provider types in the definition and in the objects that API servers are tried with are those of the table, and
//! the older versions of a definition are as its first.
//! `CAMPANILE_WRITE_PAGES=1 cargo test -p campanile-crds provider_type` writes them.

use std::path::PathBuf;

use campanile_domain::{ProviderClass, ProviderType};

use crate::fields::{ALERT, FieldShape, PROVIDER, RECEIVER, Shape};
use crate::{GROUP, Version};

/// The types that may carry an expression, in quotes.
fn with_expression() -> String {
    let writing = ProviderType::all().filter(|kind| kind.class() == ProviderClass::CommitStatus);
    writing.map(|kind| format!("'{}'", kind.name())).collect::<Vec<_>>().join(", ")
}

/// The items of the enumeration of types.
fn enumeration() -> String {
    ProviderType::all().map(|kind| format!("- {}\n", kind.name())).collect()
}

/// The rule on the expression of a status name, and its text.
fn rule() -> String {
    let types = with_expression();
    format!(
        "- rule: >-\n    !has(self.commitStatusExpr) ||\n    self.type in [{types}]\n  message: >-\n    \
         spec.commitStatusExpr is only supported for the {types} provider types\n"
    )
}

/// `text` with `lines` between the comments that begin and end the part of that `name`, indented as these are.
fn with_part(text: &str, name: &str, lines: &str) -> String {
    let begin = format!("# {name}: this list is written by a test\n");
    let (before, rest) = text.split_once(&begin).expect("the part begins");
    let indent: String = before.chars().rev().take_while(|c| *c == ' ').collect();
    let end = format!("{indent}# end of {name}\n");
    let (_, after) = rest.split_once(&end).expect("the part ends");
    let lines: String = lines.lines().map(|line| format!("{indent}{line}\n")).collect();
    format!("{before}{begin}{lines}{end}{after}")
}

/// One Provider of each type, written in `version`.
fn objects(version: &str) -> String {
    let object = |kind: ProviderType| {
        let name = kind.name();
        let object_name = name.replace('.', "-");
        format!(
            "apiVersion: {GROUP}/{version}\nkind: Provider\nmetadata:\n  name: type-{object_name}\n  namespace: default\n\
             spec:\n  type: {name}\n"
        )
    };
    format!("# Every type.\n{}", ProviderType::all().map(object).collect::<Vec<_>>().join("---\n"))
}

/// Whether the file at `place`, seen from the root of the repository, is what `right` makes of it. Where pages are to be
/// written, it is from now on.
fn held(place: &str, right: impl Fn(&str) -> String) -> bool {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", place].iter().collect();
    let text = std::fs::read_to_string(&place).unwrap_or_default();
    let right = right(&text);
    let writes = std::env::var("CAMPANILE_WRITE_PAGES").is_ok_and(|value| value == "1");
    if writes && text != right {
        std::fs::write(&place, &right).unwrap();
    }
    writes || text == right
}

/// The versions after the first: the same without comments, v1beta3 the stored one, v1beta2 deprecated.
fn older_versions(text: &str, kind: &str) -> String {
    let (_, versions) = text.split_once("  versions:\n").expect("there are versions");
    let (first, _) = versions.split_once("    # older versions").expect("the part begins");
    let lines = first.lines().filter(|line| !line.trim_start().starts_with('#'));
    let first: String =
        lines.map(|line| format!("{}\n", line.strip_prefix("    ").expect("indented"))).collect();
    let head = "- name: v1\n  served: true\n  storage: false\n";
    assert!(first.starts_with(head), "the first version is v1, served and not stored");
    let stored = first.replacen(head, "- name: v1beta3\n  served: true\n  storage: true\n", 1);
    let deprecated = format!(
        "- name: v1beta2\n  served: true\n  storage: false\n  deprecated: true\n  deprecationWarning: >-\n    \
         v1beta2 {kind} is deprecated, upgrade to v1, or to v1beta3 for Flux 2.9 and older\n"
    );
    [stored, first.replacen(head, &deprecated, 1)].concat()
}

#[test]
fn provider_type_the_definition_has_those_of_the_table_in_every_version() {
    let right = |text: &str| {
        let text = with_part(text, "types", &enumeration());
        let text = with_part(&text, "types with an expression", &rule());
        with_part(&text, "older versions", &older_versions(&text, "Provider"))
    };
    assert!(held("deploy/crds/providers.yaml", right), "write it anew with CAMPANILE_WRITE_PAGES=1");
    let right = |text: &str| with_part(text, "older versions", &older_versions(text, "Alert"));
    assert!(held("deploy/crds/alerts.yaml", right), "write it anew with CAMPANILE_WRITE_PAGES=1");
}

#[test]
fn provider_type_the_objects_that_api_servers_take_are_of_all_types() {
    for version in [Version::V1, Version::V1beta3, Version::V1beta2].map(Version::name) {
        let place = format!("tests/fixtures/crds/accepted/provider-{version}-types.yaml");
        assert!(held(&place, |_| objects(version)), "write {place} anew with CAMPANILE_WRITE_PAGES=1");
    }
}

/// The names below a schema's `properties`, with what stands below each.
fn compare(known: &[FieldShape], schema: &serde_json::Value, place: &str) {
    let properties = schema["properties"].as_object().unwrap_or_else(|| panic!("{place} has properties"));
    let mut names: Vec<&str> = known.iter().map(|(name, _)| *name).filter(|name| *name != "sops").collect();
    let mut defined: Vec<&str> = properties.keys().map(String::as_str).collect();
    names.sort_unstable();
    defined.sort_unstable();
    assert_eq!(names, defined, "{place}");
    for (name, shape) in known.iter().filter(|(name, _)| *name != "metadata") {
        let (below, place) = (&properties.get(*name).cloned().unwrap_or_default(), format!("{place}.{name}"));
        match shape {
            Shape::Open => {}
            Shape::Fields(fields) => compare(fields, below, &place),
            Shape::Items(fields) => compare(fields, &below["items"], &place),
        }
    }
}

#[test]
fn item_11_the_fields_are_those_of_the_definition_at_every_level() {
    for (file, fields) in [("alerts.yaml", ALERT), ("providers.yaml", PROVIDER), ("receivers.yaml", RECEIVER)]
    {
        let place: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "deploy", "crds", file].iter().collect();
        let text = std::fs::read_to_string(place).unwrap();
        let definition = campanile_yaml::parse(&text).unwrap()[0].to_json();
        compare(fields, &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"], file);
    }
}
