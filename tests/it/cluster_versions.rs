//! Versions of Alert and Provider: our definitions over the incumbent's and back, and manifests in each version (contract,
//! flux-2.10 1 and 6).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::{Cluster, path_of, yaml_file};
use crate::support::{
    Instance, Namespace, Sink, Site, alert, campanile, campanile_in, condition, event, eventually, is_ready,
    kubectl, provider, within,
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
    for object in objects.clone() {
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

/// What Flux would drop is remarked, and the objects are ready all the same.
#[test]
fn cluster_versions_t03_the_status_says_which_fields_flux_would_drop() {
    let (namespace, state) = (Namespace::new("remarked"), TempDir::new().expect("a temporary folder"));
    namespace.apply(provider(
        "chat",
        "generic",
        json!({"address": "http://127.0.0.1:1/", "interval": "10m"}),
    ));
    namespace.apply(alert("old", "chat", json!({"eventSources": [], "summary": "kept"})));
    let kubeconfig = &namespace.cluster.kubeconfig;
    let _instance = Instance::in_cluster(kubeconfig, Some(&namespace.name), state.path(), &[]);
    for (plural, name, field) in [("providers", "chat", "interval"), ("alerts", "old", "summary")] {
        let status = namespace.status(plural, name, is_ready);
        let said = format!("Initialized; spec.{field} is deprecated, Flux's controller of 2.10 drops it; ");
        let message = condition(&status, "Ready")["message"].take();
        assert!(message.as_str().is_some_and(|message| message.starts_with(&said)), "{message}");
    }
}

/// The kinds that each version of a definition lists for Alerts.
fn listed_kinds(cluster: &Cluster) -> Vec<Value> {
    let list = "/schema/openAPIV3Schema/properties/spec/properties/eventSources/items/properties/kind/enum";
    let definition = cluster.must("GET", &definition_path("alerts"), &Value::Null);
    let versions = definition["spec"]["versions"].as_array().expect("a list");
    versions.iter().map(|version| version.pointer(list).cloned().expect("a list of kinds")).collect()
}

#[test]
fn cluster_versions_t04_merge_keeps_what_others_appended_to_the_definitions_in_the_cluster() {
    let cluster = bare_cluster();
    remove_definitions(&cluster);
    let namespace = Namespace::of(cluster.clone(), "merged");
    define(&cluster, of_flux);
    let list = "schema/openAPIV3Schema/properties/spec/properties/eventSources/items/properties/kind/enum/-";
    let patch =
        json!([{"op": "add", "path": format!("/spec/versions/0/{list}"), "value": "Terraform"}]).to_string();
    let name = format!("alerts.{GROUP}");
    kubectl(&namespace, &["patch", "crd", &name, "--type=json", "-p", &patch], "");
    for _ in 0..2 {
        let merged = campanile_in(&cluster.kubeconfig, &["crds", "--merge"]);
        assert_eq!(merged.code, Some(0), "{merged:#?}");
        assert_eq!(merged.stderr, format!("kept in {name}: Terraform\n"));
        kubectl(&namespace, &["apply", "--server-side", "--force-conflicts", "-f", "-"], &merged.stdout);
        let lists = listed_kinds(&cluster);
        assert_eq!(lists.len(), VERSIONS.len());
        for list in lists {
            for kind in ["Terraform", "FluxInstance", "Receiver"] {
                assert!(list.as_array().is_some_and(|list| list.contains(&kind.into())), "{kind}: {list}");
            }
        }
    }
}

/// How often an event is posted while definitions change.
const PACE: Duration = Duration::from_millis(50);

/// The longest until it is noticed that a better definition came, and some time to write.
const NOTICED: Duration = Duration::from_secs(75);

/// Ends the posting of events, also where the test fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn cluster_versions_t06_definitions_of_2_10_come_and_go_while_it_runs_and_every_event_is_answered() {
    let cluster = bare_cluster();
    remove_definitions(&cluster);
    // Flux's definitions of Alert and Provider alone: where there is no Receiver, nothing is said of them.
    define(&cluster, of_flux);
    let (namespace, sink, site) = (Namespace::of(cluster.clone(), "running"), Sink::start(), Site::new());
    for mut object in manifests(&sink, "v1beta3") {
        object["spec"].as_object_mut().expect("a spec").remove("summary");
        namespace.apply(object);
    }
    let only = Some(namespace.name.as_str());
    let instance = Instance::in_cluster(&cluster.kubeconfig, only, &site.state(), &[]).loaded();
    assert_eq!(instance.ask("/v1/objects")["problems"], json!([]));
    let (over, accepted) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let post = || {
        for number in 0.. {
            let message = format!("event {number}");
            let answer = instance.post(&namespace.event(&format!("app-{number}"), &message));
            assert!([202, 429].contains(&answer.status), "{message}: {} {}", answer.status, answer.body);
            accepted.lock().expect("no thread panics").extend((answer.status == 202).then_some(message));
            if over.load(Ordering::Relaxed) {
                return;
            }
            std::thread::park_timeout(PACE);
        }
    };
    std::thread::scope(|scope| {
        let posting = scope.spawn(post);
        let ending = Ending(&over);
        for _ in 0..2 {
            cluster.define_ours();
            for (plural, name) in [("providers", "chat"), ("alerts", "all-to-chat")] {
                let path = format!("{}/{name}", namespace.all(&format!("{GROUP}/v1beta3"), plural));
                within(NOTICED, "a status", || {
                    let answer = cluster.ask("GET", &path, &Value::Null);
                    let object: Value = serde_json::from_str(&answer.body).ok()?;
                    is_ready(&object["status"]).then_some(())
                });
            }
            define(&cluster, of_flux);
            let seen = sink.arrivals().len();
            eventually("deliveries to go on", || (sink.arrivals().len() > seen + 20).then_some(()));
        }
        drop(ending);
        posting.join().expect("every event is answered 202 or 429");
    });
    let state = instance.settle();
    let restarts = state["actors"].as_array().expect("a list").iter().map(|actor| actor["restarts"].as_u64());
    assert!(restarts.clone().all(|count| count == Some(0)), "{}", state["actors"]);
    let mut accepted = accepted.into_inner().expect("no thread panics");
    let mut arrived = sink.messages();
    accepted.sort_unstable();
    arrived.sort_unstable();
    assert_eq!(arrived, accepted);
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
