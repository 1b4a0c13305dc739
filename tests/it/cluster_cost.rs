//! What many Alerts and Providers cost: the start, the memory, and the API server.
//!
//! With `CAMPANILE_COST_OBJECTS` as `tests/run cost` sets it, it is that many of each, in a cluster of their own, and
//! the goals of docs/performance.md must hold; then the program has to be an optimised build.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::{Cluster, cluster};
use crate::support::{Gate, Instance, Namespace, Passed, Sink, alert, eventually, provider, secret, within};

const OBJECTS: &str = "CAMPANILE_COST_OBJECTS";
const FEW: usize = 1_000;
const EVENTS: usize = 1_000;
const MAKERS: usize = 4;
/// Starts that are timed of the many objects. The fastest is judged: the API server, which shares the processor, alone takes
/// from 0.6 to 1.2 s for its lists, as it has affairs of its own at the time or not.
const STARTS: usize = 5;

/// How long the first status of all objects may take.
const STATUSES: Duration = Duration::from_secs(900);

/// Goals with 10,000 of each.
const START: Duration = Duration::from_secs(1);
const MEMORY_MIB: u64 = 90;

/// Alert and Provider number `number`: one in ten has a pattern; number 0 takes every event, to an address in a Secret.
fn make(namespace: &Namespace, sink: &Sink, number: usize) {
    let name = format!("team-{number:05}");
    let source = if number == 0 { "*".to_owned() } else { format!("other-{number}") };
    let mut spec = json!({"eventSources": [{"kind": "Kustomization", "name": source}]});
    if number % 10 == 1 {
        spec["inclusionList"] = json!([format!("error {number}.*timeout")]);
    }
    let group = "notification.toolkit.fluxcd.io/v1beta3";
    let post = |plural: &str, object: Value| {
        namespace.cluster.must("POST", &namespace.all(group, plural), &namespace.place(object));
    };
    let address = json!({"address": sink.url(&format!("/{number}"))});
    if number == 0 {
        namespace.apply(secret(&name, address));
        post("providers", provider(&name, "generic", json!({"secretRef": {"name": name}})));
    } else {
        post("providers", provider(&name, "generic", address));
    }
    post("alerts", alert(&name, &name, spec));
}

fn make_all(namespace: &Namespace, sink: &Sink, objects: usize) {
    std::thread::scope(|scope| {
        for maker in 0..MAKERS {
            scope.spawn(move || {
                (maker..objects).step_by(MAKERS).for_each(|number| make(namespace, sink, number));
            });
        }
    });
}

/// How many objects had their status written.
fn written(gate: &Gate) -> usize {
    let sound = |passed: &Passed| passed.status == Some(200) && passed.path.contains("/status?");
    let paths: BTreeSet<_> = gate.passed().into_iter().filter(sound).map(|passed| passed.path).collect();
    paths.len()
}

/// The first start writes a status for each object: waits until they are all there.
fn first_start(namespace: &Namespace, objects: usize, state: &TempDir) {
    let gate = Gate::before(&namespace.cluster, namespace.cluster.token.as_deref());
    let began = Instant::now();
    let only = Some(namespace.name.as_str());
    let _instance = Instance::in_cluster(&gate.kubeconfig(), only, state.path(), &[]);
    within(STATUSES, "a status for each object", || (written(&gate) >= 2 * objects).then_some(()));
    println!(
        "first start: a status for each of {} objects after {:.1} s",
        2 * objects,
        began.elapsed().as_secs_f64()
    );
}

/// From the start of the process to the first delivery; the sender tries again until somebody listens.
fn time_to_first_delivery(namespace: &Namespace, sink: &Sink, state: &TempDir) -> (Instance, Duration) {
    let (before, began) = (sink.arrivals().len(), Instant::now());
    let instance =
        Instance::in_cluster(&namespace.cluster.kubeconfig, Some(&namespace.name), state.path(), &[]);
    instance.accept(&namespace.event("app", &format!("start {}", fastrand::u32(..))));
    sink.wait_for(before + 1);
    (instance, began.elapsed())
}

/// Resident memory in MiB once it has not fallen for two seconds.
fn idle_memory(instance: &Instance) -> u64 {
    let (mut least, mut since) = (instance.memory("VmRSS"), Instant::now());
    eventually("the memory to settle", || {
        let now = instance.memory("VmRSS");
        if now < least {
            (least, since) = (now, Instant::now());
        }
        (since.elapsed() > Duration::from_secs(2)).then_some(least)
    })
}

/// Delivers events and returns what they made the program ask of the API server; watches that go on are no part of it.
fn requests_of_events(namespace: &Namespace, sink: &Sink, state: &TempDir) -> Vec<Passed> {
    let gate = Gate::before(&namespace.cluster, namespace.cluster.token.as_deref());
    let only = Some(namespace.name.as_str());
    let instance = Instance::in_cluster(&gate.kubeconfig(), only, state.path(), &[]).loaded();
    let (before, known) = (sink.arrivals().len(), gate.passed().len());
    for number in 0..EVENTS {
        instance.accept(&namespace.event(&format!("app-{}", number % 50), &format!("event {number}")));
    }
    sink.wait_for(before + EVENTS);
    eventually("all to be settled", || {
        (instance.ask("/v1/state")["outbox"]["total"]["pending"] == 0).then_some(())
    });
    let asked = gate.passed().into_iter().skip(known);
    asked.filter(|passed| !passed.path.contains("watch=")).collect()
}

#[test]
fn cluster_cost_many_objects_start_fast_stay_small_and_an_event_costs_no_request() {
    let wanted = std::env::var(OBJECTS).ok().map(|count| count.parse().expect("a number"));
    let (objects, whole) = (wanted.unwrap_or(FEW), wanted.is_some());
    let (cluster, sink) = (if whole { Cluster::another() } else { cluster() }, Sink::start());
    cluster.define_ours();
    let state = TempDir::with_prefix("campanile-cost-").expect("a folder");
    let namespace = Namespace::of(cluster, "cost");
    make_all(&namespace, &sink, objects);
    first_start(&namespace, objects, &state);
    let mut starts: Vec<_> = (1..if whole { STARTS } else { 1 })
        .map(|_| time_to_first_delivery(&namespace, &sink, &state).1)
        .collect();
    let (instance, last) = time_to_first_delivery(&namespace, &sink, &state);
    let processor = instance.processor_seconds();
    let (idle, peak) = (idle_memory(&instance), instance.memory("VmHWM"));
    drop(instance);
    starts.push(last);
    println!("first delivery after the start, in the order of the starts: {starts:.2?}");
    starts.sort_unstable();
    let (start, median) = (starts[0], starts[starts.len() / 2]);
    println!(
        "{objects} Alerts and Providers: first delivery {start:.2?} after the start at best, {median:.2?} in the median, and {processor:.2} s of processor time, RSS idle {idle} MiB, peak {peak} MiB"
    );
    let asked = requests_of_events(&namespace, &sink, &state);
    println!("{EVENTS} events led to {} requests: {asked:#?}", asked.len());
    // The Secret once, and the status of the Alert and the Provider that were used, which may be a second time ten
    // seconds later.
    assert!(asked.len() <= 5, "an event must not cost a request");
    let secrets = asked.iter().filter(|passed| passed.path.contains("/secrets")).count();
    assert!(secrets <= 1, "the Secret was read {secrets} times");
    if whole {
        assert!(start <= START, "the start took {start:?}");
        assert!(idle < MEMORY_MIB, "{idle} MiB");
    }
}
