//! Versions of Alert and Provider: our definitions over the incumbent's and back, and manifests in each version (contract,
//! flux-2.10 1 and 6).

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::{Cluster, path_of, yaml_file};
use crate::support::{
    Instance, Namespace, Sink, Site, alert, campanile, event, eventually, is_ready, kubectl, provider,
};

const GROUP: &str = "notification.toolkit.fluxcd.io";
const VERSIONS: [&str; 3] = ["v1", "v1beta3", "v1beta2"];

/// A cluster without our kinds, for one of these tests at a time: they change what all namespaces share.
fn bare_cluster() -> MutexGuard<'static, Arc<Cluster>> {
    static CLUSTER: LazyLock<Mutex<Arc<Cluster>>> = LazyLock::new(|| Mutex::new(Cluster::another()));
    CLUSTER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove_definitions(cluster: &Cluster) {
    for plural in ["alerts", "providers", "receivers"] {
        let path = definition_path(plural);
        cluster.ask("DELETE", &path, &Value::Null);
        eventually("the definition to be gone", || {
            (cluster.ask("GET", &path, &Value::Null).status == 404).then_some(())
        });
    }
}

fn definition_path(plural: &str) -> String {
    format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.{GROUP}")
}

/// The incumbent's definition of 2.10.
fn of_flux(plural: &str) -> Value {
    yaml_file(&format!("tests/fixtures/flux-2.10/{plural}.yaml"))
}

/// A definition from before 2.10: without v1, with v1beta2, and one of both stored.
fn of_older_flux(plural: &str, stored: &str) -> Value {
    let mut definition = of_flux(plural);
    let mut newer = definition["spec"]["versions"][1].clone();
    for field in ["deprecated", "deprecationWarning"] {
        newer.as_object_mut().expect("a version").remove(field);
    }
    let mut older = newer.clone();
    older["name"] = "v1beta2".into();
    for version in [&mut newer, &mut older] {
        version["storage"] = (version["name"] == stored).into();
    }
    definition["spec"]["versions"] = json!([newer, older]);
    definition
}

/// The definition of a kind, by its plural.
type Definition = fn(&str) -> Value;

/// Brings the definitions of the incumbent in.
fn define(cluster: &Cluster, definition: Definition) {
    for plural in ["alerts", "providers"] {
        cluster.define(&definition(plural));
    }
}

fn stored_versions(cluster: &Cluster, plural: &str) -> Value {
    cluster.must("GET", &definition_path(plural), &Value::Null)["status"]["storedVersions"].clone()
}

fn in_version(mut object: Value, version: &str) -> Value {
    object["apiVersion"] = format!("{GROUP}/{version}").into();
    object
}

/// An Alert and a Provider that use every field that the incumbent's v1 has, too.
fn objects() -> [Value; 2] {
    [
        provider("chat", "generic", json!({"address": "http://127.0.0.1:1/hook", "timeout": "20s"})),
        alert(
            "all-to-chat",
            "chat",
            json!({
                "eventSeverity": "error", "eventSources": [{"kind": "Kustomization", "name": "*"}],
                "inclusionList": [".*"], "exclusionList": ["nothing"], "eventMetadata": {"env": "test"},
            }),
        ),
    ]
}

fn apply_in(namespace: &Namespace, version: &str) {
    for object in objects() {
        namespace.apply(in_version(object, version));
    }
}

/// What of an object must not change: its identity and its spec.
fn essence(object: &Value) -> (Value, Value) {
    (object["metadata"]["uid"].clone(), object["spec"].clone())
}

/// The objects as one version shows them, once it is served.
fn shown(namespace: &Namespace, version: &str) -> Vec<(Value, Value)> {
    let one = |object: Value| {
        let path = path_of(&namespace.place(in_version(object, version)));
        let served = || Some(namespace.cluster.ask("GET", &path, &Value::Null)).filter(|a| a.status == 200);
        let answer = eventually(&format!("{path} to be served"), served);
        essence(&serde_json::from_str(&answer.body).expect("JSON"))
    };
    objects().map(one).into()
}

/// Runs an instance until the objects are ready.
fn become_ready(namespace: &Namespace) {
    let state = TempDir::new().expect("a temporary folder can be made");
    let _instance =
        Instance::in_cluster(&namespace.cluster.kubeconfig, Some(&namespace.name), state.path(), &[]);
    for (plural, name) in [("providers", "chat"), ("alerts", "all-to-chat")] {
        namespace.status(plural, name, is_ready);
    }
}

/// What `campanile crds` prints.
fn printed(arguments: &[&str]) -> String {
    let output = campanile(&[&["crds"], arguments].concat());
    assert_eq!(output.code, Some(0), "{output:#?}");
    output.stdout
}

#[test]
fn cluster_versions_t01_our_definitions_go_over_each_history_of_stored_versions_and_back() {
    let cluster = bare_cluster();
    let (flux, third): (Definition, Definition) = (of_flux, |plural| of_older_flux(plural, "v1beta3"));
    let second: Definition = |plural| of_older_flux(plural, "v1beta2");
    let histories: [(&str, Vec<Definition>, &[&str]); 4] = [
        ("v1", vec![flux], &["v1"]),
        ("v1beta3", vec![third], &["v1beta3"]),
        ("v1beta3", vec![third, flux], &["v1beta3", "v1"]),
        ("v1beta2", vec![second, third], &["v1beta2", "v1beta3"]),
    ];
    let ways = [&["apply", "-f", "-"][..], &["apply", "--server-side", "--force-conflicts", "-f", "-"]];
    for (version, history, stored) in histories {
        for way in ways {
            remove_definitions(&cluster);
            let namespace = Namespace::of(cluster.clone(), "history");
            define(&cluster, history[0]);
            apply_in(&namespace, version);
            history.iter().skip(1).for_each(|definition| define(&cluster, *definition));
            assert_eq!(stored_versions(&cluster, "alerts"), json!(stored));
            let before = shown(&namespace, "v1beta3");
            kubectl(&namespace, way, &printed(&[]));
            for version in VERSIONS {
                assert_eq!(shown(&namespace, version), before, "{stored:?} {way:?} {version}");
            }
            become_ready(&namespace);
            define(&cluster, history[history.len() - 1]);
            assert_eq!(shown(&namespace, "v1beta3"), before, "{stored:?} {way:?} and back");
        }
    }
}

#[test]
fn cluster_versions_t01_v1_can_be_the_stored_one_from_the_start() {
    let cluster = bare_cluster();
    remove_definitions(&cluster);
    let namespace = Namespace::of(cluster.clone(), "stored");
    kubectl(&namespace, &["apply", "-f", "-"], &printed(&["--storage", "v1"]));
    assert_eq!(stored_versions(&cluster, "providers"), json!(["v1"]));
    eventually("the kinds to be served", || {
        let all = namespace.all(&format!("{GROUP}/v1"), "alerts");
        (cluster.ask("GET", &all, &Value::Null).status == 200).then_some(())
    });
    apply_in(&namespace, "v1");
    become_ready(&namespace);
}

#[test]
fn cluster_versions_t02_to_ours_and_back_to_those_of_2_10_and_nothing_is_lost_or_stuck() {
    let cluster = bare_cluster();
    remove_definitions(&cluster);
    let namespace = Namespace::of(cluster.clone(), "back");
    define(&cluster, of_flux);
    apply_in(&namespace, "v1");
    let before = shown(&namespace, "v1");
    for round in 0..2 {
        cluster.define_ours();
        assert_eq!(shown(&namespace, "v1beta2"), before, "round {round}");
        become_ready(&namespace);
        define(&cluster, of_flux);
        for version in ["v1", "v1beta3"] {
            assert_eq!(shown(&namespace, version), before, "round {round}, {version}");
        }
        for object in objects() {
            let path = path_of(&namespace.place(in_version(object, "v1")));
            let label = json!({"metadata": {"labels": {"round": round.to_string()}}});
            cluster.must("PATCH", &path, &label);
        }
    }
    for object in objects() {
        let path = path_of(&namespace.place(in_version(object, "v1")));
        cluster.must("DELETE", &path, &Value::Null);
        assert_eq!(cluster.ask("GET", &path, &Value::Null).status, 404, "{path} is stuck");
    }
}

#[test]
fn cluster_versions_t03_fields_that_flux_dropped_survive_a_write_through_each_version() {
    let namespace = Namespace::new("dropped");
    let objects = [
        provider("chat", "generic", json!({"proxy": "http://127.0.0.1:1", "interval": "10m"})),
        alert("old", "chat", json!({"eventSources": [], "summary": "kept"})),
    ];
    for object in objects {
        for through in VERSIONS {
            let written = namespace.place(in_version(object.clone(), "v1beta3"));
            let expected = namespace.apply(written)["spec"].take();
            let path = path_of(&namespace.place(in_version(object.clone(), through)));
            let mut whole = namespace.cluster.must("GET", &path, &Value::Null);
            whole["metadata"]["labels"] = json!({"through": through});
            namespace.cluster.must("PUT", &path, &whole);
            for version in VERSIONS {
                let path = path_of(&namespace.place(in_version(object.clone(), version)));
                let found = namespace.cluster.must("GET", &path, &Value::Null);
                assert_eq!(found["spec"], expected, "written through {through}, read as {version}");
                assert_eq!(found["metadata"]["labels"]["through"], through);
            }
        }
    }
}

/// A Provider and an Alert with a summary that take events to `sink`, in `version`.
fn manifests(sink: &Sink, version: &str) -> [Value; 2] {
    let sources = json!([{"kind": "Kustomization", "name": "*"}]);
    let spec = json!({"eventSources": sources, "summary": "about", "eventMetadata": {"env": "test"}});
    [provider("chat", "generic", json!({"address": sink.url("/hook")})), alert("all-to-chat", "chat", spec)]
        .map(|object| in_version(object, version))
}

/// Bodies of an arrival with the namespace of the test called as in a folder.
fn bodies(sink: &Sink, namespace: &str) -> Vec<Value> {
    let body = |text: String| serde_json::from_str(&text.replace(namespace, "apps")).expect("JSON");
    sink.wait_for(1).iter().map(|arrival| body(arrival.json().to_string())).collect()
}

#[test]
fn cluster_versions_t05_manifests_of_each_version_give_the_same_notifications_in_both_modes() {
    let mut all: Vec<Vec<Value>> = Vec::new();
    for version in VERSIONS {
        let sink = Sink::start();
        let site = Site::with(&manifests(&sink, version));
        let instance = site.start(&[]);
        instance.accept(&event("app", "applied"));
        all.push(bodies(&sink, "apps"));
        let checked = campanile(&["check", &site.manifests().display().to_string()]);
        assert_eq!(checked.code, Some(0), "{checked:#?}");
        for kind in ["Alert", "Provider"] {
            let warnings = checked.stdout.matches(&format!("{version} {kind} is deprecated")).count();
            assert_eq!(warnings, usize::from(version == "v1beta2"), "{}", checked.stdout);
        }

        let (sink, state, namespace) = (Sink::start(), Site::new(), Namespace::new("each-version"));
        for object in manifests(&sink, version).map(|object| namespace.place(object)) {
            let path = format!("{}?fieldManager=test&force=true", path_of(&object));
            let answer = namespace.cluster.ask("PATCH", &path, &object);
            let expected = format!("{version} {} is deprecated", object["kind"].as_str().expect("a kind"));
            let warned = answer.header("warning").is_some_and(|warning| warning.contains(&expected));
            assert_eq!((answer.status, warned), (201, version == "v1beta2"), "{}", answer.body);
        }
        let instance =
            Instance::in_cluster(&namespace.cluster.kubeconfig, Some(&namespace.name), &state.state(), &[])
                .loaded();
        namespace.status("alerts", "all-to-chat", is_ready);
        instance.accept(&namespace.event("app", "applied"));
        all.push(bodies(&sink, &namespace.name));
    }
    assert_eq!(all[0][0]["metadata"]["summary"], "about");
    assert!(all.iter().all(|one| one == &all[0]), "{all:#?}");
}

/// The words of a table's first line.
fn heading(table: &str) -> Vec<String> {
    let first = table.lines().next().unwrap_or_default();
    first.split("  ").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn cluster_versions_kubectl_prints_the_columns_of_each_kind() {
    let namespace = Namespace::new("columns");
    apply_in(&namespace, "v1beta3");
    become_ready(&namespace);
    for (kind, columns, wide) in [
        ("alerts", "NAME READY STATUS AGE", "NAME READY STATUS PROVIDER LAST DELIVERY PENDING DEAD AGE"),
        (
            "providers",
            "NAME TYPE READY DELIVERING STATUS AGE",
            "NAME TYPE READY DELIVERING STATUS LAST DELIVERY PENDING DEAD AGE",
        ),
    ] {
        for version in VERSIONS {
            let resource = format!("{kind}.{version}.{GROUP}");
            let get = ["-n", &namespace.name, "get", &resource];
            assert_eq!(heading(&kubectl(&namespace, &get, "")).join(" "), columns);
            let table = kubectl(&namespace, &[&get[..], &["-o", "wide"]].concat(), "");
            assert_eq!(heading(&table).join(" "), wide);
        }
    }
    let table = kubectl(&namespace, &["-n", &namespace.name, "get", "providers"], "");
    assert!(table.contains("generic") && table.contains("Initialized"), "{table}");
    let table = kubectl(&namespace, &["-n", &namespace.name, "get", "alerts", "-o", "wide"], "");
    assert!(table.contains("chat"), "{table}");
}
