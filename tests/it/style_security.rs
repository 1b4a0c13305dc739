//! `docs/security.md`: every promise names a test, and every test it names exists.

use std::collections::BTreeSet;
use std::path::Path;

/// Promises and tests of the tables whose head is `promise | test`.
fn promises(page: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        inside = line == "| promise | test |" || (inside && line.starts_with('|'));
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if let ([promise, test], true) = (cells.as_slice(), inside)
            && test.starts_with('`')
        {
            found.push((*promise, test.trim_matches('`')));
        }
    }
    found
}

/// The names of all test functions below `folder`.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            let is_suite = path.file_name().is_some_and(|name| name == "suite.rs");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                // The macro of a suite makes tests of the names that it lists.
                if let (true, Some(name)) = (is_suite, line.strip_suffix([',', ';'])) {
                    names.insert(name.to_owned());
                }
                if let (true, Some(rest)) = (is_test, line.split("fn ").nth(1)) {
                    names.extend(rest.split('(').next().map(str::to_owned));
                }
                let marks = line.starts_with("#[") && line.ends_with("test]");
                is_test = marks || (is_test && line.starts_with("#["));
            }
        }
    }
}

#[test]
fn style_security_every_promise_names_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/security.md")).expect("the page is there");
    let mut names = BTreeSet::new();
    for folder in ["actors", "src", "tests/it"] {
        tests_below(&root.join(folder), &mut names);
    }
    let promises = promises(&page);
    assert!(promises.len() >= 5 && names.len() > 500, "{} promises, {} tests", promises.len(), names.len());
    let empty: Vec<_> = promises.iter().filter(|(_, test)| !names.contains(*test)).collect();
    assert!(empty.is_empty(), "docs/security.md promises what no test holds: {empty:#?}");
}
