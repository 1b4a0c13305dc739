//! How the process starts and ends (contract, control plane 8).

use serde_json::{Value, json};

use crate::support::{Sink, Site, campanile, event, everything_from, provider};

/// The last log line of a start that must fail with exit code 1.
fn refused(flags: &[&str]) -> Value {
    let quiet = [
        "--events-addr=127.0.0.1:0",
        "--health-addr=127.0.0.1:0",
        "--metrics-addr=0",
        "--admin-addr=127.0.0.1:0",
    ];
    let output = campanile(
        &[&quiet[..], &["--receiverAddr=127.0.0.1:0", "--state-dir=/dev/null/state"], flags].concat(),
    );
    assert_eq!(output.code, Some(1), "{flags:?}: {}", output.stderr);
    serde_json::from_str(output.stderr.lines().last().expect("a line")).expect("log lines are JSON")
}

#[test]
fn an_unknown_gate_is_refused_in_the_words_of_the_contract() {
    let line = refused(&["--feature-gates=DisableConfigWatchers=false,Magic=true"]);
    assert_eq!((&line["logger"], &line["level"]), (&json!("setup"), &json!("error")));
    assert_eq!(line["msg"], "unable to load feature gates");
    assert_eq!(line["error"], "feature-gate 'Magic' not supported");
}

#[test]
fn t09_a_default_service_account_needs_no_gate() {
    let line = refused(&["--default-service-account=sender", "--watch-configs-label-selector=a b"]);
    assert_eq!(line["msg"], "invalid configuration");
    let error = line["error"].as_str().expect("a text");
    assert!(error.contains("--watch-configs-label-selector: 'a b' is no label requirement"), "{error}");
}

#[test]
fn t09_the_retired_gate_is_said_once_with_either_value() {
    for value in ["true", "false"] {
        let gate = format!("--feature-gates=ObjectLevelWorkloadIdentity={value}");
        let mut instance = Site::new().start(&[&gate, &gate]);
        assert_eq!(instance.stop(), Some(0));
        let log = instance.log();
        let lines: Vec<_> = log.iter().filter(|line| line.contains("ObjectLevelWorkloadIdentity")).collect();
        assert!(lines.len() == 1 && lines[0].contains("is retired and has no effect"), "{lines:?}");
    }
}

#[test]
fn gates_and_the_event_server_are_logged() {
    let site = Site::new();
    let mut instance = site.start(&[
        "--feature-gates=DisableConfigWatchers=true",
        "--feature-gates=CacheSecretsAndConfigMaps=false",
        "--no-cross-namespace-refs",
        "--export-http-path-metrics=false",
    ]);
    instance.wait_for_log(r#""msg":"loading feature gate","name":"DisableConfigWatchers","enabled":true"#);
    instance
        .wait_for_log(r#""msg":"loading feature gate","name":"CacheSecretsAndConfigMaps","enabled":false"#);
    instance.wait_for_log(&format!(r#""msg":"starting event server","addr":"{}""#, instance.events));
    assert!(!instance.logged("webhook receiver server"), "nothing listens there yet");
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let sink = Sink::start();
    sink.hold_after(0);
    let hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, everything_from("hook")]);
    let mut instance = site.start(&[]);
    instance.accept(&event("web", "under way"));
    sink.wait_for(1);
    instance.terminate();
    instance.wait_for_log("stopping: no more events are accepted");
    instance.terminate();
    assert_eq!(instance.ended(), Some(1));
    assert!(instance.logged("second signal: ending at once"));
    sink.release();
}
