//! What is special about a provider type is a field of its row or of its sample: no other code of the program knows the name
//! of one, so that a new type is its row, its file and its page.

use std::path::{Path, PathBuf};

use campanile_domain::ProviderType;

use crate::style_sizes::{is_shipped, sources};

/// Where a name may stand: table, types, and the values that tests are made of.
const HOMES: &[&str] = &[
    "actors/crates/providers/src/kinds",
    "actors/crates/domain/src/provider_type",
    "actors/crates/domain/src/receiver_type",
    "actors/crates/receivers/src/kinds",
    "actors/crates/receivers/src/tests",
    "actors/crates/testkit/src",
];

/// Words that are also the name of a type: the scheme of an address, the form of a payload in the demonstration.
const OTHER_MEANINGS: &[(&str, &str)] =
    &[("actors/crates/domain/src/nats.rs", "nats"), ("src/demo/render.rs", "slack")];

/// The lines of code of a file, without comments and the tests at its end.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let (code, _) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((text, ""));
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Names of types that stand in the file at `path`, seen from the root.
fn named(path: &str, text: &str) -> Vec<&'static str> {
    let stands = |name: &&str| code(text).any(|line| line.contains(&format!("\"{name}\"")));
    let is_other = |name: &&str| OTHER_MEANINGS.contains(&(path, *name));
    ProviderType::all().map(ProviderType::name).filter(|name| stands(name) && !is_other(name)).collect()
}

#[test]
fn style_provider_types_are_named_by_their_rows_and_files_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("actors"), &mut files);
    let mut found = Vec::new();
    for file in &files {
        let path = file.strip_prefix(root).expect("it is below");
        let name = path.to_str().expect("a path is text");
        if is_shipped(path) && !HOMES.iter().any(|home| name.starts_with(home)) {
            let text = std::fs::read_to_string(file).expect("a source file is text");
            found.extend(named(name, &text).into_iter().map(|kind| (name.to_owned(), kind)));
        }
    }
    assert!(files.len() > 300, "the tree was not read");
    assert_eq!(found, [], "make it a field of the row or of the sample");
}

/// So many names in one line of code are a list.
const LIST: usize = 3;

#[test]
fn style_provider_types_are_listed_nowhere_else_not_even_in_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = Vec::new();
    ["src", "actors", "tests"].iter().for_each(|folder| sources(&root.join(folder), &mut files));
    let names: Vec<String> = ProviderType::all().map(|kind| format!("\"{}\"", kind.name())).collect();
    let is_list = |line: &&str| names.iter().filter(|name| line.contains(name.as_str())).count() >= LIST;
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).expect("it is below").to_str().expect("a path is text");
        if !HOMES.iter().any(|home| path.starts_with(home)) {
            let text = std::fs::read_to_string(&file).expect("a source file is text");
            found.extend(text.lines().filter(is_list).map(|line| format!("{path}: {line}")));
        }
    }
    assert_eq!(found, Vec::<String>::new(), "take them from the table, or from their samples");
}

/// A type whose files, tests aside, have fewer lines than this together is one file.
const ONE_FILE: usize = 300;

#[test]
fn style_provider_types_that_are_short_are_one_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/crates/providers/src/kinds");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let lines = |path: &PathBuf| std::fs::read_to_string(path).map_or(0, |text| text.lines().count());
    let mut split = Vec::new();
    for kind in files.iter().filter(|path| path.parent() == Some(folder.as_path())) {
        let own = kind.with_extension("");
        let is_part = |path: &&PathBuf| {
            path.strip_prefix(&own).is_ok_and(|rest| rest.parent().is_some() && is_shipped(rest))
        };
        let parts: Vec<&PathBuf> = files.iter().filter(is_part).collect();
        let total = lines(kind) + parts.iter().map(|path| lines(path)).sum::<usize>();
        split.extend((!parts.is_empty() && total < ONE_FILE).then(|| (kind.clone(), total)));
    }
    assert!(files.len() > 35, "the folder was not read");
    assert!(split.is_empty(), "join their parts: {split:?}");
}

#[test]
fn style_a_name_of_a_type_is_found_in_code_and_not_in_comments_and_tests() {
    let text =
        "/// As \"slack\".\nlet is = name == \"gitea\";\n#[cfg(test)]\nmod tests {\nlet x = \"otel\";\n}\n";
    assert_eq!(named("x.rs", text), ["gitea"]);
}
