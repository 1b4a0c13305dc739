//! Sizes and times (contract, control plane 4.2 and 14.3).

use std::time::Duration;

use campanile_intake::IntakeConfig;
use campanile_testkit::event;

use crate::bench::{about, json, post, request, run, run_with};

const LIMIT: usize = 3_145_728;

/// The HTTP library's clock moves twice a second: shorter times may pass unseen.
const SHORT: Duration = Duration::from_secs(1);

/// The JSON of an event, brought to `length` by spaces.
fn padded(length: usize) -> Vec<u8> {
    let mut body = json(&event());
    body.resize(length, b' ');
    body
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut request = b"POST / HTTP/1.1\r\nHost: events\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(100_000) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}

#[test]
fn c03_a_body_of_exactly_the_limit_reaches_the_router() {
    run(|bench| async move {
        assert_eq!(bench.exchange(&request("POST", "/", &padded(LIMIT))).await.status, 202);
        assert_eq!(bench.exchange(&chunked(&padded(LIMIT))).await.status, 429);
        assert_eq!(bench.router.seen().len(), 1);
    });
}

#[test]
fn c04_one_byte_more_is_a_413() {
    run(|bench| async move {
        let answer = bench.exchange(&request("POST", "/", &padded(LIMIT + 1))).await;
        assert_eq!(
            answer.lines,
            ["HTTP/1.1 413 Payload Too Large", "Connection: close", "Content-Length: 0"]
        );
        assert_eq!(bench.exchange(&chunked(&padded(LIMIT + 1))).await.status, 413);
        assert!(bench.router.seen().is_empty());
        assert_eq!(bench.snapshot().await.open_body_bytes, 0);
    });
}

#[test]
fn c05_size_is_judged_before_syntax() {
    run(|bench| async move {
        let body = vec![b'A'; 2 * LIMIT];
        assert_eq!(bench.exchange(&request("POST", "/", &body)).await.status, 413);
        assert_eq!(bench.exchange(&chunked(&body)).await.status, 413);
    });
}

#[test]
fn a_declared_length_above_the_limit_is_a_413_at_once() {
    run(|bench| async move {
        let mut client = bench.connect().await;
        client.send(b"POST / HTTP/1.1\r\nHost: events\r\nContent-Length: 3145729\r\n\r\n").await;
        assert_eq!(client.response().await.status, 413);
    });
}

#[test]
fn a_chunked_body_without_end_is_cut_off() {
    let config = IntakeConfig { linger: SHORT, ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        let mut client = bench.connect().await;
        let whole = chunked(&vec![b'A'; 2 * LIMIT]);
        client.send_what_goes(&whole[..whole.len() - 5]).await;
        assert_eq!(client.response().await.status, 413);
        client.closed().await;
    });
}

#[test]
fn a_body_that_stops_coming_is_a_400() {
    let config =
        IntakeConfig { read_timeout: Duration::from_millis(100), linger: SHORT, ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        let whole = post(&event());
        for sent in [whole.len() - 1, whole.len() - 100] {
            let mut client = bench.connect().await;
            client.send(&whole[..sent]).await;
            let answer = client.response().await;
            assert_eq!(answer.lines, ["HTTP/1.1 400 Bad Request", "Connection: close", "Content-Length: 0"]);
            client.closed().await;
        }
        assert_eq!(bench.snapshot().await.refused.get("unreadable").copied(), Some(2));
        assert_eq!(bench.post(&event()).await.status, 202, "no token was spent");
    });
}

#[test]
fn a_head_that_stops_coming_ends_the_connection() {
    let config = IntakeConfig { head_timeout: SHORT, linger: SHORT, ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        let mut client = bench.connect().await;
        client.send(b"POST / HTTP/1.1\r\nHost: eve").await;
        assert_eq!(client.response().await.status, 408);
        client.closed().await;
    });
}

fn with_header(value: &str) -> Vec<u8> {
    let body = json(&about("header", value.get(..8).unwrap_or(value)));
    let head = format!(
        "POST / HTTP/1.1\r\nHost: events\r\nX-Long: {value}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

#[test]
fn a_head_of_300_kb_is_a_431_and_the_server_lives_on() {
    run(|bench| async move {
        let mut client = bench.connect().await;
        client.send_what_goes(&with_header(&"x".repeat(300_000))).await;
        let answer = client.response().await;
        assert_eq!((answer.status, answer.header("content-length")), (431, Some("0")));
        client.closed().await;
        assert_eq!(bench.exchange(&with_header(&"y".repeat(100_000))).await.status, 202);
    });
}

#[test]
fn more_than_96_header_fields_are_a_431() {
    run(|bench| async move {
        let fields: String = (0..95).map(|number| format!("X-{number}: v\r\n")).collect();
        let most = format!("GET / HTTP/1.1\r\nHost: events\r\n{fields}\r\n");
        assert_eq!(bench.exchange(most.as_bytes()).await.status, 400, "understood, but without an event");
        let more = format!("GET / HTTP/1.1\r\nHost: events\r\nX-95: v\r\n{fields}\r\n");
        assert_eq!(bench.exchange(more.as_bytes()).await.status, 431);
    });
}

#[test]
fn t07_too_many_bytes_of_unknown_fields_are_dropped_counted_and_the_event_goes_on() {
    run(|bench| async move {
        let posted = |name: &str, length: usize| {
            let text = "x".repeat(length);
            format!(r#"{{"involvedObject":{{"name":"{name}"}},"action":"Apply","traceId":"{text}"}}"#)
        };
        for (name, length) in [("small", 60_000), ("large", 66_000), ("larger", 1_000_000)] {
            let body = posted(name, length);
            assert_eq!(bench.exchange(&request("POST", "/", body.as_bytes())).await.status, 202);
        }
        let seen = bench.router.seen();
        let kept: Vec<bool> =
            seen.iter().map(|submitted| !submitted.event.unknown_fields.is_empty()).collect();
        assert_eq!(kept, [true, false, false]);
        assert!(seen.iter().all(|submitted| submitted.event.action == Some("Apply".into())));
        assert_eq!(bench.snapshot().await.dropped_fields, 2);
    });
}
