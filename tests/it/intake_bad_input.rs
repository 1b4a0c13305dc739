//! What is no event, and what surprises in one: each gets its answer, and nothing else is disturbed.

use serde_json::json;

use crate::support::{Instance, Sink, Site, event, everything_from, exchange, numbered, provider};

fn start(sink: &Sink) -> (Site, Instance) {
    let hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, everything_from("hook")]);
    let instance = site.start(&[]);
    (site, instance)
}

#[test]
fn what_is_no_event_is_answered_400_and_disturbs_nothing() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink);
    let wrong = [
        "",
        "   ",
        "no json",
        "{",
        "[]",
        "\"text\"",
        "17",
        "true",
        "{} {}",
        "{}]",
        r#"{"message":1}"#,
        r#"{"message":["a"]}"#,
        r#"{"severity":{}}"#,
        r#"{"involvedObject":"Kustomization/apps/web"}"#,
        r#"{"involvedObject":[]}"#,
        r#"{"involvedObject":{"name":7}}"#,
        r#"{"metadata":[]}"#,
        r#"{"metadata":{"kustomize.toolkit.fluxcd.io/revision":1}}"#,
        r#"{"timestamp":"yesterday"}"#,
        r#"{"timestamp":1754561730}"#,
        "{\"message\":\"a\nb\"}",
    ];
    for (number, body) in wrong.iter().enumerate() {
        let answer = instance.post_bytes(body.as_bytes());
        assert_eq!((answer.status, answer.body.as_str()), (400, ""), "{body}");
        instance.accept(&numbered(number, 1));
    }
    let deep = "[".repeat(200_000);
    assert_eq!(instance.post_bytes(deep.as_bytes()).status, 400, "a body of brackets");
    let state = instance.settle();
    assert_eq!(state["intake"]["refused"], json!({ "malformed": wrong.len() + 1 }));
    assert_eq!(sink.arrivals().len(), wrong.len());
}

#[test]
fn odd_but_valid_events_are_accepted() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink);
    for body in
        ["{}", r#"{"message":null,"involvedObject":{"name":"x"}}"#, r#"{"message":"a","unknown":{"x":[1]}}"#]
    {
        assert_eq!(instance.post_bytes(body.as_bytes()).status, 202, "{body}");
    }
    assert_eq!(instance.post_bytes(b"null").status, 429, "null and {{}} are equal events");
    assert!(instance.settle()["outbox"]["total"]["dead"] == 0 && sink.arrivals().is_empty());
}

#[test]
fn invalid_utf8_is_replaced_and_delivered() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink);
    let text = event("web", "broken: ? end").to_string();
    let body: Vec<u8> = text.bytes().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
    assert_eq!(instance.post_bytes(&body).status, 202);
    assert_eq!(sink.wait_for(1)[0].message(), "broken: \u{fffd} end");
}

#[test]
fn every_method_and_path_takes_events_and_odd_paths_are_redirected() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink);
    for (number, target) in ["POST /", "PUT /any/path", "GET /?query", "PATCH /x"].iter().enumerate() {
        let body = numbered(number, 1).to_string();
        let request = format!("{target} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        assert_eq!(exchange(instance.events, request.as_bytes()).expect("an answer").status, 202, "{target}");
    }
    let answer =
        exchange(instance.events, b"POST //a/../b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    let answer = answer.expect("an answer");
    assert_eq!((answer.status, answer.header("location")), (307, Some("/b")));
    instance.settle();
    assert_eq!(sink.arrivals().len(), 4);
}

#[test]
fn what_is_no_http_ends_its_connection_only() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink);
    let nonsense: [&[u8]; 4] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ];
    for request in nonsense {
        if let Ok(answer) = exchange(instance.events, request) {
            assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(request));
        }
    }
    instance.accept(&event("web", "still here"));
    assert_eq!(sink.wait_for(1).len(), 1);
}
