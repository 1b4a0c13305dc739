//! What is answered, to the byte.

use campanile_testkit::{event, noon};

use crate::bench::{Script, about, json, post, request, run};

const RESET: &str = "X-Ratelimit-Reset: Fri, 07 Aug 2026 12:05:00 GMT";

#[test]
fn an_accepted_event_is_answered_202_without_a_body() {
    run(|bench| async move {
        let answer = bench.post(&event()).await;
        let head = [
            "HTTP/1.1 202 Accepted",
            "Content-Length: 0",
            "X-Ratelimit-Limit: 1",
            "X-Ratelimit-Remaining: 0",
            RESET,
        ];
        assert_eq!(answer.lines, head);
        let seen = bench.router.seen();
        assert_eq!((&*seen[0].event, seen[0].accepted_at), (&event(), noon()));
    });
}

#[test]
fn a_duplicate_is_answered_429_with_a_date_and_without_a_body() {
    run(|bench| async move {
        let mut client = bench.connect().await;
        client.send(&post(&event())).await;
        assert_eq!(client.response().await.status, 202);
        client.send(&post(&event())).await;
        let head = [
            "HTTP/1.1 429 Too Many Requests",
            "Content-Length: 0",
            "Retry-After: Fri, 07 Aug 2026 12:05:00 GMT",
            "X-Ratelimit-Limit: 1",
            "X-Ratelimit-Remaining: 0",
            RESET,
        ];
        assert_eq!(client.response().await.lines, head);
    });
}

#[test]
fn an_event_that_can_not_be_stored_is_answered_503_with_a_pause() {
    run(|bench| async move {
        bench.router.plays(Script::Forget);
        let answer = bench.post(&event()).await;
        assert_eq!(answer.lines, ["HTTP/1.1 503 Service Unavailable", "Content-Length: 0", "Retry-After: 5"]);
    });
}

#[test]
fn a_body_that_is_no_event_is_answered_400_and_costs_no_token() {
    run(|bench| async move {
        let head = ["HTTP/1.1 400 Bad Request", "Content-Length: 0"];
        assert_eq!(bench.exchange(&request("POST", "/", b"not json")).await.lines, head);
        let mut broken = json(&event());
        broken.extend(b" x");
        assert_eq!(bench.exchange(&request("POST", "/", &broken)).await.lines, head);
        assert_eq!(bench.post(&event()).await.status, 202);
        let snapshot = bench.snapshot().await;
        assert_eq!((snapshot.accepted, snapshot.refused.get("malformed").copied()), (1, Some(2)));
    });
}

#[test]
fn a_path_that_is_not_canonical_is_answered_307_before_its_body_is_looked_at() {
    run(|bench| async move {
        let answer = bench.exchange(&request("POST", "//a/../b", b"not json")).await;
        assert_eq!(answer.status, 307);
        assert_eq!(answer.header("Location"), Some("/b"));
        assert_eq!(answer.header("Content-Length"), Some("0"));
        assert_eq!(answer.header("X-Ratelimit-Limit"), None);
        let answer = bench.exchange(&request("GET", "/x/./?a=1&b=//", b"")).await;
        assert_eq!((answer.status, answer.header("Location")), (307, Some("/x/?a=1&b=//")));
        assert!(bench.router.seen().is_empty());
    });
}

#[test]
fn every_path_and_method_is_taken() {
    run(|bench| async move {
        let requests = [
            ("PUT", "/some/where?x=1"),
            ("GET", "/"),
            ("DELETE", "/a/"),
            ("OPTIONS", "*"),
            ("BREW", "/pot"),
            ("POST", "/hook/%2e%2e"),
        ];
        for (method, target) in requests {
            let body = json(&about(method, "m"));
            assert_eq!(
                bench.exchange(&request(method, target, &body)).await.status,
                202,
                "{method} {target}"
            );
        }
        assert_eq!(bench.exchange(&request("HEAD", "/", &json(&about("HEAD", "m")))).await.status, 202);
        assert_eq!(bench.router.seen().len(), 7);
    });
}

#[test]
fn the_bodies_of_the_black_box_suite_are_taken_and_refused_as_recorded() {
    let object =
        r#""involvedObject":{"kind":"Kustomization","name":"podinfo","namespace":"control-request"}"#;
    let cases = [
        (400, String::new()),
        (400, "not json".into()),
        (400, "[]".into()),
        (400, "{} x".into()),
        (202, "null".into()),
        (429, "{}".into()),
        (400, r#"{"message":7}"#.into()),
        (400, r#"{"message":"m1","metadata":{"kustomize.toolkit.fluxcd.io/a":1}}"#.into()),
        (202, format!(r#"{{{object},"message":"n","metadata":{{"event.toolkit.fluxcd.io/a":null}}}}"#)),
        (202, r#"{"INVOLVEDOBJECT":{"NAME":"p","extra":1},"Message":"c","unknown":{"a":[1]}}"#.into()),
        (400, r#"{"message":"m2","timestamp":"yesterday"}"#.into()),
        (202, r#"{"message":"m3","timestamp":null}"#.into()),
        (202, r#"{"message":"m4","timestamp":"2026-08-07T10:15:30.999+05:30"}"#.into()),
        (202, format!(r#"{{{object},"message":"half a pair \ud800 end"}}"#)),
    ];
    run(|bench| async move {
        for (status, body) in cases {
            let answer = bench.exchange(&request("POST", "/", body.as_bytes())).await;
            assert_eq!(answer.status, status, "{body}");
        }
        let seen = bench.router.seen();
        assert_eq!(seen.last().unwrap().event.message, "half a pair \u{fffd} end");
    });
}

#[test]
fn metadata_is_cleaned_and_the_token_kept_back() {
    run(|bench| async move {
        let keys = ["token", "revision", "digest"].map(|key| format!("kustomize.toolkit.fluxcd.io/{key}"));
        let mut sent = event();
        sent.metadata = keys.into_iter().map(|key| (key, "v".to_owned())).collect();
        sent.metadata.insert("helm.toolkit.fluxcd.io/revision".into(), "v".into());
        assert_eq!(bench.post(&sent).await.status, 202);
        let seen = bench.router.seen();
        let kept: Vec<&str> = seen[0].event.metadata.keys().map(String::as_str).collect();
        assert_eq!(kept, ["kustomize.toolkit.fluxcd.io/revision"]);
    });
}
