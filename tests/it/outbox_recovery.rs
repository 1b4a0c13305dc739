//! What could not be delivered goes out when the destination or its Secret is mended.

use serde_json::{Value, json};

use crate::support::{
    Arrival, Instance, Reply, Sink, Site, campanile, event, everything_from, numbered, provider, secret,
};

/// A Provider whose address stands in a Secret.
fn objects(address: &str) -> Vec<Value> {
    let hook = provider("hook", "generic", json!({ "secretRef": { "name": "hook" } }));
    vec![hook, everything_from("hook"), secret("hook", json!({ "address": address }))]
}

fn messages_in_order(sink: &Sink) -> Vec<String> {
    sink.arrivals().iter().map(Arrival::message).collect()
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:05} happened")).collect()
}

fn post(instance: &Instance, count: usize) {
    (0..count).for_each(|number| instance.accept(&numbered(number, 1)));
}

#[test]
fn a_destination_that_was_down_gets_everything_in_order_when_it_is_up() {
    let sink = Sink::start();
    let (address, url) = (sink.address, sink.url("/"));
    drop(sink);
    let site = Site::with(&objects(&url));
    let instance = site.start(&[]);
    post(&instance, 20);
    instance.row("providers", "hook", |row| {
        row["lastError"].as_str().is_some_and(|error| error.contains("connect to 127.0.0.1"))
    });
    let sink = Sink::start_at(address);
    sink.wait_for(20);
    assert_eq!(messages_in_order(&sink), numbers(20));
    instance.row("providers", "hook", |row| row["lastError"].is_null() && !row["lastDelivery"].is_null());
}

#[test]
fn a_destination_that_breaks_and_recovers_gets_each_event_once_in_order() {
    let sink = Sink::start();
    let busy = Reply { headers: "Retry-After: 1\r\n", ..Reply::status(503) };
    sink.script([Reply::status(200), busy, Reply::status(500)]);
    let site = Site::with(&objects(&sink.url("/")));
    let instance = site.start(&[]);
    post(&instance, 3);
    instance.settle();
    let expected = [0, 1, 1, 1, 2].map(|number| format!("{number:05} happened"));
    assert_eq!(messages_in_order(&sink), expected);
}

#[test]
fn a_parked_queue_goes_on_after_its_secret_is_changed() {
    let (refusing, sink) = (Sink::start(), Sink::start());
    refusing.answer(Reply { body: "token revoked", ..Reply::status(401) });
    let site = Site::with(&objects(&refusing.url("/secret-path")));
    let instance = site.start(&[]);
    post(&instance, 5);
    let row = instance.row("providers", "hook", |row| row["conditions"][1]["status"] == "False");
    let why = row["conditions"][1]["message"].as_str().expect("a text");
    assert!(why.contains("401") && why.contains("token revoked") && why.contains("Secret"), "{why}");
    assert!(!why.contains("secret-path"), "{why}");
    assert_eq!(row["conditions"][0]["status"], "True", "the object itself is sound");
    site.apply("objects.yaml", &objects(&sink.url("/")));
    sink.wait_for(5);
    assert_eq!(messages_in_order(&sink), numbers(5));
}

#[test]
fn a_parked_queue_survives_a_restart() {
    let (refusing, sink) = (Sink::start(), Sink::start());
    refusing.answer(Reply::status(404));
    let site = Site::with(&objects(&refusing.url("/")));
    let mut instance = site.start(&[]);
    instance.accept(&event("web", "kept"));
    instance.row("providers", "hook", |row| row["conditions"][1]["status"] == "False");
    assert_eq!(instance.stop(), Some(0));
    site.apply("objects.yaml", &objects(&sink.url("/")));
    let _instance = site.start(&[]);
    assert_eq!(sink.wait_for(1)[0].message(), "kept");
}

#[test]
fn a_refused_message_becomes_a_dead_letter_and_the_next_goes_on() {
    let sink = Sink::start();
    sink.script([Reply { body: "no such field", ..Reply::status(422) }]);
    let site = Site::with(&objects(&sink.url("/")));
    let instance = site.start(&[]);
    post(&instance, 2);
    instance.settle();
    assert_eq!(messages_in_order(&sink), numbers(2));
    let table = campanile(&["get", "dead", "--admin-addr", &instance.admin.to_string()]);
    let row = table.stdout.lines().nth(1).expect("a dead letter");
    for part in ["apps/hook", "Kustomization/apps/object-0", "dead", "rejected", "422", "no such field"] {
        assert!(row.contains(part), "no {part:?} in {row}");
    }
}

#[test]
fn a_broken_destination_costs_its_own_queue_only() {
    let (broken, sink) = (Sink::start(), Sink::start());
    broken.hold_after(0);
    let site = Site::with(&[
        provider("broken", "generic", json!({ "address": broken.url("/") })),
        everything_from("broken"),
        provider("sound", "generic", json!({ "address": sink.url("/") })),
        everything_from("sound"),
    ]);
    let instance = site.start(&[]);
    (0..100).for_each(|number| instance.accept(&numbered(number, 100)));
    sink.wait_for(100);
    assert_eq!(broken.arrivals().len(), 16, "at most so many at once");
    broken.release();
    broken.wait_for(100);
}
