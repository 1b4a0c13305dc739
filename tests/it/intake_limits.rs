//! Sizes and times of requests (contract, control plane 4.2 and 14.3).

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Sink, Site, event, everything_from, exchange, post, provider, read_answer, send};

const LIMIT: usize = 3 * 1024 * 1024;

/// A valid event of exactly so many bytes.
fn padded(length: usize) -> Vec<u8> {
    let mut body = event("web", "large").to_string().into_bytes();
    body.resize(length, b' ');
    body
}

#[test]
fn c03_c04_c05_three_mebibytes_and_not_a_byte_more() {
    let site = Site::new();
    let instance = site.start(&[]);
    assert_eq!(instance.post_bytes(&padded(LIMIT)).status, 202);
    for body in [padded(LIMIT + 1), vec![b'A'; 2 * LIMIT]] {
        let answer = instance.post_bytes(&body);
        assert_eq!((answer.status, answer.body.as_str()), (413, ""));
    }
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", LIMIT + 1, " ".repeat(LIMIT + 1));
    let request = format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
    assert_eq!(exchange(instance.events, request.as_bytes()).expect("an answer").status, 413);
    assert_eq!(instance.settle()["intake"]["refused"], json!({ "too-large": 3 }));
}

#[test]
fn a_head_of_300_kilobytes_is_answered_431() {
    let site = Site::new();
    let instance = site.start(&[]);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\nContent-Length: 2\r\n\r\n{{}}",
        "a".repeat(300_000)
    );
    let answer = exchange(instance.events, request.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 431);
    assert_eq!(post(instance.events, b"{}").expect("an answer").status, 202);
}

#[test]
fn slow_senders_are_given_up_and_hold_up_nobody() {
    let sink = Sink::start();
    let hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, everything_from("hook")]);
    let instance = site.start(&[]);
    let begun = Instant::now();
    let open = |start: &[u8]| send(instance.events, start).expect("a connection");
    let heads: Vec<_> = (0..50).map(|_| open(b"POST / HTTP/1.1\r\nHost: x\r\nX-Never")).collect();
    let bodies: Vec<_> =
        (0..50).map(|_| open(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"mess")).collect();
    let mut broken_off = open(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    broken_off.write_all(b"\"").expect("the connection is open");
    drop(broken_off);
    instance.accept(&event("web", "meanwhile"));
    sink.wait_for(1);
    assert!(begun.elapsed() < Duration::from_secs(8), "the quick one waited for the slow ones");
    for head in heads {
        assert_eq!(read_answer(&head).expect("an answer").status, 408);
    }
    assert!(begun.elapsed() >= Duration::from_secs(9), "a head may take ten seconds");
    for body in bodies {
        assert_eq!(read_answer(&body).expect("an answer").status, 400);
    }
    let after = begun.elapsed();
    assert!(
        after >= Duration::from_secs(29) && after < Duration::from_secs(40),
        "a body may take 30 s: {after:?}"
    );
    assert_eq!(instance.settle()["intake"]["openRequests"], 0);
}
