//! The duplicate window as senders see it (contract, control plane 4.4, 4.7 and 14.2).

use serde_json::{Value, json};

use crate::support::{Answer, Sink, Site, event, eventually, everything_from, provider};

#[test]
fn r01_r02_a_duplicate_is_answered_429_without_a_body() {
    let sink = Sink::start();
    let hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, everything_from("hook")]);
    let instance = site.start(&[]);
    let window = |answer: &Answer| {
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
            .map(|name| answer.header(name).map(str::to_owned))
    };
    let first = instance.post(&event("web", "Health check passed"));
    let second = instance.post(&event("web", "Health check passed"));
    assert_eq!((first.status, second.status), (202, 429));
    assert_eq!((second.header("content-length"), second.body.as_str()), (Some("0"), ""));
    let [limit, remaining, reset] = window(&second);
    assert_eq!((limit.as_deref(), remaining.as_deref()), (Some("1"), Some("0")));
    assert!(reset.as_deref().is_some_and(|reset| reset.ends_with(" GMT")), "{reset:?}");
    assert_eq!(second.header("retry-after"), reset.as_deref());
    assert_eq!(window(&first), window(&second));
    assert_eq!(first.header("retry-after"), None);
    instance.settle();
    assert_eq!(sink.arrivals().len(), 1);
}

#[test]
fn r03_to_r08_object_message_and_revisions_make_an_event_another() {
    let site = Site::new();
    let instance = site.start(&[]);
    let status = |name: &str, message: &str, metadata: Value| {
        let mut event = event(name, message);
        event["metadata"] = metadata;
        instance.post(&event).status
    };
    let passed = "Health check passed";
    assert_eq!(status("1", passed, json!({})), 202);
    assert_eq!(status("1", passed, json!({})), 429);
    assert_eq!(status("1", "Health check failed", json!({})), 202, "R03");
    assert_eq!([status("2", passed, json!({})), status("3", passed, json!({}))], [202, 202], "R04");
    assert_eq!(status("2", passed, json!({})), 429, "R05");
    for (id, key) in [("R06", "revision"), ("R07", "originRevision"), ("R08", "token")] {
        let status =
            |value: &str| status("4", passed, json!({ format!("kustomize.toolkit.fluxcd.io/{key}"): value }));
        assert_eq!([status("one"), status("one"), status("two")], [202, 429, 202], "{id}");
    }
}

#[test]
fn the_window_is_as_long_as_the_flag_says() {
    let site = Site::new();
    let instance = site.start(&["--rate-limit-interval=1s"]);
    instance.accept(&event("web", "again and again"));
    eventually("the window to end", || {
        let status = instance.post(&event("web", "again and again")).status;
        assert!([202, 429].contains(&status), "{status}");
        (status == 202).then_some(())
    });
}
