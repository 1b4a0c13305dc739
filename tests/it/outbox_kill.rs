//! What was answered 202 survives a kill -9 in the middle of its delivery.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use crate::support::{
    Arrival, Instance, Reply, Sink, Site, eventually, everything_from, numbered, post, provider,
};

/// Most deliveries of one Provider that are under way at once.
const IN_FLIGHT: usize = 16;
/// Objects that the events are about; more than are under way, so that the bound is reached.
const OBJECTS: usize = 40;
const EVENTS: usize = 400;

fn site(sink: &Sink) -> Site {
    Site::with(&[provider("hook", "generic", json!({ "address": sink.url("/") })), everything_from("hook")])
}

fn slow(milliseconds: u64) -> Reply {
    Reply { delay: Duration::from_millis(milliseconds), ..Reply::status(200) }
}

/// Posts events from four threads; each object's events come from one of them, so that they have an order.
fn post_all(instance: &Instance, numbers: std::ops::Range<usize>) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let mine = numbers.clone().filter(move |number| number % OBJECTS % 4 == thread);
            scope.spawn(move || mine.for_each(|number| instance.accept(&numbered(number, OBJECTS))));
        }
    });
}

/// How often each event arrived.
fn counts(arrivals: &[Arrival]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    arrivals.iter().for_each(|arrival| *counts.entry(arrival.message()).or_default() += 1);
    counts
}

/// Each object's events arrive in the order of acceptance: a repetition is one of the newest, never a step back.
fn assert_ordered(arrivals: &[Arrival]) {
    let mut newest = BTreeMap::<String, String>::new();
    for arrival in arrivals {
        let object = arrival.json()["involvedObject"]["name"].to_string();
        let message = arrival.message();
        let before = newest.insert(object.clone(), message.clone());
        assert!(
            before.as_ref().is_none_or(|before| *before <= message),
            "{object}: {message} after {before:?}"
        );
    }
}

#[test]
fn kill_9_loses_nothing_and_repeats_at_most_what_was_in_flight() {
    let sink = Sink::start();
    sink.answer(slow(5));
    sink.hold_after(EVENTS / 4);
    let site = site(&sink);
    let mut instance = site.start(&[]);
    post_all(&instance, 0..EVENTS);
    let under_way = || instance.ask("/v1/state")["delivery"]["inFlight"] == IN_FLIGHT;
    eventually("all slots to be under way and held", || under_way().then_some(()));
    // Its answer says that all outcomes before it are on disk, too.
    instance.accept(&numbered(EVENTS, OBJECTS));
    assert_eq!(sink.arrivals().len(), EVENTS / 4 + IN_FLIGHT, "hundreds still wait");
    instance.kill();
    sink.release();
    let instance = site.start(&[]);
    instance.settle();
    let arrivals = sink.arrivals();
    let counts = counts(&arrivals);
    assert_eq!(counts.len(), EVENTS + 1, "every event that was answered 202 arrived");
    let repeated = arrivals.len() - counts.len();
    assert!(repeated <= IN_FLIGHT, "{repeated} arrived twice");
    assert!(counts.values().all(|count| *count <= 2));
    assert_ordered(&arrivals);
}

/// Posts events about one object each until nobody answers any more, and returns the numbers that were answered 202.
fn post_until_broken(address: SocketAddr, first: usize) -> Vec<usize> {
    let stored = |number: &usize| {
        let body = numbered(*number, usize::MAX).to_string();
        post(address, body.as_bytes()).is_ok_and(|answer| answer.status == 202)
    };
    (first..first + 10_000).take_while(stored).collect()
}

#[test]
fn three_kills_at_any_moment_lose_nothing_that_was_accepted() {
    let sink = Sink::start();
    sink.answer(slow(100));
    let site = site(&sink);
    let mut accepted = Vec::new();
    for round in 1..=3 {
        let mut instance = site.start(&[]);
        let (address, before) = (instance.events, sink.arrivals().len());
        accepted.extend(std::thread::scope(|scope| {
            let posting = scope.spawn(move || post_until_broken(address, round * 10_000));
            sink.wait_for(before + 3 * IN_FLIGHT);
            instance.kill();
            posting.join().expect("posting ends")
        }));
    }
    let instance = site.start(&[]);
    instance.settle();
    let counts = counts(&sink.arrivals());
    let lost: Vec<_> =
        accepted.iter().filter(|number| !counts.contains_key(&format!("{number:05} happened"))).collect();
    assert!(
        lost.is_empty() && accepted.len() > 3 * IN_FLIGHT,
        "{lost:?} of {} did not arrive",
        accepted.len()
    );
    assert!(counts.values().all(|count| *count <= 4), "each kill repeats an event at most once: {counts:?}");
    assert_eq!(instance.ask("/v1/deliveries?dead=true")["items"], json!([]));
}

#[test]
fn sigterm_ends_what_is_under_way_and_keeps_the_rest_without_a_repetition() {
    let sink = Sink::start();
    sink.answer(slow(100));
    let site = site(&sink);
    let mut instance = site.start(&[]);
    post_all(&instance, 0..100);
    sink.wait_for(20);
    assert_eq!(instance.stop(), Some(0));
    assert!(sink.arrivals().len() < 100, "it did not wait for everything");
    let instance = site.start(&[]);
    instance.settle();
    let arrivals = sink.arrivals();
    assert_eq!((arrivals.len(), counts(&arrivals).len()), (100, 100));
    assert_ordered(&arrivals);
}
