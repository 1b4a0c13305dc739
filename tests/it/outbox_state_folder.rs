//! The state folder: one process holds it, and what cannot be used is said.

use std::fs;

use serde_json::json;

use crate::support::{Output, Sink, Site, campanile, event, everything_from, provider};

/// Runs a second instance on free ports that must end by itself.
fn run(site: &Site, state: &str, flags: &[&str]) -> Output {
    let (manifests, state) = (site.manifests(), site.path(state));
    let paths = [manifests.to_str().expect("UTF-8"), state.to_str().expect("UTF-8")];
    let free = [
        "--events-addr=127.0.0.1:0",
        "--health-addr=127.0.0.1:0",
        "--admin-addr=127.0.0.1:0",
        "--metrics-addr=0",
    ];
    campanile(&[&["run", "--manifests", paths[0], "--state-dir", paths[1]][..], &free, flags].concat())
}

#[test]
fn a_folder_that_another_instance_holds_is_refused_after_the_wait() {
    let sink = Sink::start();
    let hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, everything_from("hook")]);
    let instance = site.start(&[]);
    let second = run(&site, "state", &["--state-lock-timeout=1s"]);
    assert_eq!(second.code, Some(1));
    let last = second.stderr.lines().last().expect("a message");
    for part in [
        "failed to start",
        site.state().to_str().expect("UTF-8"),
        "another process holds it",
        "name another folder",
    ] {
        assert!(last.contains(part), "no {part:?} in {last}");
    }
    instance.accept(&event("web", "the first is not disturbed"));
    sink.wait_for(1);
}

#[test]
fn a_folder_that_is_let_go_is_taken_over() {
    let site = Site::new();
    let mut first = site.start(&[]);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| site.start(&["--state-lock-timeout=20s"]));
        assert_eq!(first.stop(), Some(0));
        let second = second.join().expect("the second starts");
        second.accept(&event("web", "taken over"));
    });
}

#[test]
fn a_folder_that_can_not_be_written_is_refused_with_the_remedy() {
    let site = Site::new();
    fs::write(site.path("file"), "a file in the folder's place").expect("the site can be written");
    for state in ["file", "file/below"] {
        let output = run(&site, state, &[]);
        assert_eq!(output.code, Some(1));
        let last = output.stderr.lines().last().expect("a message");
        for part in
            [site.path(state).to_str().expect("UTF-8"), "write the state folder", "let this process own it"]
        {
            assert!(last.contains(part), "no {part:?} in {last}");
        }
    }
}

#[test]
fn a_damaged_file_is_moved_aside_and_a_new_one_begun() {
    let sink = Sink::start();
    let hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, everything_from("hook")]);
    fs::create_dir(site.state()).expect("the site can be written");
    fs::write(site.state().join("outbox.db"), vec![b'x'; 8192]).expect("the site can be written");
    let instance = site.start(&[]);
    instance.accept(&event("web", "goes on"));
    sink.wait_for(1);
    assert!(instance.logged("moved aside"));
    let aside = fs::read_dir(site.state()).expect("the folder is there").flatten();
    let aside = aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("outbox.db.damaged-"));
    assert_eq!(aside.count(), 1, "the old file is kept");
}
