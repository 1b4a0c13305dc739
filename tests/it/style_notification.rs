//! Provider types write messages from notifications: none of them reads an event or a delivery.

use std::path::{Path, PathBuf};

use super::style_sizes::{is_shipped, sources};

/// What a type must not import: it is given a notification.
const FORBIDDEN_IMPORTS: &[&str] = &["Delivery", "Event", "EventJson", "Events", "NewDelivery"];

/// How one gets at an event all the same. Types that forward one have `render::event_body`.
const FORBIDDEN_TEXTS: &[&str] = &[".event.", ".events()", ".event_json()", ".plan."];

/// Where tests begin that stand in the file of what they test.
const INLINE_TESTS: &str = "#[cfg(test)]\nmod tests {";

/// The names that `code` takes from the crate `domain`.
fn imports(code: &str) -> impl Iterator<Item = &str> {
    let statements = code.split("use campanile_domain::").skip(1);
    let names = statements.map(|rest| rest.split(';').next().unwrap_or_default());
    names.flat_map(|names| names.split(|c: char| !c.is_alphanumeric()))
}

/// What of an event `text`, a file's, uses in its own code.
fn uses_of_an_event(text: &str) -> Vec<&'static str> {
    let code = text.split(INLINE_TESTS).next().unwrap_or_default();
    let imported = FORBIDDEN_IMPORTS.iter().filter(|name| imports(code).any(|import| import == **name));
    let written = FORBIDDEN_TEXTS.iter().filter(|text| code.contains(**text));
    imported.chain(written).copied().collect()
}

#[test]
fn style_no_provider_type_reads_an_event() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/crates/providers/src/kinds");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    files.retain(|path| is_shipped(path.strip_prefix(&folder).expect("it is below")));
    assert!(files.len() > 34, "the types were not read");
    let uses = |path: &PathBuf| {
        let uses = uses_of_an_event(&std::fs::read_to_string(path).expect("a source file is text"));
        (!uses.is_empty()).then(|| (path.clone(), uses))
    };
    let wrong: Vec<_> = files.iter().filter_map(uses).collect();
    assert!(wrong.is_empty(), "read the notification instead: {wrong:#?}");
}

#[test]
fn style_a_use_of_an_event_is_found_wherever_it_stands() {
    let found = [
        ("use campanile_domain::{Failure, Event};", vec!["Event"]),
        ("use campanile_domain::{\n    Delivery, Failure,\n};", vec!["Delivery"]),
        ("notification.events().newest()", vec![".events()"]),
        ("delivery.event.message", vec![".event."]),
        ("use campanile_domain::{Notification, Request};\nstruct Event;", vec![]),
        ("code();\n#[cfg(test)]\nmod tests {\n    use campanile_domain::Event;", vec![]),
    ];
    for (text, uses) in found {
        assert_eq!(uses_of_an_event(text), uses, "{text}");
    }
}
