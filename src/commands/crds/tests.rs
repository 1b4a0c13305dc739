use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use campanile_crds::{Level, Object, lint};
use campanile_domain::{ProviderType, yaml};
use serde_json::Value;

use super::stream;

/// The definition of a kind, as `campanile crds` prints it.
fn definition(kind: &str) -> Value {
    let documents = yaml::parse(&stream()).expect("it is YAML");
    assert_eq!(documents.len(), 3);
    let of_kind = |document: &Value| document["spec"]["names"]["kind"] == kind;
    documents.iter().map(yaml::Node::to_json).find(of_kind).expect("the kind is defined")
}

fn versions(kind: &str) -> Vec<Value> {
    definition(kind)["spec"]["versions"].as_array().expect("a list").clone()
}

fn texts<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item.pointer(pointer).and_then(Value::as_str).expect("a text")).collect()
}

/// Schema of a version of a kind.
fn schema(kind: &str, version: usize) -> Value {
    versions(kind)[version]["schema"]["openAPIV3Schema"]["properties"].clone()
}

#[test]
fn cli_crds_stores_the_newest_version_and_serves_the_one_before() {
    for (kind, newest) in [("Alert", "v1beta3"), ("Provider", "v1beta3"), ("Receiver", "v1")] {
        let versions = versions(kind);
        let told: Vec<_> = versions.iter().map(|v| (&v["name"], &v["served"], &v["storage"])).collect();
        let (yes, no) = (Value::from(true), Value::from(false));
        assert_eq!(told, [(&newest.into(), &yes, &yes), (&"v1beta2".into(), &yes, &no)], "{kind}");
        let warning = format!("v1beta2 {kind} is deprecated, upgrade to {newest}");
        assert_eq!(versions[1]["deprecationWarning"], warning);
        assert!(versions.iter().all(|version| version["subresources"]["status"].is_object()), "{kind}");
    }
}

#[test]
fn cli_crds_alerts_and_providers_print_ready_status_age_in_every_version() {
    for kind in ["Alert", "Provider"] {
        for version in versions(kind) {
            let columns = &version["additionalPrinterColumns"];
            assert_eq!(texts(columns, "/name"), ["Ready", "Status", "Age"], "{kind}");
            let status = r#".status.conditions[?(@.type=="Ready")].message"#;
            assert_eq!(texts(columns, "/jsonPath")[1], status, "{kind}");
        }
    }
}

#[test]
fn cli_crds_a_write_through_the_older_version_keeps_the_status() {
    for kind in ["Alert", "Provider"] {
        assert_eq!(schema(kind, 0)["status"], schema(kind, 1)["status"], "{kind}");
        assert_eq!(schema(kind, 0)["status"]["default"]["observedGeneration"], -1, "{kind}");
    }
}

#[test]
fn cli_crds_take_the_provider_types_that_the_program_knows_and_no_others() {
    let schema = schema("Provider", 0);
    let taken: BTreeSet<_> = texts(&schema["spec"]["properties"]["type"]["enum"], "").into_iter().collect();
    assert_eq!(taken, ProviderType::all().map(ProviderType::name).collect());
}

/// All objects below `tests/fixtures/crds/<folder>` with the file they stand in.
fn samples(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/crds").join(folder);
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let objects = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let documents = yaml::parse(&text).expect("it is YAML");
        documents.into_iter().map(move |document| (file.clone(), document.to_json()))
    };
    files.flat_map(|file| objects(file.expect("a file").path())).collect()
}

/// Whether the program takes an object as it stands. It does not judge Receivers.
fn taken(object: &Value) -> Option<bool> {
    match Object::from_json(object) {
        Ok(None) => None,
        Ok(Some(_)) => Some(lint(object).iter().all(|lint| lint.level != Level::Error)),
        Err(_) => Some(false),
    }
}

#[test]
fn cli_crds_the_program_judges_the_samples_as_the_api_server_does() {
    let mut judged = 0;
    for (folder, expected) in [("accepted", true), ("refused", false)] {
        for (file, object) in samples(folder) {
            // Without a spec an object does nothing, which a reader of manifests should learn.
            let expected = expected && object.get("spec").is_some();
            let Some(taken) = taken(&object) else { continue };
            assert_eq!(taken, expected, "{}: {:?}", file.display(), Object::from_json(&object));
            judged += 1;
        }
    }
    assert!(judged > 100, "only {judged} samples were found");
}
