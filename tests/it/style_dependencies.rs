//! The dependency table of the architecture: which crate may use which, and what each never touches.
//!
//! A new edge is a decision: it goes into this table and into `docs/architecture.md`, or it does not happen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::style_sizes::{is_shipped, sources};

struct Rule {
    may_use: &'static [&'static str],
    never: &'static [&'static str],
}

const HTTP: &[&str] = &["actix-web", "actix-http", "awc"];
const PURE: &[&str] = &["tokio", "actix", "actix-rt", "kube", "actix-web", "actix-http", "awc"];

fn rule(krate: &str) -> Rule {
    let rule = |may_use, never| Rule { may_use, never };
    match krate {
        "duration" | "pattern" | "yaml" | "tls" => rule(&[], PURE),
        "cel" => rule(&["duration", "pattern"], PURE),
        "domain" => rule(&["cel"], PURE),
        "logging" => rule(&["domain"], PURE),
        "crds" => {
            rule(&["domain", "duration", "yaml"], &["actix", "actix-rt", "actix-web", "actix-http", "awc"])
        }
        "protocol" => rule(&["domain", "receivers"], &["kube", "actix-web", "actix-http", "awc"]),
        "supervision" => rule(&[], &["kube", "actix-web", "actix-http", "awc"]),
        "transport" => rule(&["domain", "tls"], &["actix", "kube"]),
        "outbox" => rule(&["domain"], &["actix", "actix-rt", "kube", "actix-web", "actix-http", "awc"]),
        "providers" => rule(
            &["domain", "duration", "yaml"],
            &["actix", "actix-rt", "kube", "actix-web", "actix-http", "awc"],
        ),
        "receivers" => rule(&["domain", "cel"], PURE),
        "keyring" => rule(&["domain", "protocol", "receivers", "supervision", "transport"], &["kube"]),
        "intake" => rule(&["domain", "protocol", "supervision", "receivers"], &["kube"]),
        "router" => rule(
            &["domain", "cel", "pattern", "protocol", "supervision", "outbox"],
            &["kube", "actix-web", "actix-http", "awc"],
        ),
        "watcher" => rule(
            &["domain", "duration", "pattern", "yaml", "protocol", "supervision", "crds", "receivers", "tls"],
            &[],
        ),
        "delivery" => {
            rule(&["domain", "protocol", "supervision", "providers", "transport", "outbox"], &["kube"])
        }
        "testkit" => rule(&["domain", "protocol", "supervision"], HTTP),
        other => panic!("crate {other} has no row in the dependency table"),
    }
}

/// Normal dependencies of every workspace member, which goes by its short name.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let short = |name: &Value| name.as_str().unwrap_or_default().trim_start_matches("campanile-").to_owned();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|dependency| dependency["name"].as_str().unwrap_or_default().to_owned());
            (short(&package["name"]), names.collect())
        })
        .collect()
}

#[test]
fn style_every_dependency_is_in_the_table() {
    let edges = edges();
    let members: BTreeSet<&str> = edges.keys().map(String::as_str).collect();
    assert!(members.len() > 10, "the workspace was not read: {members:?}");
    let mut wrong = Vec::new();
    for (krate, dependencies) in edges.iter().filter(|(krate, _)| *krate != "campanile") {
        let rule = rule(krate);
        for dependency in dependencies {
            let internal = dependency.strip_prefix("campanile-").filter(|name| members.contains(*name));
            if internal.is_some_and(|name| !rule.may_use.contains(&name)) {
                wrong.push(format!("{krate} may not use {dependency}"));
            }
            if rule.never.contains(&dependency.as_str()) {
                wrong.push(format!("{krate} never touches {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn style_nothing_imports_the_composition_root() {
    let importers: Vec<String> =
        edges().into_iter().filter(|(_, uses)| uses.contains("campanile")).map(|(krate, _)| krate).collect();
    assert!(importers.is_empty(), "{importers:?}");
}

/// Crates with actors lie in `actors/`, those without in `actors/crates/` (ADR 30). Testkit's actor is one for tests.
#[test]
fn style_a_crate_lies_on_the_side_of_its_actors() {
    let actors = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors");
    let mut wrong = Vec::new();
    for (folder, expected) in [(actors.clone(), true), (actors.join("crates"), false)] {
        let crates = std::fs::read_dir(&folder).expect("the folder can be read").flatten();
        let crates = crates.map(|entry| entry.path()).filter(|path| path.join("Cargo.toml").is_file());
        for path in crates.filter(|path| !path.ends_with("testkit")) {
            let mut files = Vec::new();
            sources(&path.join("src"), &mut files);
            let holds_actor = files
                .iter()
                .filter(|file| is_shipped(file.strip_prefix(&path).expect("it is below")))
                .any(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains(" Actor for ")));
            if holds_actor != expected {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "these lie on the wrong side: {wrong:?}");
}
