//! `campanile explain`, `send`, `retry`, `redrive` and `drop`: what happens to an event, whether a Provider works, a second
//! chance.

use serde_json::{Value, json};

use crate::support::{
    Arrival, Instance, Output, Reply, Sink, Site, alert, campanile, campanile_with_input, event, eventually,
    everything_from, provider, secret,
};

fn operate(instance: &Instance, arguments: &[&str]) -> Output {
    let admin = instance.admin.to_string();
    campanile(&[arguments, &["--admin-addr", &admin]].concat())
}

fn parsed(output: &Output) -> Value {
    let value: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
    assert!(!value.is_null(), "this is no JSON: {output:#?}");
    value
}

/// A webhook whose address is secret and an Alert for it, and an Alert that wants errors only.
fn webhook(sink: &Sink) -> Site {
    let sources = json!([{ "kind": "Kustomization", "name": "*" }]);
    Site::with(&[
        secret("url", json!({ "address": sink.url("/services/hunter22") })),
        provider("chat", "generic", json!({ "secretRef": { "name": "url" } })),
        everything_from("chat"),
        alert("errors", "chat", json!({ "eventSeverity": "error", "eventSources": sources })),
    ])
}

#[test]
fn explain_needs_no_file_and_says_whether_what_was_expected_happens() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let manifests = site.manifests().display().to_string();
    let explain = |more: &[&str]| campanile(&[&["explain", "--manifests", &manifests], more].concat());
    let output = explain(&["Kustomization/apps/web", "--severity", "error", "--expect", "apps/chat"]);
    assert_eq!(output.code, Some(0), "{output:#?}");
    assert!(output.stdout.contains("event of Kustomization/apps/web, severity 'error'"), "{}", output.stdout);
    let missed = explain(&["Kustomization/apps/web", "--expect", "apps/pager"]);
    assert_eq!(missed.code, Some(1));
    assert!(
        missed.stderr.contains("expected a notification through provider apps/pager"),
        "{}",
        missed.stderr
    );
    let lower = explain(&["kustomization/apps/web", "--alert", "apps/errors", "--severity", "error"]);
    assert!(
        lower.stdout.contains("the event says kustomization, the Alert Kustomization"),
        "{}",
        lower.stdout
    );
}

#[test]
fn explain_tells_for_each_alert_what_stopped_it_and_what_would_be_sent() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let manifests = site.manifests().display().to_string();
    let text = event("web", "hello").to_string();
    let offline = ["explain", "--event", "-", "--manifests", &manifests];
    let output = campanile_with_input(&offline, &text);
    assert_eq!(output.code, Some(0), "{output:#?}");
    let rows: Vec<Vec<&str>> =
        output.stdout.lines().map(|line| line.split_whitespace().take(4).collect()).collect();
    for row in [
        ["apps/all-to-chat", "apps/chat", "delivers", "selected"],
        ["apps/errors", "apps/chat", "stopped", "severity"],
    ] {
        assert!(rows.iter().any(|found| **found == row), "{}", output.stdout);
    }
    let url = format!("  POST {}", sink.url("/*****"));
    assert!(output.stdout.lines().any(|line| line == url), "{}", output.stdout);
    assert!(output.stdout.contains("\"message\": \"hello\""), "{}", output.stdout);
    assert!(!output.stdout.contains("hunter22"), "{}", output.stdout);
    let one = [&offline[..], &["--alert", "apps/errors", "-o", "json"]].concat();
    let explanation = parsed(&campanile_with_input(&one, &text));
    assert_eq!(explanation["alerts"].as_array().map(Vec::len), Some(1), "{explanation}");
    assert_eq!(explanation["alerts"][0]["step"], "severity");
    assert!(sink.arrivals().is_empty(), "explaining sends nothing");
}

#[test]
fn explain_of_a_running_instance_says_the_same() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let instance = site.start(&["--no-cross-namespace-refs"]);
    let admin = instance.admin.to_string();
    let text = event("web", "hello").to_string();
    let manifests = site.manifests().display().to_string();
    let flags = ["--manifests", &manifests, "--no-cross-namespace-refs"];
    let ask = |arguments: &[&str]| {
        let common = ["explain", "--event", "-", "-o", "json"];
        parsed(&campanile_with_input(&[&common, arguments].concat(), &text))
    };
    assert_eq!(ask(&["--admin-addr", &admin]), ask(&flags));
}

#[test]
fn explain_refuses_what_it_can_not_explain_in_words() {
    let site = Site::with(&[]);
    let manifests = site.manifests().display().to_string();
    let refusal = |folder: &str, input: &str| {
        let output = campanile_with_input(&["explain", "--event", "-", "--manifests", folder], input);
        assert_eq!(output.code, Some(1), "{output:#?}");
        output.stderr
    };
    assert!(refusal(&manifests, "no event").contains("no valid JSON at line 1"));
    assert!(refusal("/nowhere", "{}").contains("/nowhere"));
    assert_eq!(campanile(&["explain"]).code, Some(2));
    assert_eq!(campanile(&["explain", "--event", "-", "--alert", "errors"]).code, Some(2));
    let empty = campanile_with_input(&["explain", "--event", "-", "--manifests", &manifests], "{}");
    assert_eq!((empty.code, empty.stdout.contains("there are no Alerts")), (Some(0), true), "{empty:#?}");
}

#[test]
fn send_shows_the_destinations_answer_and_exits_by_the_outcome() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let instance = site.start(&[]);
    instance.row("providers", "chat", |row| row["conditions"][0]["status"] == "True");
    sink.script([Reply { body: "thanks, hunter22", ..Reply::status(202) }, Reply::status(403)]);
    let sent = operate(&instance, &["send", "--provider", "apps/chat", "--severity", "error"]);
    assert_eq!(sent.code, Some(0), "{sent:#?}");
    assert_eq!(sent.stdout, "apps/chat: delivered\nthe destination answered 202: thanks, *****\n");
    let arrived = sink.wait_for(1);
    assert_eq!(arrived[0].json()["severity"], "error");
    let refused = operate(&instance, &["send", "--provider", "apps/chat", "-o", "json"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let report = parsed(&refused);
    assert_eq!(
        (&report["failure"]["class"], &report["answer"]["status"]),
        (&json!("credentials"), &json!(403))
    );
    let unknown = operate(&instance, &["send", "--provider", "apps/nobody"]);
    assert_eq!(unknown.code, Some(1), "{unknown:#?}");
    assert!(unknown.stderr.contains("'apps/nobody'"), "{}", unknown.stderr);
    assert_eq!(operate(&instance, &["send", "--provider", "chat"]).code, Some(2));
}

#[test]
fn retry_or_a_test_that_arrives_sends_what_waits_at_once() {
    for command in [&["retry", "--provider", "apps/chat"][..], &["send", "--provider", "apps/chat"]] {
        let sink = Sink::start();
        let site = webhook(&sink);
        let instance = site.start(&[]);
        sink.script([Reply::status(401)]);
        instance.accept(&event("web", "first"));
        instance.row("providers", "chat", |row| row["conditions"][1]["status"] == "False");
        let output = operate(&instance, command);
        assert_eq!(output.code, Some(0), "{output:#?}");
        let arrived = sink.wait_for(if command[0] == "send" { 3 } else { 2 });
        assert_eq!(arrived.last().map(Arrival::message).as_deref(), Some("first"));
        instance.settle();
    }
}

#[test]
fn retry_takes_the_id_of_what_waits() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let instance = site.start(&[]);
    sink.script([Reply::status(401)]);
    instance.accept(&event("web", "first"));
    instance.row("providers", "chat", |row| row["conditions"][1]["status"] == "False");
    let waiting = parsed(&operate(&instance, &["get", "deliveries", "-o", "json"]));
    let beginning: String = waiting[0]["id"].as_str().expect("a text").chars().take(8).collect();
    let output = operate(&instance, &["retry", &beginning, "9876"]);
    assert_eq!(output.code, Some(1), "one of the two does not wait: {output:#?}");
    assert!(output.stdout.starts_with("apps/chat: trying now, "), "{}", output.stdout);
    assert!(output.stdout.contains("\n9876 "), "{}", output.stdout);
    sink.wait_for(2);
}

#[test]
fn drop_removes_dead_letters_for_good() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let instance = site.start(&[]);
    sink.script([Reply::status(400), Reply::status(400), Reply::status(400)]);
    for name in ["web", "shop", "blog"] {
        instance.accept(&event(name, "no"));
    }
    sink.wait_for(3);
    instance.settle();
    let dead = parsed(&operate(&instance, &["get", "dead", "-o", "json"]));
    let id = dead[0]["id"].as_str().expect("a text");
    assert_eq!(operate(&instance, &["drop", id]).stdout, "dropped 1 dead letter\n");
    assert_eq!(operate(&instance, &["drop", "--all"]).stdout, "dropped 2 dead letters\n");
    assert_eq!(parsed(&operate(&instance, &["get", "dead", "-o", "json"])), json!([]));
    assert_eq!(operate(&instance, &["redrive", "--all"]).stdout, "put 0 dead letters back\n");
}

#[test]
fn redrive_puts_dead_letters_back_and_says_how_many() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let instance = site.start(&[]);
    sink.script([Reply::status(400), Reply::status(400)]);
    instance.accept(&event("web", "first"));
    instance.accept(&event("shop", "second"));
    sink.wait_for(2);
    instance.settle();
    let dead = parsed(&operate(&instance, &["get", "dead", "-o", "json"]));
    let id = dead[0]["id"].as_str().expect("a text");
    assert_eq!(id.len(), 32, "JSON has the whole id");
    let table = operate(&instance, &["get", "dead"]).stdout;
    let shown = table.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("a row");
    assert!(shown.len() == 8 && id.starts_with(shown), "the table has its beginning: {table}");
    let one = operate(&instance, &["redrive", shown, "9876"]);
    assert_eq!(one.code, Some(1), "one of the two is no dead letter: {one:#?}");
    assert!(one.stdout.starts_with("put 1 dead letter back\n"), "{}", one.stdout);
    assert!(one.stdout.contains("\n9876 "), "{}", one.stdout);
    let rest = operate(&instance, &["redrive", "--provider", "apps/chat", "-o", "json"]);
    assert_eq!((rest.code, parsed(&rest)), (Some(0), json!({ "redriven": 1, "refused": [] })));
    let arrived = sink.wait_for(4);
    let again: Vec<String> = arrived.iter().skip(2).map(Arrival::message).collect();
    assert!(again.contains(&"first".to_owned()) && again.contains(&"second".to_owned()), "{again:?}");
    instance.settle();
    assert_eq!(parsed(&operate(&instance, &["get", "dead", "-o", "json"])), json!([]));
    assert_eq!(operate(&instance, &["redrive"]).code, Some(2));
}

#[test]
fn issue_18_explain_takes_the_event_of_a_notification_that_waits_or_was_given_up() {
    let sink = Sink::start();
    let site = webhook(&sink);
    let instance = site.start(&[]);
    sink.script([Reply::status(422)]);
    instance.accept(&event("web", "the first"));
    let id_of = |list: &str| {
        let row = eventually("a delivery in the list", || instance.ask(list)["items"].get(0).cloned());
        row["id"].as_str().expect("an id").to_owned()
    };
    let dead = id_of("/v1/deliveries?dead=true");
    let output = operate(&instance, &["explain", "--delivery", dead.get(..8).expect("an id")]);
    assert_eq!(output.code, Some(0), "{output:#?}");
    let first = format!("delivery {dead} of alert apps/all-to-chat through provider apps/chat\n");
    assert!(output.stdout.starts_with(&first), "{}", output.stdout);
    for part in
        [", 1 attempt, given up ", "422", "event of Kustomization/apps/web", "\"message\": \"the first\""]
    {
        assert!(output.stdout.contains(part), "no {part:?} in {}", output.stdout);
    }
    assert!(!output.stdout.contains("apps/errors"), "only its Alert: {}", output.stdout);
    assert!(!output.stdout.contains("hunter22"), "{}", output.stdout);

    sink.script([Reply::status(401)]);
    instance.accept(&event("api", "the second"));
    instance.row("providers", "chat", |row| row["conditions"][1]["status"] == "False");
    let parked = id_of("/v1/deliveries");
    let answer = parsed(&operate(&instance, &["explain", "--delivery", &parked, "-o", "json"]));
    assert_eq!((&answer["delivery"]["id"], &answer["delivery"]["state"]), (&json!(parked), &json!("parked")));
    assert_eq!(answer["alerts"][0]["requests"][0]["body"]["message"], "the second");
    let alert = operate(&instance, &["explain", "--delivery", &parked, "--alert", "apps/errors"]);
    assert!(alert.stdout.contains("severity"), "{}", alert.stdout);

    site.remove("objects.yaml");
    site.apply(
        "other.yaml",
        &[provider("chat", "generic", json!({ "address": sink.url("/") })), everything_from("chat")],
    );
    site.apply("other.yaml", &[provider("chat", "generic", json!({ "address": sink.url("/") }))]);
    eventually("the Alert to be gone", || {
        instance.ask("/v1/objects")["alerts"].as_array()?.is_empty().then_some(())
    });
    let gone = operate(&instance, &["explain", "--delivery", &dead]);
    assert!(gone.stderr.contains("does not exist any more"), "{gone:#?}");

    let none = operate(&instance, &["explain", "--delivery", "ffffffff"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(1), ""));
    assert!(
        none.stderr.contains("find delivery 'ffffffff': there is no such stored delivery"),
        "{}",
        none.stderr
    );
    assert_eq!(campanile(&["explain", "--delivery", "1", "--manifests", "."]).code, Some(2));
}
