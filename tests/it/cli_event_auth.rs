//! Flags that say who may post events: what cannot be meant is refused at the start, with the remedy (issue 17).

use serde_json::Value;

use crate::support::{Site, campanile};

const QUIET: [&str; 5] = [
    "--health-addr=127.0.0.1:0",
    "--metrics-addr=0",
    "--admin-addr=127.0.0.1:0",
    "--events-addr=127.0.0.1:0",
    "--state-dir=/dev/null/state",
];

const TLS: [&str; 4] = [
    "--events-tls-addr=127.0.0.1:0",
    "--tls-cert-file=/not/there",
    "--tls-key-file=/not/there",
    "--tls-client-ca-file=/not/there",
];

/// What is wrong with a start that must fail.
fn refused(flags: &[&str]) -> String {
    let output = campanile(&[flags, &QUIET].concat());
    assert_eq!(output.code, Some(1), "{flags:?}: {}", output.stderr);
    let last = output.stderr.lines().last().expect("a line");
    let line: Value = serde_json::from_str(last).expect("log lines are JSON");
    line["error"].as_str().expect("a text").to_owned()
}

#[test]
fn cli_issue_17_enforced_needs_a_client_ca_unless_all_senders_have_tokens() {
    let error = refused(&["--event-auth=enforced"]);
    for name in ["Flux's controllers", "--tls-client-ca-file", "--event-auth-tokens-only"] {
        assert!(error.contains(name), "no {name} in {error}");
    }
    let without_ca = [&["--event-auth=enforced"], &TLS[..3]].concat();
    assert!(refused(&without_ca).contains("--event-auth-tokens-only"), "TLS alone knows no clients");
    let both = [&["--event-auth=enforced", "--event-auth-tokens-only"], &TLS[..]].concat();
    assert!(refused(&both).contains("contradict each other"));
    // These get further: to what is wrong for another reason.
    for flags in [&["--event-auth=enforced", "--event-auth-tokens-only"][..], &["--event-auth=audit"]] {
        assert!(!refused(flags).contains("--event-auth"), "{flags:?}");
    }
    let with_ca = [&["--event-auth=enforced"], &TLS[..]].concat();
    assert!(!refused(&with_ca).contains("--event-auth"));
}

#[test]
fn cli_issue_17_standalone_mode_knows_senders_by_certificates_alone() {
    let site = Site::new();
    let manifests = format!("--manifests={}", site.manifests().display());
    let error = refused(&["run", &manifests, "--event-auth=enforced"]);
    assert!(error.contains("--tls-client-ca-file") && error.contains("standalone mode"), "{error}");
    let error = refused(&["run", &manifests, "--event-auth=enforced", "--event-auth-tokens-only"]);
    assert!(error.contains("needs a cluster") && error.contains("--tls-client-ca-file"), "{error}");
    let mut instance =
        site.start(&["--event-auth=audit", "--event-auth-controllers=flux-system/a,flux-system/b"]);
    instance.wait_for_log("have no effect in standalone mode");
    assert_eq!(instance.stop(), Some(0));
    let mut instance = site.start(&["--event-auth-audience=somebody"]);
    instance.wait_for_log("have no effect without --event-auth");
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn cli_issue_17_what_is_no_account_and_no_audience_is_wrong_usage() {
    for flag in ["--event-auth=on", "--event-auth-controllers=flux-system", "--event-auth-audience="] {
        let output = campanile(&[flag]);
        assert_eq!(output.code, Some(2), "{flag}: {}", output.stderr);
    }
}
