//! Receivers: how they are read, and what is remarked (contract, receivers 1.1 to 1.3).

use std::time::Duration;

use campanile_domain::ReceiverSpec;
use serde_json::{Value as Json, json};

use super::{findings, manifest, violations};
use crate::{Level, Object};

fn receiver(version: &str, spec: Json) -> ReceiverSpec {
    match Object::from_json(&manifest("Receiver", version, spec)) {
        Ok(Some(Object::Receiver(receiver))) => receiver,
        other => panic!("{other:?}"),
    }
}

/// Everything that v1 has.
fn everything() -> Json {
    json!({
        "type": "github", "interval": "1m30s", "events": ["push"], "resourceFilter": "true", "suspend": true,
        "secretRef": {"name": "token"},
        "resources": [
            {"kind": "GitRepository", "name": "app", "namespace": "prod", "filter": "false"},
            {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "name": "*", "matchLabels": {}},
        ],
        "oidcProviders": [{
            "issuerURL": "https://issuer", "audience": "flux", "variables": [{"name": "a", "expression": "1"}],
            "validations": [{"expression": "true", "message": "m"}],
        }],
    })
}

#[test]
fn a_receiver_is_read_with_the_fields_of_its_version() {
    let new = receiver("v1", everything());
    assert_eq!((new.key.to_string().as_str(), new.type_name.as_str()), ("apps/x", "github"));
    assert_eq!((new.effective_interval(), new.suspend), (Duration::from_secs(90), true));
    assert_eq!(new.resource_filter.as_deref(), Some("true"));
    assert_eq!(new.secret_key().unwrap().to_string(), "apps/token");
    let [app, all] = new.resources.as_slice() else { panic!("{:?}", new.resources) };
    assert_eq!((app.filter.as_deref(), app.namespace.as_deref()), (Some("false"), Some("prod")));
    assert!(all.is_wildcard() && all.match_labels.as_ref().unwrap().is_empty());
    assert_eq!(new.oidc_providers[0].validations[0].message, "m");
    let old = receiver("v1beta2", everything());
    assert_eq!(
        (old.resource_filter, old.resources[0].filter.clone(), old.oidc_providers),
        (None, None, vec![])
    );
}

#[test]
fn k04_the_interval_is_ten_minutes_where_none_is_given() {
    let spec = json!({"type": "generic", "resources": [], "secretRef": {"name": "t"}});
    assert_eq!(receiver("v1", spec).effective_interval(), Duration::from_secs(600));
}

#[test]
fn the_annotation_lets_alerts_notify_of_webhooks() {
    let mut object = manifest("Receiver", "v1", everything());
    for (value, notifies) in [("true", true), ("yes", false)] {
        object["metadata"]["annotations"] = json!({"notification.campanile.dev/notify": value});
        let Ok(Some(Object::Receiver(read))) = Object::from_json(&object) else { panic!("it is one") };
        assert_eq!(read.notify, notifies, "{value}");
    }
}

#[test]
fn every_violation_of_a_receiver_is_told_with_its_path() {
    let found = violations(&manifest(
        "Receiver",
        "v1beta2",
        json!({
            "type": "cdevents", "interval": "10", "events": [1],
            "resources": [{"kind": "", "name": ""}, 3, {"kind": "Bucket"}],
        }),
    ));
    let types = "generic, generic-hmac, github, gitlab, bitbucket, harbor, dockerhub, quay, gcr, nexus, acr";
    let expected = [
        "spec.secretRef is required".to_owned(),
        format!("spec.type is 'cdevents', which v1beta2 does not have; use one of {types}"),
        "spec.interval must be a duration in ms, s, m or h, for example 1m30s".to_owned(),
        "spec.events[0] must be a string, not a number; quote it".to_owned(),
        "spec.resources[0].kind must not be empty".to_owned(),
        "spec.resources[0].name must not be empty".to_owned(),
        "spec.resources[1] must be a mapping with kind and name".to_owned(),
        "spec.resources[2].name is required".to_owned(),
    ];
    assert_eq!(found, expected);
    let other = violations(&manifest("Receiver", "v1beta3", everything()));
    assert_eq!(other, ["apiVersion names version 'v1beta3' that Receiver does not have; use v1"]);
}

#[test]
fn issue_20_what_can_never_verify_or_reconcile_is_remarked() {
    let sound = json!({"kind": "GitRepository", "name": "app"});
    let with = |field: &str, value: Json| {
        let mut spec = json!({"type": "harbor", "secretRef": {"name": "t"}, "resources": [sound]});
        spec[field] = value;
        findings(&manifest("Receiver", "v1", spec))
    };
    let resource = |entry: Json| with("resources", json!([entry]));
    assert_eq!(with("suspend", json!(false)), []);
    for (said, level, words) in [
        (with("events", json!(["push"])), Level::Warning, "type 'harbor' does not look at events"),
        (with("resources", json!([])), Level::Warning, "a webhook does nothing"),
        (with("secretRef", json!(null)), Level::Error, "spec.secretRef is required"),
        (with("event", json!(["push"])), Level::Error, "spec.event is not a field"),
        (resource(json!({"kind": "Kustomization", "name": "app"})), Level::Error, "no default"),
        (
            resource(json!({"kind": "GitRepositry", "name": "a", "apiVersion": "a/v1"})),
            Level::Warning,
            "'GitRepository'",
        ),
        (
            resource(json!({"kind": "Pod", "name": "a", "apiVersion": "v1"})),
            Level::Warning,
            "unless somebody added it",
        ),
        (resource(json!({"kind": "Bucket", "name": "*"})), Level::Error, "write {} for all objects"),
        (resource(json!({"kind": "Bucket", "name": "app-*"})), Level::Error, "only '*' alone"),
        (resource(json!({"kind": "Bucket", "name": "a", "matchLabels": {}})), Level::Warning, "is ignored"),
        (
            resource(json!({"kind": "Bucket", "name": "*", "matchLabels": {"a": "b c"}})),
            Level::Error,
            "selects nothing",
        ),
        (
            resource(json!({"kind": "Bucket", "name": "a", "namespace": "*"})),
            Level::Error,
            "names no namespace",
        ),
    ] {
        let [(found, text)] = said.as_slice() else { panic!("{words}: {said:?}") };
        assert!(*found == level && text.contains(words), "{words}: {said:?}");
    }
}

#[test]
fn issue_20_issuers_are_judged_as_the_controller_does() {
    let issuer = json!({"issuerURL": "https://i", "validations": [{"expression": "true", "message": "m"}]});
    let of = |issuers: Json| {
        let spec = json!({"type": "generic-oidc", "resources": [{"kind": "Bucket", "name": "a"}], "oidcProviders": issuers});
        findings(&manifest("Receiver", "v1", spec))
    };
    assert_eq!(of(json!([issuer])), []);
    for (issuers, words) in [
        (json!([]), "at least one issuer"),
        (json!([issuer, issuer]), "a second time"),
        (json!([{"issuerURL": "i", "validations": issuer["validations"]}]), "must start with https://"),
        (json!([{"validations": issuer["validations"]}]), "issuerURL is required"),
        (json!([{"issuerURL": "https://i"}]), "every caller with a token"),
        (json!([{"issuerURL": "https://i", "validations": [{"expression": "true"}]}]), "message is required"),
    ] {
        let said = of(issuers);
        assert!(said.len() == 1 && said[0].1.contains(words), "{words}: {said:?}");
    }
}

#[test]
fn v1beta2_is_old_and_lacks_fields() {
    let said = findings(&manifest("Receiver", "v1beta2", everything()));
    for words in [
        "upgrade to v1",
        "spec.resourceFilter is not",
        "spec.oidcProviders is not",
        "resources[0].filter is not",
    ] {
        assert!(said.iter().any(|(_, text)| text.contains(words)), "{words}: {said:?}");
    }
    assert_eq!(said.len(), 4, "{said:?}");
}
