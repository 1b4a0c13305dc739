use std::collections::BTreeMap;

use campanile_cel::Steps;
use serde_json::{Value as Json, json};

use super::{commit_status_name, compile_commit_status_name, default_commit_status_name};
use crate::{Event, ObjectRef, Severity};

const UID: &str = "0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a";
const PREFIX: &str = "failed to evaluate the spec.commitStatusExpr CEL expression for the event: ";

fn event(kind: &str, name: &str) -> Event {
    Event {
        involved_object: ObjectRef {
            kind: kind.into(),
            namespace: "Apps".into(),
            name: name.into(),
            ..ObjectRef::default()
        },
        severity: Severity::Info,
        message: "message".into(),
        reason: "ApplySucceeded".into(),
        reporting_controller: "kustomize-controller".into(),
        // The event's own keys are not those of the notification.
        metadata: BTreeMap::from([("kustomize.toolkit.fluxcd.io/environment".into(), "raw".into())]),
        ..Event::default()
    }
}

fn provider() -> Json {
    json!({
        "apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Provider",
        "metadata": {"name": "github", "namespace": "apps", "uid": UID, "generation": 2},
        "spec": {"type": "github"},
    })
}

fn named(text: &str) -> Result<String, String> {
    let alert = json!({"kind": "Alert", "metadata": {"name": "Status-Alert"}, "spec": {}});
    let metadata = BTreeMap::from([("environment".to_owned(), "Prod".to_owned())]);
    let expression = compile_commit_status_name(text).map_err(|error| error.to_string())?;
    let event = event("Kustomization", "gitops-system");
    commit_status_name(&expression, &event, &metadata, &provider(), &alert, Steps::ALL)
        .map_err(|error| error.to_string())
}

#[test]
fn x02_x03_the_default_name_is_kind_name_and_the_start_of_the_uid() {
    let name = |kind| default_commit_status_name(&event(kind, "gitops-system"), UID);
    assert_eq!(name("Kustomization"), "kustomization/gitops-system/0c9c2e41");
    assert_eq!(name("HelmRelease"), "helmrelease/gitops-system/0c9c2e41");
}

#[test]
fn x04_an_expression_keeps_the_case() {
    let text = "event.involvedObject.kind + '/' + event.involvedObject.name + '/' + event.metadata.environment + '/' + provider.metadata.uid";
    assert_eq!(named(text).unwrap(), format!("Kustomization/gitops-system/Prod/{UID}"));
}

#[test]
fn x05_the_first_segment_of_the_uid() {
    let text = "event.involvedObject.kind + '/' + provider.metadata.uid.split('-').first().value()";
    assert_eq!(named(text).unwrap(), "Kustomization/0c9c2e41");
}

#[test]
fn x06_the_alert_is_a_variable() {
    let text = "event.involvedObject.kind + '/' + provider.metadata.uid.split('-').first().value() + '/' + alert.metadata.name";
    assert_eq!(named(text).unwrap(), "Kustomization/0c9c2e41/Status-Alert");
}

#[test]
fn x07_the_whole_in_lower_case() {
    let text = "(event.involvedObject.kind + '/' + event.involvedObject.name + '/' + event.metadata.environment + '/' + provider.metadata.uid.split('-').first().value() + '/' + alert.metadata.name).lowerAscii()";
    assert_eq!(named(text).unwrap(), "kustomization/gitops-system/prod/0c9c2e41/status-alert");
}

#[test]
fn x08_an_absent_metadata_key_is_an_error() {
    let text = "event.involvedObject.name + event.metadata.absent";
    // The sum of two dynamic values is dynamic, so that the recorded case fails before it reads the key.
    let mismatch =
        "failed to compile expression: CEL expression output type mismatch: expected string, got dyn";
    assert_eq!(named(text).unwrap_err(), format!("{PREFIX}{mismatch}"));
    let text = "event.involvedObject.name + '/' + event.metadata.absent";
    let fault = format!("failed to evaluate the CEL expression '{text}': no such key: absent");
    assert_eq!(named(text).unwrap_err(), format!("{PREFIX}{fault}"));
}

#[test]
fn x09_a_boolean_is_an_error() {
    let mismatch =
        "failed to compile expression: CEL expression output type mismatch: expected string, got bool";
    assert_eq!(named("event.severity == 'info'").unwrap_err(), format!("{PREFIX}{mismatch}"));
}

#[test]
fn x10_other_roots_are_errors() {
    for root in ["notification", "kustomization"] {
        let error = named(&format!("{root}.metadata.name + ''")).unwrap_err();
        let start = format!(
            "{PREFIX}failed to compile expression: failed to parse the CEL expression '{root}.metadata.name + ''': "
        );
        assert!(error.starts_with(&start), "{error}");
        assert!(error.contains(&format!("undeclared reference to '{root}'")), "{error}");
    }
}

#[test]
fn an_empty_name_is_for_the_git_host_to_refuse() {
    assert_eq!(named("''").unwrap(), "");
}

#[test]
fn fields_that_are_omitted_when_empty_are_absent() {
    assert_eq!(named("has(event.reportingInstance) ? 'yes' : 'no'").unwrap(), "no");
    assert_eq!(named("has(event.involvedObject.uid) ? 'yes' : 'no'").unwrap(), "no");
    assert_eq!(named("has(event.timestamp) && event.timestamp == null ? 'yes' : 'no'").unwrap(), "yes");
    assert_eq!(named("string(provider.metadata.generation)").unwrap(), "2");
    let expression = compile_commit_status_name("event.metadata.environment + ''").unwrap();
    let error = commit_status_name(
        &expression,
        &event("A", "b"),
        &BTreeMap::new(),
        &provider(),
        &json!({}),
        Steps::ALL,
    )
    .unwrap_err();
    assert!(error.to_string().ends_with("no such key: metadata"), "{error}");
}

#[test]
fn t07_an_expression_reads_action_and_related_object() {
    let json =
        r#"{"action":"Apply","relatedObject":{"kind":"GitRepository","name":"podinfo"},"traceId":"7d0c"}"#;
    let new = Event::decode(json.as_bytes()).unwrap().event;
    let name = |text: &str, event: &Event| {
        let expression = compile_commit_status_name(text).unwrap();
        commit_status_name(&expression, event, &BTreeMap::new(), &provider(), &json!({}), Steps::ALL)
    };
    let text = "event.action + '/' + event.relatedObject.kind + '/' + event.relatedObject.name";
    assert_eq!(name(text, &new).unwrap(), "Apply/GitRepository/podinfo");
    let asked =
        "event.?action.orValue('none') + '/' + (has(event.traceId) ? 'kept' : 'unknown fields are not read')";
    assert_eq!(name(asked, &new).unwrap(), "Apply/unknown fields are not read");
    let old = event("Kustomization", "web");
    assert_eq!(name(asked, &old).unwrap(), "none/unknown fields are not read");
    assert!(name(text, &old).unwrap_err().to_string().ends_with("no such key: action"));
}

#[test]
fn the_providers_page_example_works() {
    let text = "event.involvedObject.kind.lowerAscii() + '/' + event.involvedObject.namespace + '/' + provider.metadata.uid.split('-').first().value()";
    assert_eq!(named(text).unwrap(), "kustomization/Apps/0c9c2e41");
}
