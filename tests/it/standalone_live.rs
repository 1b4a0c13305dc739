//! The folder is watched: what changes in it applies to the next event, and what breaks in it changes nothing.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Sink, Site, alert, event, eventually, everything_from, get, numbered, provider};

fn objects(sink: &Sink, path: &str) -> Vec<Value> {
    vec![provider("hook", "generic", json!({ "address": sink.url(path) })), everything_from("hook")]
}

#[test]
fn a_change_under_load_loses_nothing() {
    const EVENTS: usize = 200;
    let sink = Sink::start();
    let site = Site::with(&objects(&sink, "/0"));
    let instance = site.start(&[]);
    let posted = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..EVENTS).for_each(|number| instance.accept(&numbered(number, 20)));
            posted.store(true, Ordering::SeqCst);
        });
        // Each version waits until it has been seen at work, so that versions and events really mix.
        for version in 1.. {
            let path = format!("/{version}");
            site.apply("objects.yaml", &objects(&sink, &path));
            let seen = || sink.arrivals().iter().any(|arrival| arrival.path == path);
            eventually("the new address to be used", || {
                (seen() || posted.load(Ordering::SeqCst)).then_some(())
            });
            if posted.load(Ordering::SeqCst) {
                break;
            }
        }
    });
    instance.settle();
    let expected: Vec<String> = (0..EVENTS).map(|number| format!("{number:05} happened")).collect();
    assert_eq!(sink.messages(), expected);
    assert!(sink.arrivals().iter().any(|arrival| arrival.path != "/0"), "no change was seen at work");
}

#[test]
fn alerts_come_change_and_go_live() {
    let sink = Sink::start();
    let site = Site::with(&[provider("hook", "generic", json!({ "address": sink.url("/") }))]);
    let instance = site.start(&[]);
    let forwarded = |message: &str| {
        instance.accept(&event("web", message));
        instance.settle();
        sink.arrivals().last().is_some_and(|arrival| arrival.message() == message)
    };
    assert!(!forwarded("before"));
    site.apply("alert.yaml", &[everything_from("hook")]);
    instance.row("alerts", "all-to-hook", |row| row["conditions"][0]["message"] == "Initialized");
    assert!(forwarded("with the alert"));
    site.apply("alert.yaml", &[alert("all-to-hook", "hook", json!({ "eventSources": [], "suspend": true }))]);
    instance.row("alerts", "all-to-hook", |row| row["suspended"] == true);
    assert!(!forwarded("suspended"));
    site.remove("alert.yaml");
    eventually("the alert to go", || (instance.ask("/v1/objects")["alerts"] == json!([])).then_some(()));
    assert!(!forwarded("after"));
}

#[test]
fn a_file_that_does_not_parse_leaves_the_last_good_state() {
    let sink = Sink::start();
    let site = Site::with(&objects(&sink, "/"));
    let instance = site.start(&[]);
    site.write("objects.yaml", "kind: Alert\n  spec: [\n");
    let problem = eventually("the problem to show", || {
        instance.ask("/v1/objects")["problems"][0].as_str().map(str::to_owned)
    });
    assert!(problem.contains("objects.yaml:2:") && problem.contains(": does not parse"), "{problem}");
    instance.accept(&event("web", "as before"));
    assert_eq!(sink.wait_for(1)[0].message(), "as before");
    site.apply("objects.yaml", &objects(&sink, "/mended"));
    eventually("the problem to go", || (instance.ask("/v1/objects")["problems"] == json!([])).then_some(()));
    instance.accept(&event("web", "mended"));
    assert_eq!(sink.wait_for(2)[1].path, "/mended");
}

#[test]
fn a_broken_object_keeps_its_last_good_form_and_its_neighbours_go_on() {
    let sink = Sink::start();
    let site = Site::with(&objects(&sink, "/"));
    let instance = site.start(&[]);
    let mut changed = objects(&sink, "/changed");
    changed[1]["spec"]["eventSources"] = "everything".into();
    site.apply("objects.yaml", &changed);
    eventually("the problem to show", || {
        let problems = instance.ask("/v1/objects")["problems"].to_string();
        problems.contains("Alert/apps/all-to-hook: spec.eventSources must be a list").then_some(())
    });
    instance.accept(&event("web", "hello"));
    assert_eq!(sink.wait_for(1)[0].path, "/changed");
}

#[test]
fn a_folder_that_vanishes_changes_nothing_and_may_return() {
    let sink = Sink::start();
    let site = Site::with(&objects(&sink, "/"));
    let instance = site.start(&[]);
    let away = site.path("away");
    fs::rename(site.manifests(), &away).expect("the site can be written");
    let problem = eventually("the loss to show", || {
        instance.ask("/v1/objects")["problems"][0].as_str().map(str::to_owned)
    });
    assert!(problem.contains("cannot be read") && problem.contains("bring it back"), "{problem}");
    instance.accept(&event("web", "without the folder"));
    assert_eq!(sink.wait_for(1)[0].message(), "without the folder");
    assert_eq!(get(instance.health, "/readyz").expect("an answer").status, 200);
    fs::rename(away, site.manifests()).expect("the site can be written");
    eventually("the folder to be found", || {
        (instance.ask("/v1/objects")["problems"] == json!([])).then_some(())
    });
    site.apply("objects.yaml", &objects(&sink, "/returned"));
    instance.row("providers", "hook", |row| row["conditions"][0]["observedGeneration"] == 2);
    instance.accept(&event("web", "with it"));
    assert_eq!(sink.wait_for(2)[1].path, "/returned");
}
