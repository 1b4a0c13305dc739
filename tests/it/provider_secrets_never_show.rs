//! No secret ever shows (contract, providers 22, with its FIX): every type of the table fails in every way that there
//! is, and nothing that leaves the program holds a secret: logs down to the finest, status, dead letters, metrics, the
//! operations API, every command, the outbox on disk.
//!
//! Every secret holds the same mark, so that a piece of one is found too.

mod kinds;
mod mark;
mod places;
mod ways;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Authority, Instance, Site, eventually, everything_from, failing};
use kinds::{KINDS, Kind};
use mark::Leaks;
use ways::{Configuration, Destinations};

/// A Provider with its Secrets and an Alert.
fn objects_of(name: &str, kind: &Kind, spec: Value, secrets: Vec<Value>) -> Vec<Value> {
    let mut provider = crate::support::provider(name, kind.type_name, spec);
    provider["spec"]["timeout"] = "2s".into();
    [vec![provider, everything_from(name)], secrets].concat()
}

#[test]
fn every_type_of_the_table_is_walked() {
    let walked: BTreeSet<&str> = KINDS.iter().map(|kind| kind.type_name).collect();
    let table: BTreeSet<&str> = campanile_providers::supported().collect();
    assert_eq!(walked, table, "give a new type its row in KINDS");
}

/// Whether each delivery was tried, or is one of those that can not be.
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
    let destinations = Destinations::start();
    let objects: Vec<Value> = KINDS.iter().flat_map(|kind| destinations.objects(kind)).collect();
    let (site, mut leaks) = (Site::with(&objects), Leaks::default());
    let mut watched = places::start(&site, &destinations.trusted);
    let instance = &mut watched.instance;
    instance.accept(&failing());
    eventually("every delivery to be tried", || was_all_tried(instance, false).then_some(()));
    let arrivals = destinations.arrivals();
    // Every type that speaks HTTP was let through: by the proxy, with TLS, to its destination.
    let http = KINDS.iter().filter(|kind| kind.speaks_http());
    let (all, movable) = (http.clone().count(), http.filter(|kind| kind.fixed_host.is_none()).count());
    for (way, requests) in &arrivals {
        let least = if way.starts_with("plain") { movable } else { all };
        assert!(*requests >= least, "{way}: {requests} requests of {least} Providers");
    }
    places::search(&mut leaks, &site, &watched);
    let instance = &mut watched.instance;
    for kind in KINDS {
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
    let objects: Vec<Value> = KINDS.iter().flat_map(Configuration::objects).collect();
    let (site, mut leaks) = (Site::with(&objects), Leaks::default());
    let mut watched = places::start(&site, &Authority::named("nobody"));
    let instance = &watched.instance;
    instance.accept(&failing());
    eventually("every delivery to be tried", || was_all_tried(instance, true).then_some(()));
    let table = instance.ask("/v1/objects");
    let providers = table["providers"].as_array().expect("a table");
    for kind in KINDS {
        let ready = |way: &&str| {
            let name = kind.name(way);
            providers
                .iter()
                .any(|row| row["name"] == *name && row["conditions"][0]["status"] != json!("False"))
        };
        let ready: Vec<&str> = Configuration::never_works().filter(ready).collect();
        assert!(ready.is_empty(), "{} is not told that it can not work: {ready:?}", kind.type_name);
    }
    places::search(&mut leaks, &site, &watched);
    places::search_log(&mut leaks, &mut watched.instance);
    places::search_files(&mut leaks, &site);
    leaks.assert_none();
}
