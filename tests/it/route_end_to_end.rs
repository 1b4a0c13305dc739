//! Which events are forwarded: the contract's end to end cases (control plane 14.1).

use serde_json::{Value, json};

use crate::support::{Instance, NAMESPACE, Sink, Site, alert, event, object, provider};

const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io/v1";

fn sources() -> Value {
    json!([
        { "kind": "Bucket", "name": "hyacinth", "namespace": NAMESPACE },
        { "kind": "Kustomization", "name": "*" },
        { "kind": "GitRepository", "name": "*", "matchLabels": { "app": "podinfo" } },
        { "kind": "Kustomization", "name": "*", "namespace": "test" },
    ])
}

fn repository(name: &str) -> Value {
    let mut repository = object(SOURCE_GROUP, "GitRepository", name, json!({ "spec": { "interval": "1m" } }));
    repository["metadata"]["labels"] = json!({ "app": name });
    repository
}

/// One Alert with the fixture's sources and `filters` beside them.
fn start(sink: &Sink, filters: Value) -> (Site, Instance) {
    let mut forward = alert("forward", "hook", filters);
    forward["spec"]["eventSources"] = sources();
    let hook = provider("hook", "generic", json!({ "address": sink.url("/") }));
    let site = Site::with(&[hook, forward, repository("podinfo"), repository("podinfo-two")]);
    let instance = site.start(&["--no-cross-namespace-refs"]);
    (site, instance)
}

fn report(kind: &str, namespace: &str, name: &str, message: &str) -> Value {
    let mut report = event(name, message);
    report["involvedObject"]["kind"] = kind.into();
    report["involvedObject"]["namespace"] = namespace.into();
    if kind != "Kustomization" {
        report["involvedObject"]["apiVersion"] = SOURCE_GROUP.into();
    }
    report
}

/// Posts all events and compares the messages that arrive.
fn expect(sink: &Sink, instance: &Instance, cases: &[(Value, bool)]) {
    cases.iter().for_each(|(event, _)| instance.accept(event));
    instance.settle();
    let forwarded = cases.iter().filter(|(_, forwarded)| *forwarded);
    let mut expected: Vec<_> =
        forwarded.map(|(event, _)| event["message"].as_str().expect("a text").to_owned()).collect();
    expected.sort_unstable();
    assert_eq!(sink.messages(), expected);
}

#[test]
fn e01_e02_e03_e04_e09_e10_e11_e12_sources_decide_what_is_forwarded() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink, json!({}));
    let case = |id, kind, namespace, name, forwarded| (report(kind, namespace, name, id), forwarded);
    let cases = [
        case("E01", "Bucket", NAMESPACE, "hyacinth", true),
        case("E02", "GitRepository", NAMESPACE, "hyacinth", false),
        case("E03", "Bucket", NAMESPACE, "narcissus", false),
        case("E04", "Bucket", "elsewhere", "hyacinth", false),
        case("E09", "Kustomization", NAMESPACE, "any", true),
        case("E10", "GitRepository", NAMESPACE, "podinfo", true),
        case("E11", "GitRepository", NAMESPACE, "podinfo-two", false),
        case("E12", "Kustomization", "test", "any", false),
    ];
    expect(&sink, &instance, &cases);
}

#[test]
fn e05_e06_inclusion_must_match() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink, json!({ "inclusionList": ["^included"] }));
    let case = |message, forwarded| (report("Bucket", NAMESPACE, "hyacinth", message), forwarded);
    expect(&sink, &instance, &[case("included", true), case("not included", false)]);
}

#[test]
fn e07_exclusion_drops() {
    let sink = Sink::start();
    let (_site, instance) = start(&sink, json!({ "exclusionList": ["doesnotoccur", "excluded"] }));
    let case = |message, forwarded| (report("Bucket", NAMESPACE, "hyacinth", message), forwarded);
    expect(&sink, &instance, &[case("this is excluded", false), case("this is not", true)]);
}

#[test]
fn e08_exclusion_beats_inclusion() {
    let sink = Sink::start();
    let (_site, instance) =
        start(&sink, json!({ "inclusionList": ["^included"], "exclusionList": ["excluded"] }));
    let case = |message, forwarded| (report("Bucket", NAMESPACE, "hyacinth", message), forwarded);
    expect(&sink, &instance, &[case("included excluded", false), case("included", true)]);
}
