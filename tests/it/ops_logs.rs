//! Log lines of the real program (contract, control plane 10).

use serde_json::{Value, json};

use crate::support::{Site, campanile, event, everything_from, provider};

#[test]
fn every_line_is_a_record_with_the_keys_of_the_contract_and_none_is_lost_at_the_end() {
    let hook = provider("hook", "generic", json!({ "address": "http://127.0.0.1:1/" }));
    let site = Site::with(&[hook, everything_from("hook")]);
    let mut instance = site.start(&["--log-level=no-such-level", "--log-encoding=no-such-form"]);
    instance.accept(&event("web", "hello"));
    instance.wait_for_log("failed to send notification");
    assert_eq!(instance.stop(), Some(0));
    let lines: Vec<Value> = instance
        .log_lines()
        .iter()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect();
    for line in &lines {
        for key in ["level", "ts", "logger", "msg"] {
            assert!(line[key].is_string(), "no {key} in {line}");
        }
        assert!(["info", "error"].contains(&line["level"].as_str().unwrap_or_default()), "{line}");
    }
    let said = |logger: &str, message: &str| {
        lines.iter().any(|line| line["logger"] == logger && line["msg"] == message)
    };
    assert!(said("setup", "campanile is up"));
    assert!(said("event-server", "dispatching event"));
    assert!(said("event-server", "failed to send notification, will retry"));
    let last = lines.last().expect("a line");
    assert_eq!(last["msg"], "stopped, everything is written");
}

#[test]
fn console_lines_are_for_people_and_a_failed_start_is_a_line_too() {
    let output = campanile(&[
        "run",
        "--manifests=.",
        "--log-encoding=console",
        "--events-addr=127.0.0.1:0",
        "--health-addr=127.0.0.1:0",
        "--admin-addr=127.0.0.1:0",
        "--metrics-addr=0",
        "--state-dir=/dev/null/state",
    ]);
    assert_eq!(output.code, Some(1));
    let last: Vec<&str> = output.stderr.lines().last().expect("a message").split('\t').collect();
    assert_eq!(last[1..4], ["ERROR", "setup", "failed to start"]);
    assert!(last[4].starts_with(r#"{"error":"open the state folder: "#), "{}", last[4]);
}
