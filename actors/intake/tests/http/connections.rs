//! Many connections, many requests on one, and senders that behave oddly.

use campanile_testkit::event;
use futures_util::future::join_all;

use crate::bench::{Script, about, json, post, request, run};

#[test]
fn a_connection_is_kept_for_further_events() {
    run(|bench| async move {
        let mut client = bench.connect().await;
        for number in 0..50 {
            client.send(&post(&about(&number.to_string(), "m"))).await;
            assert_eq!(client.response().await.status, 202);
        }
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    run(|bench| async move {
        let mut requests = Vec::new();
        for number in 0..40 {
            requests.extend(post(&about(&number.to_string(), "m")));
            requests.extend(post(&about(&number.to_string(), "m")));
            requests.extend(request("POST", "/", b"not json"));
        }
        let mut client = bench.connect().await;
        client.send(&requests).await;
        for _ in 0..40 {
            for status in [202, 429, 400] {
                assert_eq!(client.response().await.status, status);
            }
        }
    });
}

#[test]
fn a_body_may_come_byte_by_byte() {
    run(|bench| async move {
        let mut client = bench.connect().await;
        for byte in post(&event()).chunks(1) {
            client.send(byte).await;
        }
        assert_eq!(client.response().await.status, 202);
        assert_eq!(*bench.router.seen()[0].event, event());
    });
}

#[test]
fn http_1_0_and_connection_close_end_the_connection() {
    run(|bench| async move {
        for (version, name) in [("1.0", "a"), ("1.1\r\nConnection: close", "b")] {
            let body = json(&about(name, "m"));
            let head = format!("POST / HTTP/{version}\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
            let mut client = bench.connect().await;
            client.send(&[head.as_bytes(), &body].concat()).await;
            assert_eq!(client.response().await.status, 202);
            client.closed().await;
        }
    });
}

#[test]
fn a_sender_that_waits_for_100_continue_gets_it() {
    run(|bench| async move {
        let body = json(&event());
        let head = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut client = bench.connect().await;
        client.send(head.as_bytes()).await;
        assert_eq!(client.response().await.status, 100);
        client.send(&body).await;
        assert_eq!(client.response().await.status, 202);
    });
}

#[test]
fn a_sender_may_close_its_half_before_the_answer() {
    run(|bench| async move {
        bench.router.plays(Script::Hold);
        let mut client = bench.connect().await;
        client.send(&post(&event())).await;
        client.close_half().await;
        bench.router.has_seen(1).await;
        bench.router.answer_held(&Ok(()));
        assert_eq!(client.response().await.status, 202);
        client.closed().await;
    });
}

#[test]
fn what_is_no_http_is_a_400() {
    run(|bench| async move {
        let mut client = bench.connect().await;
        client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await;
        assert_eq!(client.response().await.status, 400);
        client.closed().await;
        let double =
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}";
        assert_eq!(bench.exchange(double).await.status, 400);
        assert_eq!(bench.post(&event()).await.status, 202);
    });
}

#[test]
fn a_thousand_connections_stay_open_and_are_all_served() {
    raise_file_limit();
    run(|bench| async move {
        let mut clients = join_all((0..1000).map(|_| bench.connect())).await;
        for round in 0..2 {
            let exchanges = clients.iter_mut().enumerate().map(|(number, client)| async move {
                client.send(&post(&about(&number.to_string(), &round.to_string()))).await;
                client.response().await.status
            });
            assert!(join_all(exchanges).await.iter().all(|status| *status == 202));
        }
        let snapshot = bench.snapshot().await;
        assert_eq!((snapshot.accepted, snapshot.window_keys, snapshot.open_body_bytes), (2000, 2000, 0));
    });
}

/// Both ends of each connection are in this process.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the soft limit may be raised");
}
