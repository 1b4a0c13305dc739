//! Webhooks without a cluster: Receivers in the folder take them, and Alerts tell of them.

use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::support::{Answer, NAMESPACE, Sink, Site, alert, exchange, object, provider, secret};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of Receiver `name` (contract, receivers 3).
fn path(token: &str, name: &str) -> String {
    let text = format!("{token}{name}{NAMESPACE}");
    format!("/hook/{}", hex(digest(&SHA256, text.as_bytes()).as_ref()))
}

fn receiver(name: &str, spec: &Value) -> Value {
    object("notification.toolkit.fluxcd.io/v1", "Receiver", name, json!({ "spec": spec }))
}

fn objects(sink: &Sink) -> Vec<Value> {
    let github = json!({
        "type": "github", "events": ["push"], "secretRef": { "name": "token" },
        "resources": [{ "kind": "GitRepository", "name": "app" }],
    });
    let sources = json!({ "eventSources": [{ "kind": "Receiver", "name": "*" }] });
    vec![
        provider("hook", "generic", json!({ "address": sink.url("/") })),
        alert("webhooks", "hook", sources),
        secret("token", json!({ "token": "s3cr3t", "tokens": "former\n" })),
        receiver("app", &github),
    ]
}

const BODY: &str = r#"{"after":"5394cb7f48332b2de7c17dd8b8384bbc84b7e738"}"#;

fn signed(address: SocketAddr, path: &str, token: &str, event: &str) -> Answer {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes()), BODY.as_bytes());
    let (length, signature) = (BODY.len(), hex(tag.as_ref()));
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-GitHub-Event: {event}\r\n\
         X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {length}\r\n\r\n{BODY}"
    );
    exchange(address, request.as_bytes()).expect("the webhook endpoint answers")
}

#[test]
fn issue_20_a_webhook_becomes_a_message_and_a_forged_one_does_not() {
    let sink = Sink::start();
    let site = Site::with(&objects(&sink));
    let instance = site.start(&["--metrics-addr=127.0.0.1:0"]);
    let address = instance.webhooks();
    let ready = instance.row("receivers", "app", |row| row["conditions"][0]["status"] == "True");
    let place = path("s3cr3t", "app");
    assert_eq!(ready["conditions"][0]["message"], format!("Receiver initialized for path: {place}"));
    let answer = signed(address, &place, "s3cr3t", "push");
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let message = &sink.wait_for(1)[0];
    let event: Value = serde_json::from_slice(&message.body).expect("an event");
    assert_eq!((&event["reason"], &event["severity"]), (&json!("WebhookReceived"), &json!("info")));
    assert_eq!(event["involvedObject"]["kind"], "Receiver");
    for (token, event) in [("forged", "push"), ("s3cr3t", "issues"), ("", "push")] {
        let answer = signed(address, &place, token, event);
        assert_eq!((answer.status, answer.body.as_str()), (400, ""), "{token} {event}");
    }
    assert_eq!(signed(address, &path("other", "app"), "s3cr3t", "push").status, 404);
    // While a token is changed, the former one verifies at either path.
    assert_eq!(signed(address, &path("former", "app"), "former", "push").status, 200);
    instance.settle();
    assert_eq!(sink.arrivals().len(), 2);
    let lines = instance.log_lines();
    let named = |text: &str| {
        let line = lines.iter().find(|line| line.contains(text)).expect("a line about the webhook");
        let line: Value = serde_json::from_str(line).expect("log lines are JSON");
        assert_eq!(line["logger"], "receiver-server");
        assert_eq!((&line["reconciler kind"], &line["name"]), (&json!("Receiver"), &json!("app")), "{line}");
    };
    named("handling GitHub event: push");
    named("unable to validate payload");
    let digest = place.trim_start_matches("/hook/");
    let serves = |line: &&String| line.contains("\"receiver-server\"");
    assert!(!lines.iter().filter(serves).any(|line| line.contains(digest)), "a path is a credential");
    let page = instance.metrics().body;
    let series = r#"gotk_receiver_http_request_duration_seconds_count{service="",handler="/hook/",method="POST",code="200"} 2"#;
    assert!(page.contains(series), "{page}");
    assert!(!page.contains(&place), "a path is a credential");
}

#[test]
fn issue_20_with_receivers_ignored_nothing_listens() {
    let sink = Sink::start();
    let site = Site::with(&objects(&sink));
    let instance = site.start(&["--receivers=ignore"]);
    let state = instance.ask("/v1/state");
    assert_eq!(state["webhooks"], Value::Null);
    assert!(state["actors"].as_array().expect("a list").iter().all(|actor| actor["name"] != "webhooks"));
}
