//! Log lines of the real program (contract, control plane 10).

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{
    Instance, Site, alert, campanile, event, everything_from, exchange, files, provider, send,
};

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

/// The records of the log so far whose message holds this text.
fn said(instance: &Instance, text: &str) -> Vec<Value> {
    let lines = instance.log_lines();
    let records = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"));
    records.filter(|record| record["msg"].as_str().unwrap_or_default().contains(text)).collect()
}

#[test]
fn issue_18_the_log_says_at_info_what_stopped_an_event_and_which_are_duplicates() {
    let sources = json!([{ "kind": "Kustomization", "name": "*" }]);
    let of = |name: &str, more: Value| {
        let mut spec = json!({ "eventSources": sources });
        spec.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        alert(name, "hook", spec)
    };
    let site = Site::with(&[
        provider("hook", "generic", json!({ "address": "http://127.0.0.1:1/" })),
        provider("asleep", "generic", json!({ "address": "http://127.0.0.1:1/", "suspend": true })),
        everything_from("asleep"),
        of("errors", json!({ "eventSeverity": "error" })),
        of("wanted", json!({ "inclusionList": ["^wanted"] })),
        of("unwanted", json!({ "exclusionList": ["^hello"] })),
    ]);
    let instance = site.start(&[]);
    instance.accept(&event("web", "hello"));
    assert_eq!(instance.post(&event("web", "hello")).status, 429);
    let expected = [
        ("stopped by its severity", "apps/errors"),
        ("no inclusion of the alerts matches", "apps/wanted"),
        ("an exclusion of the alerts matches", "apps/unwanted"),
        ("alerts whose provider is suspended", "apps/all-to-asleep"),
    ];
    for (text, alert) in expected {
        instance.wait_for_log(text);
        let found = said(&instance, text);
        assert_eq!(
            (found.len(), &found[0]["level"], &found[0]["alerts"]),
            (1, &json!("info"), &json!(alert))
        );
        assert_eq!(found[0]["eventInvolvedObject"]["name"], "web");
    }
    instance.wait_for_log("is a duplicate and is answered 429");
    let duplicates = said(&instance, "is a duplicate and is answered 429");
    assert_eq!((duplicates.len(), &duplicates[0]["level"]), (1, &json!("info")));
    assert_eq!(said(&instance, "Discarding event, rate limiting").len(), 0, "that line is for debug");
}

#[test]
fn issue_18_a_body_that_is_refused_is_logged_with_its_sender_and_the_cause() {
    let site = Site::new();
    let instance = site.start(&[]);
    assert_eq!(instance.post_bytes(b"{\"severity\": 7}").status, 400);
    assert_eq!(instance.post_bytes(b"severity=info").status, 400);
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n";
    assert_eq!(exchange(instance.events, head.as_bytes()).expect("an answer").status, 413);
    let cut = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{";
    drop(send(instance.events, cut.as_bytes()).expect("it is sent"));
    instance.wait_for_log("it broke off before its end");
    let causes = [
        (400, "decoding the request body failed", "wrong value at line 1"),
        (400, "decoding the request body failed", "no valid JSON at line 1"),
        (413, "reading the request body failed", "more than the 3145728 bytes that one event may have"),
        (400, "reading the request body failed", "it broke off before its end"),
    ];
    for (status, message, cause) in causes {
        let found = said(&instance, message);
        let record =
            found.iter().find(|record| record["error"].as_str().is_some_and(|error| error.contains(cause)));
        let record = record.unwrap_or_else(|| panic!("no {cause:?} in {found:#?}"));
        assert_eq!((&record["status"], &record["level"]), (&json!(status), &json!("error")));
        let client = record["client"].as_str().unwrap_or_default();
        assert!(client.starts_with("127.0.0.1:"), "{record}");
    }
}

/// Fields of log lines that are written as Rust shows values to its developers.
fn debug_fields(text: &str) -> Vec<&str> {
    let shorthand = |word: &str| {
        let rest = word.strip_prefix('?').unwrap_or_default();
        rest.len() > 2 && rest.chars().all(|symbol| symbol.is_ascii_lowercase() || symbol == '_')
    };
    let words = text.split(|symbol: char| symbol.is_whitespace() || "(),;\"".contains(symbol));
    words.filter(|word| shorthand(word)).collect()
}

#[test]
fn issue_18_no_log_line_holds_debug_text() {
    assert_eq!(debug_fields("warn!(?error, \"x\"); info!(a = ?alerts, \"y\")"), ["?error", "?alerts"]);
    let is_source = |below: &Path| {
        below.extension().is_some_and(|end| end == "rs") && below.iter().any(|part| part == "src")
    };
    for (below, path) in files().into_iter().filter(|(below, _)| is_source(below)) {
        let text = std::fs::read_to_string(path).expect("the file can be read");
        let found = debug_fields(&text);
        assert!(found.is_empty(), "{} logs {found:?}: write %value, or a text", below.display());
    }
}
