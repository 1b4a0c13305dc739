//! The definitions against the real API server: the samples of tests/fixtures/crds are taken, or refused for their reason.

use std::path::{Path, PathBuf};

use campanile_yaml as yaml;
use serde_json::{Value, json};

use crate::support::cluster::path_of;
use crate::support::{Answer, Namespace, kubectl};

/// A sample and the file it stands in.
struct Sample {
    file: PathBuf,
    /// What the API server must say against it, from the first line of the file.
    refusal: Option<String>,
    object: Value,
}

fn samples(folder: &str) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/crds").join(folder);
    let files =
        std::fs::read_dir(&folder).expect("the folder is there").map(|file| file.expect("a file").path());
    let mut found = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let refusal =
            text.lines().next().and_then(|line| line.strip_prefix("# refused: ")).map(str::to_owned);
        let documents = yaml::parse(&text).expect("it is YAML");
        for object in documents.iter().flat_map(|document| in_versions(document.to_json())) {
            found.push(Sample { file: file.clone(), refusal: refusal.clone(), object });
        }
    }
    found
}

/// A sample; what is written in v1beta3 is one of v1, too, since both have the same fields and rules.
fn in_versions(object: Value) -> Vec<Value> {
    let mut newer = object.clone();
    newer["apiVersion"] = "notification.toolkit.fluxcd.io/v1".into();
    match object["apiVersion"].as_str() {
        Some("notification.toolkit.fluxcd.io/v1beta3") => vec![object, newer],
        _ => vec![object],
    }
}

/// The collection that an object goes to.
fn collection(object: &Value) -> String {
    path_of(object).rsplit_once('/').map(|(all, _)| all.to_owned()).unwrap_or_default()
}

/// Tries to create a sample without keeping it.
fn try_out(namespace: &Namespace, sample: &Sample) -> Answer {
    let object = namespace.place(sample.object.clone());
    namespace.cluster.ask("POST", &format!("{}?dryRun=All", collection(&object)), &object)
}

/// Creates the object of a sample and writes its status.
fn write_status(namespace: &Namespace, sample: &Sample) -> Answer {
    let mut object = namespace.place(sample.object.clone());
    let status = object["status"].take();
    let mut stored = namespace.cluster.must("POST", &collection(&object), &object);
    stored["status"] = status;
    let answer = namespace.cluster.ask("PUT", &format!("{}/status", path_of(&object)), &stored);
    namespace.cluster.must("DELETE", &path_of(&object), &Value::Null);
    answer
}

/// Whether everything in `wanted` is in `found`.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| found.get(key).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
        }
        (found, wanted) => found == wanted,
    }
}

fn refused(sample: &Sample, answer: &Answer) {
    let file = sample.file.display();
    let reason = sample.refusal.as_ref().unwrap_or_else(|| panic!("{file} does not begin with its refusal"));
    let message = serde_json::from_str::<Value>(&answer.body).expect("JSON")["message"].to_string();
    let said = message.replace("\\\"", "\"").contains(reason);
    assert!(answer.status == 422 && said, "{file}: {} {message}, not {reason}", answer.status);
}

#[test]
fn cluster_definitions_take_what_those_of_the_incumbent_take_1() {
    let (namespace, samples) = (Namespace::new("accepted"), samples("accepted"));
    assert!(samples.len() > 80, "only {} samples were found", samples.len());
    for sample in samples {
        let answer = try_out(&namespace, &sample);
        assert_eq!(answer.status, 201, "{}: {}", sample.file.display(), answer.body);
    }
}

#[test]
fn cluster_definitions_refuse_what_those_of_the_incumbent_refuse_1() {
    let (namespace, samples) = (Namespace::new("refused"), samples("refused"));
    assert!(samples.len() > 100, "only {} samples were found", samples.len());
    samples.iter().for_each(|sample| refused(sample, &try_out(&namespace, sample)));
}

#[test]
fn cluster_definitions_keep_every_field_of_a_status_and_refuse_what_breaks_the_rules_1_3() {
    let namespace = Namespace::new("status");
    for sample in samples("status/accepted") {
        let answer = write_status(&namespace, &sample);
        let stored: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert!(holds(&stored["status"], &sample.object["status"]), "{}: {stored}", sample.file.display());
    }
    let broken = samples("status/refused");
    assert!(broken.len() > 15, "only {} samples were found", broken.len());
    broken.iter().for_each(|sample| refused(sample, &write_status(&namespace, sample)));
}

/// Others append kinds in place, by the index of a version; the Flux Operator appends kinds that are already there.
#[test]
fn cluster_definitions_t04_kinds_are_appended_by_index_in_every_version_twice() {
    let namespace = Namespace::new("appended");
    let kinds = ["FluxInstance", "ResourceSet", "ResourceSetInputProvider", "Terraform"];
    for (plural, field, count) in [("alerts", "eventSources", 3), ("receivers", "resources", 2)] {
        let place =
            format!("/schema/openAPIV3Schema/properties/spec/properties/{field}/items/properties/kind/enum");
        let append = |version: usize, kind: &str| json!({"op": "add", "path": format!("/spec/versions/{version}{place}/-"), "value": kind});
        let once = (0..count).flat_map(|version| kinds.map(|kind| append(version, kind)));
        let patch = Value::from_iter(once.clone().chain(once)).to_string();
        let name = format!("{plural}.notification.toolkit.fluxcd.io");
        let arguments = ["patch", "crd", &name, "--type=json", "-p", &patch, "--dry-run=server"];
        let arguments = [&arguments[..], &["-o", "jsonpath={.spec.versions}"]].concat();
        let versions: Value = serde_json::from_str(&kubectl(&namespace, &arguments, "")).expect("JSON");
        let versions = versions.as_array().expect("a list");
        assert_eq!(versions.len(), count, "{plural}");
        for version in versions {
            let taken = version.pointer(&place).and_then(Value::as_array).expect("an enum");
            assert!(kinds.iter().all(|kind| taken.iter().any(|one| one == kind)), "{plural}: {taken:?}");
        }
    }
}
