//! `campanile receive`: which check stops a captured request, and where a host is to send webhooks.

use std::fs;

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{NAMESPACE, Output, campanile, join, object, secret};

/// A folder with a Receiver of type github and its Secret.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let spec = json!({
        "type": "github", "events": ["push"], "secretRef": { "name": "token" },
        "resources": [{ "kind": "GitRepository", "name": "app" }],
    });
    let receiver = object("notification.toolkit.fluxcd.io/v1", "Receiver", "app", json!({ "spec": spec }));
    let manifests = join(&[receiver, secret("token", json!({ "token": "s3cr3t" }))]);
    fs::create_dir(folder.path().join("manifests")).expect("a folder");
    fs::write(folder.path().join("manifests/all.yaml"), manifests).expect("a file");
    folder
}

fn receive(folder: &TempDir, more: &[&str]) -> Output {
    let manifests = format!("--manifests={}", folder.path().join("manifests").display());
    let receiver = format!("--receiver={NAMESPACE}/app");
    campanile(&[&["receive", &receiver, &manifests], more].concat())
}

fn replay(folder: &TempDir, token: &str, event: &str, body: &str) -> Output {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes()), body.as_bytes());
    let signature: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = format!(
        "Content-Type: application/json\nContent-Length: {}\nX-GitHub-Event: {event}\nX-Hub-Signature-256: sha256={signature}\n\n{body}\n",
        body.len()
    );
    let file = folder.path().join("request.txt");
    fs::write(&file, request).expect("a file");
    receive(folder, &["--file", file.to_str().expect("text")])
}

#[test]
fn issue_20_a_captured_request_is_judged_and_the_check_that_stopped_it_named() {
    let folder = folder();
    let good = replay(&folder, "s3cr3t", "push", r#"{"after":"abc"}"#);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    let expected = format!(
        "verified, event 'push', revision 'abc'; it asks to reconcile:\n  GitRepository/{NAMESPACE}/app\n"
    );
    assert!(good.stdout.ends_with(&expected), "{}", good.stdout);
    for (token, event, check) in [("other", "push", "signature"), ("s3cr3t", "issues", "event")] {
        let bad = replay(&folder, token, event, "{}");
        assert_eq!(bad.code, Some(1));
        assert!(
            bad.stdout.contains(&format!("refused with status 400 by check '{check}'")),
            "{}",
            bad.stdout
        );
        assert!(!bad.stdout.contains("s3cr3t"), "{}", bad.stdout);
    }
}

#[test]
fn issue_20_the_address_is_masked_unless_it_is_asked_for() {
    let folder = folder();
    let masked = receive(&folder, &["--url", "--base=https://hooks.example.com/"]);
    assert!(masked.stdout.starts_with("https://hooks.example.com/hook/*****\n"), "{}", masked.stdout);
    let shown = receive(&folder, &["--url", "--show-secrets", "-o", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let url = shown["url"].as_str().expect("an address");
    let digest = url.strip_prefix("https://webhooks.example.com/hook/").expect("the path of webhooks");
    assert_eq!(digest.len(), 64);
    assert!(shown["curl"].as_str().is_some_and(|line| line.contains(url) && line.contains("$TOKEN")));
    assert!(!shown.to_string().contains("s3cr3t"));
}
