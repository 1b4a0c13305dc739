use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use campanile_crds::{GROUP, Level, Object, Rule, SchemaFinding, lint};
use campanile_domain::ProviderType;
use campanile_yaml as yaml;
use serde_json::Value;

use super::merge::merged;
use super::stream;
use crate::cli::Storage;

/// The definition of a kind, as `campanile crds` prints it.
fn definition(kind: &str, storage: Storage) -> Value {
    let documents = yaml::parse(&stream(storage)).expect("it is YAML");
    assert_eq!(documents.len(), 3);
    let of_kind = |document: &Value| document["spec"]["names"]["kind"] == kind;
    documents.iter().map(yaml::Node::to_json).find(of_kind).expect("the kind is defined")
}

fn versions_stored(kind: &str, storage: Storage) -> Vec<Value> {
    definition(kind, storage)["spec"]["versions"].as_array().expect("a list").clone()
}

fn versions(kind: &str) -> Vec<Value> {
    versions_stored(kind, Storage::V1beta3)
}

fn texts<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item.pointer(pointer).and_then(Value::as_str).expect("a text")).collect()
}

/// Name, whether it is stored and the warning of each version, all of which are served.
fn served(kind: &str, storage: Storage) -> Vec<(String, bool, Option<String>)> {
    let told = |version: &Value| {
        assert_eq!((&version["served"], version["subresources"]["status"].is_object()), (&true.into(), true));
        let warning = version["deprecationWarning"].as_str().map(str::to_owned);
        assert_eq!(version["deprecated"] == true, warning.is_some());
        let name = version["name"].as_str().expect("a name").to_owned();
        (name, version["storage"] == true, warning)
    };
    versions_stored(kind, storage).iter().map(told).collect()
}

#[test]
fn cli_crds_serve_v1_v1beta3_and_v1beta2_in_this_order_and_store_the_one_that_is_asked_for() {
    for kind in ["Alert", "Provider"] {
        for (storage, stored) in [(Storage::V1beta3, "v1beta3"), (Storage::V1, "v1")] {
            let old =
                format!("v1beta2 {kind} is deprecated, upgrade to v1, or to v1beta3 for Flux 2.9 and older");
            let expected = [("v1", None), ("v1beta3", None), ("v1beta2", Some(old))]
                .map(|(name, warning)| (name.to_owned(), name == stored, warning));
            assert_eq!(served(kind, storage), expected, "{kind} stored as {stored}");
        }
    }
    for storage in [Storage::V1beta3, Storage::V1] {
        let old = "v1beta2 Receiver is deprecated, upgrade to v1".to_owned();
        assert_eq!(
            served("Receiver", storage),
            [("v1".to_owned(), true, None), ("v1beta2".to_owned(), false, Some(old))]
        );
    }
}

#[test]
fn cli_crds_columns_are_the_same_in_every_version() {
    let alerts = ["Ready", "Status", "Provider", "Last Delivery", "Pending", "Dead", "Age"];
    let providers = ["Type", "Ready", "Delivering", "Status", "Last Delivery", "Pending", "Dead", "Age"];
    let wide = ["Provider", "Last Delivery", "Pending", "Dead"];
    for (kind, names) in [("Alert", &alerts[..]), ("Provider", &providers)] {
        for version in versions(kind) {
            let columns = &version["additionalPrinterColumns"];
            assert_eq!(texts(columns, "/name"), names, "{kind}");
            let shown_wide =
                columns.as_array().expect("a list").iter().filter(|column| column["priority"] == 1);
            let shown_wide: Vec<_> = shown_wide.map(|column| column["name"].as_str()).collect();
            let expected: Vec<_> =
                wide.iter().filter(|name| names.contains(name)).copied().map(Some).collect();
            assert_eq!(shown_wide, expected, "{kind}");
        }
    }
}

#[test]
fn cli_crds_t03_all_versions_have_the_same_fields_so_that_a_write_through_one_loses_nothing() {
    for (kind, dropped_by_flux) in [("Alert", &["summary"][..]), ("Provider", &["proxy", "interval"])] {
        let versions = versions(kind);
        let [v1, others @ ..] = versions.as_slice() else { panic!("no version") };
        assert!(others.iter().all(|other| other["schema"] == v1["schema"]), "{kind}");
        let properties = &v1["schema"]["openAPIV3Schema"]["properties"];
        assert_eq!(properties["status"]["default"]["observedGeneration"], -1, "{kind}");
        for field in dropped_by_flux {
            assert!(properties["spec"]["properties"][field].is_object(), "{kind} {field}");
        }
    }
}

/// The definitions of a stream.
fn definitions(stream: &str) -> Vec<Value> {
    yaml::parse(stream).expect("it is YAML").iter().map(yaml::Node::to_json).collect()
}

/// The list of kinds in each version of Alert and Receiver.
fn listed(stream: &str) -> Vec<BTreeSet<String>> {
    let pointer = |field: &str| {
        format!("/schema/openAPIV3Schema/properties/spec/properties/{field}/items/properties/kind/enum")
    };
    let lists = |definition: &Value| {
        let versions = definition["spec"]["versions"].as_array().expect("a list").clone();
        let list = move |version: &Value| {
            let found =
                ["eventSources", "resources"].into_iter().find_map(|field| version.pointer(&pointer(field)));
            found.map(|list| texts(list, "").into_iter().map(str::to_owned).collect())
        };
        versions.iter().filter_map(list).collect::<Vec<_>>()
    };
    definitions(stream).iter().flat_map(lists).collect()
}

#[test]
fn cli_crds_t04_merge_keeps_the_kinds_that_others_appended_in_every_version() {
    for storage in [Storage::V1beta3, Storage::V1] {
        let ours = stream(storage);
        let mut installed = definitions(&ours);
        assert_eq!(merged(&ours, &installed).expect("it can be merged"), ours, "nothing was added");
        assert_eq!(merged(&ours, &[]).expect("it can be merged"), ours, "nothing is installed");
        for (definition, field) in [(0, "eventSources"), (2, "resources")] {
            let list = &mut installed[definition]["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["properties"]
                ["spec"]["properties"][field]["items"]["properties"]["kind"]["enum"];
            list.as_array_mut().expect("a list").extend(["Terraform".into(), "Null".into()]);
        }
        let kept = merged(&ours, &installed).expect("it can be merged");
        let before = listed(&ours);
        assert_eq!(before.len(), 5, "three versions of Alert, two of Receiver");
        for (before, after) in before.iter().zip(listed(&kept)) {
            let added: Vec<&String> = after.difference(before).collect();
            assert_eq!(added, ["Null", "Terraform"]);
        }
        assert_eq!(merged(&ours, &definitions(&kept)).expect("it can be merged"), kept, "once more");
        installed[0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
            ["eventSources"]["items"]["properties"]["kind"]["enum"] = serde_json::json!(["a]\n---"]);
        assert!(merged(&ours, &installed).is_err(), "what is no kind is not written into a definition");
    }
}

#[test]
fn cli_crds_issue_21_a_fluxinstance_replaces_the_versions_of_each_definition_by_ours() {
    for storage in [Storage::V1beta3, Storage::V1] {
        let text = super::fluxinstance::patches(&stream(storage)).expect("it can be made");
        let instance = yaml::parse(&text).expect("it is YAML")[0].to_json();
        let patches = instance["spec"]["kustomize"]["patches"].as_array().expect("a list").clone();
        assert_eq!(patches.len(), 3);
        for (patch, ours) in patches.iter().zip(definitions(&stream(storage))) {
            assert_eq!(patch["target"]["name"], ours["metadata"]["name"]);
            let operations =
                yaml::parse(patch["patch"].as_str().expect("a text")).expect("it is YAML")[0].to_json();
            assert_eq!(
                (&operations[0]["op"], &operations[0]["path"]),
                (&"replace".into(), &"/spec/versions".into())
            );
            assert_eq!(operations[0]["value"], ours["spec"]["versions"]);
        }
    }
}

#[test]
fn cli_crds_take_the_provider_types_that_the_program_knows_and_no_others() {
    let types = "/schema/openAPIV3Schema/properties/spec/properties/type/enum";
    for version in versions("Provider") {
        let taken: BTreeSet<_> = texts(version.pointer(types).expect("an enum"), "").into_iter().collect();
        assert_eq!(taken, ProviderType::all().map(ProviderType::name).collect());
    }
}

/// All objects below `tests/fixtures/crds/<folder>`, in each version, with the file they stand in.
fn samples(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/crds").join(folder);
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let objects = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let documents = yaml::parse(&text).expect("it is YAML");
        documents.into_iter().map(move |document| (file.clone(), document.to_json()))
    };
    let every_version = |(file, object): (PathBuf, Value)| {
        // The versions of a Receiver do not have the same fields.
        let own = object["apiVersion"].as_str().and_then(|version| version.rsplit('/').next());
        let is_receiver = object["kind"] == "Receiver";
        let in_version = |version: &str| {
            let mut object = object.clone();
            object["apiVersion"] = format!("{GROUP}/{version}").into();
            (file.clone(), object)
        };
        let versions = ["v1", "v1beta3", "v1beta2"].into_iter();
        versions.filter(|one| !is_receiver || own == Some(*one)).map(in_version).collect::<Vec<_>>()
    };
    files.flat_map(|file| objects(file.expect("a file").path())).flat_map(every_version).collect()
}

/// Whether the program takes an object as it stands.
fn taken(object: &Value) -> Option<bool> {
    match Object::from_json(object) {
        Ok(None) => None,
        Ok(Some(_)) => {
            // What the API server takes and nothing can work with is no concern of its.
            let refuses = |finding: &SchemaFinding| {
                finding.level == Level::Error
                    && finding.concerns.is_said(None)
                    && finding.violation.rule != Rule::Resource
            };
            Some(!lint(object).iter().any(refuses))
        }
        Err(_) => Some(false),
    }
}

/// Whether a sample is refused only since the definition does not list its kind of source: others add theirs to that list, so
/// the program takes any.
fn is_of_any_kind(file: &Path) -> bool {
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("alert") && name.ends_with("source-kind")
        || name.starts_with("receiver") && name.ends_with("resource-kind")
}

#[test]
fn cli_crds_the_program_judges_the_samples_as_the_api_server_does() {
    let mut judged = 0;
    for (folder, expected) in [("accepted", true), ("refused", false)] {
        for (file, object) in samples(folder) {
            // Without a spec an object does nothing, which a reader of manifests should learn.
            let expected = expected && object.get("spec").is_some() || is_of_any_kind(&file);
            let Some(taken) = taken(&object) else { continue };
            assert_eq!(taken, expected, "{}: {:?}", file.display(), Object::from_json(&object));
            judged += 1;
        }
    }
    assert!(judged > 300, "only {judged} samples were found");
}

#[test]
fn cli_crds_issue_15_names_of_references_are_checked_in_every_version() {
    for kind in ["Alert", "Provider", "Receiver"] {
        for version in versions(kind) {
            let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
            let references =
                spec.as_object().expect("fields").iter().filter(|(name, _)| name.ends_with("Ref"));
            let names: Vec<&Value> = references.map(|(_, field)| &field["properties"]["name"]).collect();
            assert!(!names.is_empty(), "{kind}");
            for name in names.into_iter().chain(spec.get("serviceAccountName")) {
                let pattern = name["pattern"].as_str().expect("a pattern");
                assert!(pattern.ends_with("([-a-z0-9]*[a-z0-9])?)*$"), "{kind}: {name}");
                assert_eq!(name["maxLength"], 253, "{kind}: {name}");
            }
        }
    }
}
