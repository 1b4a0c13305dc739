//! Flags of TLS listeners, and those of senders that reach us: each works, or one line says what to do (T12).

use serde_json::Value;

use crate::support::{Site, campanile};

const QUIET: [&str; 3] = ["--health-addr=127.0.0.1:0", "--metrics-addr=0", "--admin-addr=127.0.0.1:0"];

/// What is wrong with a start that must fail.
fn refused(flags: &[&str]) -> String {
    let more = ["--state-dir=/dev/null/state", "--receiverAddr=127.0.0.1:0"];
    let output = campanile(&[&QUIET[..], &more, flags].concat());
    assert_eq!(output.code, Some(1), "{flags:?}: {}", output.stderr);
    let last = output.stderr.lines().last().expect("a line");
    let line: Value = serde_json::from_str(last).expect("log lines are JSON");
    line["error"].as_str().expect("a text").to_owned()
}

#[test]
fn cli_t12_flags_that_belong_together_are_named() {
    for (flags, names) in [
        (&["--events-addr="][..], &["--events-addr", "--events-tls-addr"][..]),
        (&["--events-addr=127.0.0.1:0", "--events-tls-addr=:0"], &["--tls-cert-file", "--tls-key-file"]),
        (&["--events-addr=127.0.0.1:0", "--tls-cert-file=/a"], &["--tls-key-file"]),
        (
            &["--events-addr=127.0.0.1:0", "--authorized-event-client-spiffe-id=spiffe://a/b"],
            &["--events-tls-addr", "--tls-client-ca-file"],
        ),
    ] {
        let error = refused(flags);
        for name in names {
            assert!(error.contains(name), "{flags:?}: no {name} in {error}");
        }
    }
}

#[test]
fn cli_t12_a_file_that_is_not_there_is_named_with_its_flag() {
    let site = Site::new();
    let manifests = site.manifests().display().to_string();
    let files = ["--events-tls-addr=127.0.0.1:0", "--tls-cert-file=/not/there", "--tls-key-file=/not/there"];
    let output =
        campanile(&[&["run", "--manifests", &manifests, "--events-addr="][..], &QUIET, &files].concat());
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(output.stderr.contains("read /not/there of --tls-cert-file"), "{}", output.stderr);
}

#[test]
fn cli_t12_flags_of_senders_are_taken_and_one_line_says_what_to_do() {
    let site = Site::new();
    let mut instance = site.start(&[
        "--authorized-event-server-spiffe-id=spiffe://self/ns/flux-system/sa/notification-controller",
        "--authorized-notifier-spiffe-id=spiffe://a/b",
        "--authorized-receiver-spiffe-id=spiffe://a/b",
        "--spiffe-broker-endpoint=unix:///run/spiffe",
        "--spiffe-broker-id=spiffe://a/broker",
        "--receiver-tls-addr=",
        "--events-tls-addr=",
    ]);
    instance.wait_for_log("makes senders post by https: give this program --events-tls-addr");
    instance.wait_for_log("--spiffe-broker-endpoint and --spiffe-broker-id have no effect");
    instance.wait_for_log("--authorized-receiver-spiffe-id has no effect without --receiver-tls-addr");
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn cli_t12_flags_that_only_a_later_release_knows_get_one_line_too() {
    for flag in ["--authorized-something-spiffe-id", "--spiffe-endpoint"] {
        let output = campanile(&[flag, "spiffe://a/b"]);
        assert_eq!(output.code, Some(2));
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        assert!(
            output.stderr.starts_with(&format!("campanile: {flag} is not known in this version")),
            "{}",
            output.stderr
        );
        assert!(!output.stderr.contains("unexpected argument"), "{}", output.stderr);
    }
    let wrong = campanile(&["--authorized-event-client-spiffe-id=https://a/b"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("write spiffe://DOMAIN/PATH"), "{}", wrong.stderr);
}
