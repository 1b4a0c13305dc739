//! Objects change while events flow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::path_of;
use crate::support::{
    Arrival, Gate, Instance, Namespace, Reply, Sink, alert, eventually, is_ready, provider, secret, within,
};

const CHANGES: usize = 1_000;
const EVENTS: usize = 10_000;
const SENDERS: usize = 4;
const EACH: usize = EVENTS / SENDERS;

fn sources() -> Value {
    json!([{"kind": "Kustomization", "name": "*"}])
}

/// Alert `steady` in a version; two fields say which, and both have to say the same.
fn steady(version: usize) -> Value {
    let version = format!("{version:04}");
    alert(
        "steady",
        "steady",
        json!({"eventSources": sources(), "eventMetadata": {"a": version, "b": version}}),
    )
}

/// The Secret with the address of Provider `steady`, which changes along.
fn address(sink: &Sink, version: usize) -> Value {
    secret("address", json!({"address": sink.url(&format!("/{version:04}"))}))
}

/// A Provider that comes and goes.
fn passing_provider(sink: &Sink, round: usize) -> Value {
    provider(&format!("passing-{round}"), "generic", json!({"address": sink.url(&format!("/{round}"))}))
}

fn passing_alert(round: usize, summary: &str) -> Value {
    let name = format!("passing-{round}");
    let metadata = json!({"round": round.to_string(), "summary": summary});
    alert(&name, &name, json!({"eventSources": sources(), "eventMetadata": metadata}))
}

fn delete(namespace: &Namespace, object: Value) {
    namespace.cluster.must("DELETE", &path_of(&namespace.place(object)), &Value::Null);
}

/// Change number `number`: in rounds of ten, Alert `steady` gets four new versions, its Secret one, and a Provider and an
/// Alert come, change and go.
fn change(namespace: &Namespace, number: usize, steadily: &Sink, passing: &Sink) {
    let round = number / 10;
    match number % 10 {
        0..=3 => drop(namespace.apply(steady(number))),
        4 => drop(namespace.apply(address(steadily, number))),
        5 => drop(namespace.apply(passing_provider(passing, round))),
        6 => drop(namespace.apply(passing_alert(round, "first"))),
        7 => drop(namespace.apply(passing_alert(round, "second"))),
        8 => delete(namespace, passing_alert(round, "")),
        _ => delete(namespace, passing_provider(passing, round)),
    }
}

/// Posts the events of one sender in order, about an object of its own, along with the changes.
fn post_all(instance: &Instance, namespace: &Namespace, sender: usize, changed: &AtomicUsize) {
    for number in 0..EACH {
        while changed.load(Ordering::Relaxed) * EACH < (number * CHANGES).saturating_sub(20 * EACH) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        instance.accept(&namespace.event(&format!("app-{sender}"), &format!("{number:05}")));
    }
}

fn metadata(arrival: &Arrival, key: &str) -> String {
    arrival.json()["metadata"][key].as_str().unwrap_or_default().to_owned()
}

/// Every event went through Alert `steady` once, in order, as it was at some time and never as it was before.
fn judge_steady(arrivals: &[Arrival]) {
    assert_eq!(arrivals.len(), EVENTS, "each event once");
    let mut of_object: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for arrival in arrivals {
        let version = metadata(arrival, "a");
        assert_eq!(version, metadata(arrival, "b"), "a state that never was");
        let object = arrival.json()["involvedObject"]["name"].as_str().expect("a name").to_owned();
        of_object.entry(object).or_default().push((arrival.message(), version));
    }
    for (object, seen) in of_object {
        assert_eq!(seen.len(), EACH, "{object}");
        assert!(seen.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{object} out of order");
    }
}

#[test]
fn cluster_live_a_thousand_changes_while_ten_thousand_events_flow() {
    let (namespace, steadily, passing) = (Namespace::new("live"), Sink::start(), Sink::start());
    namespace.apply(address(&steadily, 0));
    namespace.apply(provider("steady", "generic", json!({"secretRef": {"name": "address"}})));
    namespace.apply(steady(0));
    let state = TempDir::with_prefix("campanile-live-").expect("a folder");
    let gate = Gate::open();
    let instance =
        Instance::in_cluster(&gate.kubeconfig(), Some(&namespace.name), state.path(), &[]).loaded();
    let changed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (instance, namespace, changed) = (&instance, &namespace, &changed);
            scope.spawn(move || post_all(instance, namespace, sender, changed));
        }
        for number in 0..CHANGES {
            change(&namespace, number, &steadily, &passing);
            changed.store(number + 1, Ordering::Relaxed);
        }
    });
    let settled = Duration::from_secs(60);
    within(settled, "all events at the destination", || (steadily.arrivals().len() >= EVENTS).then_some(()));
    judge_steady(&steadily.arrivals());
    let versions: BTreeSet<String> =
        steadily.arrivals().iter().map(|arrival| metadata(arrival, "a")).collect();
    let addresses: BTreeSet<String> = steadily.arrivals().into_iter().map(|arrival| arrival.path).collect();
    let passed = passing.arrivals();
    println!(
        "{} versions and {} addresses of the steady Alert were used, {} events went through passing ones",
        versions.len(),
        addresses.len(),
        passed.len()
    );
    assert!(versions.len() > 50 && addresses.len() > 10 && passed.len() > 50);
    for arrival in passed {
        assert_eq!(
            format!("/{}", metadata(&arrival, "round")),
            arrival.path,
            "an Alert sent to another's Provider"
        );
    }
    nothing_is_left(&instance);
}

/// What came and went is gone from every actor; what waited for it is dead and says why.
fn nothing_is_left(instance: &Instance) {
    let one = |value: &Value| *value == 1;
    let state = eventually("what is gone to be forgotten everywhere", || {
        let state = instance.ask("/v1/state");
        let (watcher, router, delivery) = (&state["watcher"], &state["router"], &state["delivery"]);
        let counts = [
            &watcher["alerts"],
            &watcher["providers"],
            &watcher["secrets"],
            &router["alerts"],
            &router["providers"],
            &delivery["providers"],
        ];
        let idle = state["outbox"]["total"]["pending"] == 0 && delivery["actors"].as_u64() <= Some(1);
        (counts.into_iter().all(one) && idle).then_some(state)
    });
    assert_eq!(state["delivery"]["restarts"], 0, "{state}");
    assert!(
        state["actors"].as_array().expect("a list").iter().all(|actor| actor["restarts"] == 0),
        "{state}"
    );
    for dead in instance.ask("/v1/deliveries?dead=true")["items"].as_array().expect("a list") {
        assert!(dead.to_string().contains("deleted"), "{dead}");
    }
}

#[test]
fn cluster_live_what_waits_for_a_deleted_provider_becomes_dead_letters_with_that_reason() {
    let (namespace, sink) = (Namespace::new("deleted"), Sink::start());
    namespace.notify(&sink);
    sink.answer(Reply::status(503));
    let state = TempDir::with_prefix("campanile-deleted-").expect("a folder");
    let gate = Gate::open();
    let instance =
        Instance::in_cluster(&gate.kubeconfig(), Some(&namespace.name), state.path(), &[]).loaded();
    for number in 0..20 {
        instance.accept(&namespace.event(&format!("app-{number}"), "hello"));
    }
    sink.wait_for(1);
    delete(&namespace, provider("chat", "generic", json!({})));
    let dead = eventually("the waiting deliveries to be dead letters", || {
        let dead = instance.ask("/v1/deliveries?dead=true")["items"].as_array().cloned()?;
        (dead.len() == 20).then_some(dead)
    });
    for letter in dead {
        assert!(letter.to_string().contains("was deleted"), "{letter}");
    }
    namespace.status("alerts", "all-to-chat", |status| !is_ready(status));
    let state = instance.ask("/v1/state");
    assert_eq!(
        (&state["delivery"]["providers"], &state["delivery"]["actors"]),
        (&json!(0), &json!(0)),
        "{state}"
    );
}
