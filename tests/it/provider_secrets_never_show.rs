//! No secret ever shows (contract, providers 22, with its FIX): every type of the table fails in every way that there
//! is, and nothing that leaves the program holds a secret: logs down to the finest, status, dead letters, metrics, the
//! operations API, every command, the outbox on disk, Kubernetes Events, and what a panic leaves behind.
//!
//! Every secret holds the same mark, so that a piece of one is found too.

mod encoded;
mod kinds;
mod mark;
mod places;
mod ways;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Authority, Instance, Namespace, Site, eventually, everything_from, failing, within};
use kinds::{Kind, kinds};
use mark::Leaks;
use ways::{Configuration, Destinations};

/// How many write objects to the API server side by side.
const MAKERS: usize = 4;

/// How long it may take until the failures of all are told, at ten requests a second.
const ANNOUNCED: Duration = Duration::from_secs(240);

/// A Provider with its Secrets and an Alert.
fn objects_of(name: &str, kind: &Kind, spec: Value, secrets: Vec<Value>) -> Vec<Value> {
    objects_of_type(name, kind.type_name, spec, secrets)
}

fn objects_of_type(name: &str, type_name: &str, spec: Value, secrets: Vec<Value>) -> Vec<Value> {
    let mut provider = crate::support::provider(name, type_name, spec);
    provider["spec"]["timeout"] = "2s".into();
    [vec![provider, everything_from(name)], secrets].concat()
}

/// Whether each delivery was tried, or is one of those that cannot be.
fn was_all_tried(instance: &Instance, holds: bool) -> bool {
    // Asked in this order: an event that is planned in between is in the list.
    let planned = instance.ask("/v1/state")["outbox"]["unplanned"] == 0;
    let list = instance.ask("/v1/deliveries");
    let is_held = |item: &Value| {
        let name = item["provider"]["name"].as_str().expect("a Provider has a name");
        holds && list["held"].get(format!("apps/{name}")).is_some()
    };
    planned
        && list["items"]
            .as_array()
            .is_some_and(|items| items.iter().all(|item| item["failure"] != Value::Null || is_held(item)))
}

#[test]
fn what_fails_on_its_way_shows_no_secret() {
    let (kinds, destinations) = (kinds(), Destinations::start());
    let objects: Vec<Value> = kinds.iter().flat_map(|kind| destinations.objects(kind)).collect();
    let (site, mut leaks) = (Site::with(&objects), Leaks::default());
    let mut watched = places::start(&site, &destinations.trusted);
    let instance = &mut watched.instance;
    instance.accept(&failing());
    eventually("every delivery to be tried", || was_all_tried(instance, false).then_some(()));
    let arrivals = destinations.arrivals();
    // Every type that speaks HTTP was let through: by the proxy, with TLS, to its destination.
    let http = kinds.iter().filter(|kind| kind.speaks_http());
    let (all, movable) = (http.clone().count(), http.filter(|kind| kind.sample.fixed_host.is_none()).count());
    for (way, requests) in &arrivals {
        let least = if way.starts_with("plain") { movable } else { all };
        assert!(*requests >= least, "{way}: {requests} requests of {least} Providers");
    }
    places::search(&mut leaks, &site, &watched);
    let instance = &mut watched.instance;
    for kind in &kinds {
        for name in Destinations::quoting(kind) {
            places::search_send(&mut leaks, instance, &name);
        }
    }
    places::search_redrive(&mut leaks, instance);
    places::search_log(&mut leaks, instance);
    places::search_files(&mut leaks, &site);
    leaks.assert_none();
}

#[test]
fn what_can_not_work_shows_no_secret() {
    let kinds = kinds();
    let objects: Vec<Value> = kinds.iter().flat_map(Configuration::objects).collect();
    let (site, mut leaks) = (Site::with(&objects), Leaks::default());
    let mut watched = places::start(&site, &Authority::named("nobody"));
    let instance = &watched.instance;
    instance.accept(&failing());
    eventually("every delivery to be tried", || was_all_tried(instance, true).then_some(()));
    let table = instance.ask("/v1/objects");
    let providers = table["providers"].as_array().expect("a table");
    for kind in &kinds {
        let ready = |way: &&str| {
            let name = kind.name(way);
            providers
                .iter()
                .any(|row| row["name"] == *name && row["conditions"][0]["status"] != json!("False"))
        };
        let ready: Vec<&str> = Configuration::never_works().filter(ready).collect();
        assert!(ready.is_empty(), "{} is not told that it cannot work: {ready:?}", kind.type_name);
    }
    places::search(&mut leaks, &site, &watched);
    places::search_log(&mut leaks, &mut watched.instance);
    places::search_files(&mut leaks, &site);
    leaks.assert_none();
}

#[test]
fn what_a_cluster_is_told_shows_no_secret() {
    let (destinations, mut leaks) = (Destinations::start(), Leaks::default());
    let objects: Vec<Value> = kinds().iter().flat_map(|kind| ways::few(&destinations, kind)).collect();
    let namespace = Namespace::new("secrets");
    std::thread::scope(|scope| {
        for part in objects.chunks(objects.len().div_ceil(MAKERS)) {
            let namespace = &namespace;
            scope.spawn(move || part.iter().for_each(|object| drop(namespace.apply(object.clone()))));
        }
    });
    let state = TempDir::with_prefix("campanile-secrets-").expect("a folder");
    let (kubeconfig, flags) = (&namespace.cluster.kubeconfig, ["--log-level=trace"]);
    let mut instance = Instance::in_cluster(kubeconfig, Some(&namespace.name), state.path(), &flags).loaded();
    let mut event = failing();
    event["involvedObject"]["namespace"] = namespace.name.as_str().into();
    instance.accept(&event);
    let providers = objects.iter().filter(|object| object["kind"] == "Provider");
    let providers: BTreeSet<&str> = providers.filter_map(|one| one["metadata"]["name"].as_str()).collect();
    within(ANNOUNCED, "each Provider or its Alert to tell of its failure", || {
        // Asked rarely: the answer is long.
        std::thread::park_timeout(Duration::from_millis(500));
        let events = places::events(&namespace);
        let told = events.iter().filter_map(|event| {
            let on = event["involvedObject"]["name"].as_str()?;
            match event["reason"].as_str()? {
                "Failed" => Some(on),
                "NotificationDispatchFailed" => on.strip_prefix("all-to-"),
                _ => None,
            }
        });
        let told: BTreeSet<&str> = told.collect();
        (told == providers).then_some(())
    });
    places::search_cluster(&mut leaks, &namespace);
    places::search_log(&mut leaks, &mut instance);
    leaks.assert_none();
}

/// A defect that quotes the whole request in its panic: address, credentials and all.
#[cfg(feature = "failpoints")]
#[test]
fn what_panics_on_its_way_shows_no_secret() {
    let all = kinds();
    let objects: Vec<Value> = all.iter().flat_map(|kind| ways::nowhere(kind, "panics")).collect();
    // The others have no request to quote. What they have to say waits.
    let kinds = || all.iter().filter(|kind| kind.sends_requests());
    let (site, mut leaks) = (Site::with(&objects), Leaks::default());
    let defect = [("CAMPANILE_FAILPOINTS", std::ffi::OsStr::new("request=*"))];
    let mut watched = places::start_in(&site, &Authority::named("nobody"), &defect);
    watched.instance = watched.instance.allowed_to_panic();
    watched.instance.accept(&failing());
    let dead = eventually("every delivery to be given up", || {
        let dead = watched.instance.ask("/v1/deliveries?dead=true")["items"].take();
        (dead.as_array().map(Vec::len) == Some(kinds().count())).then_some(dead)
    });
    let panicked = |item: &Value| item["failure"]["message"].to_string().contains("panicked 3 times");
    assert!(dead.as_array().is_some_and(|items| items.iter().all(panicked)), "{dead:#}");
    places::search(&mut leaks, &site, &watched);
    places::search_log(&mut leaks, &mut watched.instance);
    let lines = watched.instance.log();
    let panics = lines.iter().filter(|line| line.contains("panicked\"") && line.contains("drive.rs"));
    assert!(panics.count() >= 3 * kinds().count(), "each panic and its place are in the log");
    places::search_files(&mut leaks, &site);
    leaks.assert_none();
}
