//! The lists of provider types in the definition and in the objects that API servers are tried with are those of the table.
//! `CAMPANILE_WRITE_PAGES=1 cargo test -p campanile-crds provider_type` writes them.

use std::path::PathBuf;

use campanile_domain::{ProviderClass, ProviderType};

use crate::{GROUP, Version};

/// The types that `version` has.
fn types(version: Version) -> impl Iterator<Item = ProviderType> {
    ProviderType::all().filter(move |kind| Version::introducing(*kind) <= version)
}

/// The types that may carry an expression, in quotes.
fn with_expression() -> String {
    let writing = types(Version::V1beta3).filter(|kind| kind.class() == ProviderClass::CommitStatus);
    writing.map(|kind| format!("'{}'", kind.name())).collect::<Vec<_>>().join(", ")
}

/// The items of the enumeration of types in `version`.
fn enumeration(version: Version) -> String {
    types(version).map(|kind| format!("- {}\n", kind.name())).collect()
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

/// One Provider of each type that `version` has.
fn objects(heading: &str, prefix: &str, version: Version) -> String {
    let object = |kind: ProviderType| {
        let (name, version) = (kind.name(), version.name());
        let object_name = name.replace('.', "-");
        format!(
            "apiVersion: {GROUP}/{version}\nkind: Provider\nmetadata:\n  name: {prefix}-{object_name}\n  namespace: default\n\
             spec:\n  type: {name}\n"
        )
    };
    format!("# {heading}\n{}", types(version).map(object).collect::<Vec<_>>().join("---\n"))
}

/// Whether the file at `place`, seen from the root of the repository, is what `right` makes of it. Where pages are to be
/// written, it is from now on.
fn held(place: &str, right: impl Fn(&str) -> String) -> bool {
    let place: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", place].iter().collect();
    let text = std::fs::read_to_string(&place).unwrap();
    let right = right(&text);
    let writes = std::env::var("CAMPANILE_WRITE_PAGES").is_ok_and(|value| value == "1");
    if writes && text != right {
        std::fs::write(&place, &right).unwrap();
    }
    writes || text == right
}

#[test]
fn provider_type_the_definition_has_those_of_the_table() {
    let right = |text: &str| {
        let text = with_part(text, "types of v1beta3", &enumeration(Version::V1beta3));
        let text = with_part(&text, "types of v1beta2", &enumeration(Version::V1beta2));
        with_part(&text, "types with an expression", &rule())
    };
    assert!(held("deploy/crds/providers.yaml", right), "write it anew with CAMPANILE_WRITE_PAGES=1");
}

#[test]
fn provider_type_the_objects_that_api_servers_take_are_of_all_types() {
    let all = |_: &str| objects("Every type.", "type", Version::V1beta3);
    let older = |_: &str| objects("Every type of the older version.", "old-type", Version::V1beta2);
    for (version, held) in [
        ("v1beta3", held("tests/fixtures/crds/accepted/provider-v1beta3-types.yaml", all)),
        ("v1beta2", held("tests/fixtures/crds/accepted/provider-v1beta2-types.yaml", older)),
    ] {
        assert!(held, "write the objects of {version} anew with CAMPANILE_WRITE_PAGES=1");
    }
}
