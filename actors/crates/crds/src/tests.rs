mod definition;
mod receiver;
mod remarks;

use std::time::Duration;

use campanile_domain::{Alert, ProviderClass, ProviderSpec, ProviderType, Severity, check_label};
use serde_json::{Value as Json, json};

use crate::{Level, Object, in_status, lint};

fn manifest(kind: &str, version: &str, spec: Json) -> Json {
    let mut manifest = json!({
        "apiVersion": format!("notification.toolkit.fluxcd.io/{version}"),
        "kind": kind,
        "metadata": {"name": "x", "namespace": "apps"},
    });
    manifest["spec"] = spec;
    manifest
}

fn alert(version: &str, spec: Json) -> Alert {
    match Object::from_json(&manifest("Alert", version, spec)) {
        Ok(Some(Object::Alert(alert))) => alert,
        other => panic!("{other:?}"),
    }
}

fn provider(version: &str, spec: Json) -> ProviderSpec {
    match Object::from_json(&manifest("Provider", version, spec)) {
        Ok(Some(Object::Provider(provider))) => provider,
        other => panic!("{other:?}"),
    }
}

fn violations(json: &Json) -> Vec<String> {
    Object::from_json(json).unwrap_err().iter().map(ToString::to_string).collect()
}

fn findings(json: &Json) -> Vec<(Level, String)> {
    let said = lint(json).into_iter().filter(|finding| finding.concerns.is_said(None));
    said.map(|finding| (finding.level, finding.violation.to_string())).collect()
}

#[test]
fn an_alert_of_every_version_is_read_with_the_fields_of_that_version() {
    let spec = json!({
        "providerRef": {"name": "chat"},
        "eventSeverity": "error",
        "eventSources": [
            {"kind": "Kustomization", "name": "*", "matchLabels": {"team": "a"}},
            {"kind": "HelmRelease", "name": "web", "namespace": "prod"},
        ],
        "inclusionList": ["in"],
        "exclusionList": ["out"],
        "eventMetadata": {"cluster": "one"},
        "summary": "s",
        "suspend": true,
        "later": {"unknown": 1},
    });
    for version in ["v1beta1", "v1beta2", "v1beta3", "v1"] {
        let alert = alert(version, spec.clone());
        assert_eq!(alert.key.to_string(), "apps/x");
        assert_eq!(alert.provider.to_string(), "apps/chat");
        assert_eq!(alert.severity, Severity::Error);
        assert_eq!(
            (alert.sources[0].namespace.as_str(), alert.sources[1].namespace.as_str()),
            ("apps", "prod")
        );
        assert_eq!(alert.sources[0].match_labels.as_ref().unwrap()["team"], "a");
        assert_eq!((alert.exclusion, alert.suspend), (vec!["out".to_owned()], true));
        let later = version != "v1beta1";
        assert_eq!(alert.inclusion.is_empty(), !later, "{version}");
        assert_eq!(alert.event_metadata.is_empty(), !later, "{version}");
    }
}

#[test]
fn defaults_of_an_alert() {
    let alert = alert("v1beta3", json!({"providerRef": {"name": "chat"}, "eventSources": []}));
    assert_eq!(alert.severity, Severity::Info);
    assert_eq!((&*alert.uid, alert.generation), ("", 1));
    let mut bare = manifest("Alert", "v1beta3", json!({"providerRef": {"name": "c"}, "eventSources": null}));
    bare["metadata"] = json!({"name": "x"});
    assert_eq!(violations(&bare), ["spec.eventSources is required"]);
    assert_eq!(Object::identity(&bare).unwrap().1.to_string(), "default/x");
}

#[test]
fn every_violation_of_an_alert_is_told_with_its_path() {
    let found = violations(&manifest(
        "Alert",
        "v1beta3",
        json!({
            "providerRef": {},
            "eventSeverity": "warn",
            "eventSources": [{"kind": "", "name": ""}, {"name": 5}, "x", {"kind": "Bucket", "name": "n", "namespace": "n".repeat(254)}],
            "inclusionList": ["ok", 1],
            "eventMetadata": {"a.b/c": true},
            "summary": "é".repeat(256),
            "suspend": "yes",
        }),
    ));
    let expected = [
        "spec.providerRef.name is required",
        "spec.eventSeverity must be 'info' or 'error'",
        "spec.eventSources[0].kind must not be empty",
        "spec.eventSources[0].name must not be empty",
        "spec.eventSources[1].kind is required",
        "spec.eventSources[1].name must be a string, not a number; quote it",
        "spec.eventSources[2] must be a mapping with kind and name",
        "spec.eventSources[3].namespace is longer than 253 characters",
        "spec.inclusionList[1] must be a string, not a number; quote it",
        "spec.eventMetadata[\"a.b/c\"] must be a string, not a boolean; quote it",
        "spec.summary is longer than 255 characters",
        "spec.suspend must be true or false, not a string",
    ];
    for line in expected {
        assert!(found.iter().any(|violation| violation == line), "{line}\nnot in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn v1beta1_knows_shorter_names() {
    let spec = |kind: &str, name: String| json!({"providerRef": {"name": "c"}, "eventSources": [{"kind": kind, "name": name}], "summary": "s".repeat(300)});
    alert("v1beta1", spec("Bucket", "n".repeat(53)));
    let long = manifest("Alert", "v1beta1", spec("Bucket", "n".repeat(54)));
    assert_eq!(violations(&long), ["spec.eventSources[0].name is longer than 53 characters"]);
    alert(
        "v1beta2",
        json!({"providerRef": {"name": "c"}, "eventSources": [{"kind": "ArtifactGenerator", "name": "n".repeat(253)}]}),
    );
}

#[test]
fn t04_a_kind_of_others_is_taken_in_every_version_and_a_slip_of_the_pen_is_a_warning() {
    let spec =
        |kind: &str| json!({"providerRef": {"name": "c"}, "eventSources": [{"kind": kind, "name": "*"}]});
    for version in ["v1beta1", "v1beta2", "v1beta3", "v1"] {
        assert_eq!(alert(version, spec("Terraform")).sources[0].kind, "Terraform");
    }
    assert_eq!(findings(&manifest("Alert", "v1", spec("Terraform"))), []);
    let warning = "spec.eventSources[0].kind 'HelmRelase' is no kind of Flux, and differs little from 'HelmRelease'; \
                   is that meant?";
    assert_eq!(
        findings(&manifest("Alert", "v1", spec("HelmRelase"))),
        [(Level::Warning, warning.to_owned())]
    );
}

#[test]
fn t03_remarks_for_the_status_are_the_fields_that_flux_drops_and_entries_that_match_nothing() {
    let spec = json!({
        "providerRef": {"name": "c"}, "summary": "s", "typo": 1,
        "eventSources": [{"kind": "Bucket", "name": "*"}, {"kind": "Bucket", "name": "*", "namespace": "*"}],
    });
    let said = "spec.summary is deprecated, Flux's controller of 2.10 drops it; use spec.eventMetadata.summary; \
                spec.eventSources[1].namespace '*' names no namespace, so this entry matches nothing; write an entry \
                for each namespace";
    assert_eq!(in_status(&lint(&manifest("Alert", "v1beta2", spec))).as_deref(), Some(said));
    let sound = json!({"providerRef": {"name": "c"}, "eventSources": [], "typo": 1});
    let sound = lint(&manifest("Alert", "v1beta2", sound));
    assert_eq!((sound.len(), in_status(&sound)), (3, None), "a version or a typo is no matter of status");
}

#[test]
fn a_provider_of_every_version_is_read_with_the_fields_of_that_version() {
    let spec = json!({
        "type": "github", "address": "https://example.com/x", "channel": "c", "username": "u", "interval": "1h",
        "timeout": "1m30s", "proxy": "http://proxy:3128", "secretRef": {"name": "s"}, "certSecretRef": {"name": "t"},
        "proxySecretRef": {"name": "p"}, "serviceAccountName": "sa", "commitStatusExpr": "'x'", "suspend": true,
    });
    for version in ["v1beta1", "v1beta2", "v1beta3", "v1"] {
        let provider = provider(version, spec.clone());
        assert_eq!(provider.timeout, Some(Duration::from_secs(90)));
        assert_eq!(provider.secret_ref.as_deref(), Some("s"));
        assert_eq!(provider.cert_secret_ref.as_deref(), Some("t"));
        assert_eq!((provider.proxy.as_str(), provider.suspend), ("http://proxy:3128", true));
        let newest = version != "v1beta1";
        assert_eq!(provider.proxy_secret_ref.is_some(), newest, "{version}");
        assert_eq!(provider.service_account == "sa", newest, "{version}");
        assert_eq!(provider.commit_status_expr.is_some(), newest, "{version}");
    }
}

#[test]
fn every_violation_of_a_provider_is_told_with_its_path() {
    let found = violations(&manifest(
        "Provider",
        "v1beta3",
        json!({
            "address": "a".repeat(2049), "channel": 1, "timeout": "1h", "interval": "soon", "proxy": "socks5://x",
            "secretRef": "s", "certSecretRef": {"name": 1},
        }),
    ));
    assert_eq!(
        found,
        [
            "spec.type is required",
            "spec.interval must be a duration in ms, s, m or h, for example 1m30s",
            "spec.address is longer than 2048 characters",
            "spec.channel must be a string, not a number; quote it",
            "spec.timeout must be a duration in ms, s or m, for example 1m30s",
            "spec.proxy must start with http:// or https:// and be one line",
            "spec.secretRef must be a mapping, not a string",
            "spec.certSecretRef.name must be a string, not a number; quote it",
        ]
    );
    let old = manifest("Provider", "v1beta1", json!({"type": "slack", "address": "nats://x"}));
    assert_eq!(violations(&old).len(), 1);
    let served =
        provider("v1beta1", json!({"type": "slack", "address": format!("http://{}", "a".repeat(3000))}));
    assert_eq!(served.address.len(), 3007, "v1beta1 has no bound");
}

#[test]
fn k08_commit_status_expr_is_accepted_on_commit_status_types() {
    for kind in ProviderType::all().filter(|kind| kind.class() == ProviderClass::CommitStatus) {
        let provider = provider("v1beta3", json!({"type": kind.name(), "commitStatusExpr": "'a'"}));
        assert_eq!(provider.commit_status_expr.as_deref(), Some("'a'"));
    }
}

#[test]
fn k09_commit_status_expr_on_slack_is_rejected() {
    let slack = manifest("Provider", "v1beta3", json!({"type": "slack", "commitStatusExpr": "'a'"}));
    assert_eq!(
        violations(&slack),
        ["spec.commitStatusExpr is only supported for the 'github', 'gitlab', 'gitea', 'bitbucketserver', \
          'bitbucket', 'azuredevops' provider types"]
    );
}

#[test]
fn k10_github_needs_no_commit_status_expr() {
    assert_eq!(provider("v1beta3", json!({"type": "github"})).commit_status_expr, None);
}

#[test]
fn an_unknown_type_is_accepted_but_an_error_of_the_lint() {
    let unknown = manifest("Provider", "v1beta3", json!({"type": "carrier-pigeon"}));
    assert!(matches!(Object::from_json(&unknown), Ok(Some(Object::Provider(_)))));
    let found = findings(&unknown);
    assert_eq!(found[0].0, Level::Error);
    assert!(found[0].1.contains("'carrier-pigeon' is not supported; use one of generic, "), "{found:?}");
}

#[test]
fn a_type_that_a_version_does_not_have_is_an_error_of_the_lint() {
    for (version, kind, wrong) in [
        ("v1beta1", "gitea", true),
        ("v1beta1", "slack", false),
        ("v1beta2", "gitea", false),
        ("v1beta1", "mastodon", true),
        ("v1beta2", "mastodon", false),
        ("v1", "mastodon", false),
    ] {
        let found = findings(&manifest("Provider", version, json!({"type": kind})));
        let is_wrong =
            found.iter().any(|finding| finding.0 == Level::Error && finding.1.starts_with("spec.type "));
        assert_eq!(is_wrong, wrong, "{version} {kind}: {found:?}");
    }
}

#[test]
fn a_type_that_flux_has_in_a_later_version_is_a_warning() {
    for (version, kind, needed) in
        [("v1beta2", "nats", Some("v1beta3")), ("v1beta3", "mastodon", Some("v1")), ("v1", "mastodon", None)]
    {
        let found = findings(&manifest("Provider", version, json!({"type": kind})));
        let warning = needed.map(|needed| {
            format!(
                "spec.type is a type that Flux itself does not take in {version}; use apiVersion \
                 notification.toolkit.fluxcd.io/{needed} for '{kind}'"
            )
        });
        let told = found.iter().find(|finding| finding.1.starts_with("spec.type")).cloned();
        assert_eq!(told, warning.map(|text| (Level::Warning, text)), "{version} {kind}");
    }
}

#[test]
fn t03_each_field_that_flux_drops_is_one_finding_in_every_version() {
    let said = "is deprecated, Flux's controller of 2.10 drops it";
    for version in ["v1beta2", "v1beta3", "v1"] {
        let alert = json!({"providerRef": {"name": "c"}, "eventSources": [], "summary": "s"});
        let provider = json!({"type": "slack", "proxy": "http://proxy", "interval": "1m"});
        for (kind, spec, fields) in
            [("Alert", alert, &["summary"][..]), ("Provider", provider, &["proxy", "interval"])]
        {
            let found = findings(&manifest(kind, version, spec));
            for field in fields {
                let count = found
                    .iter()
                    .filter(|finding| finding.1.starts_with(&format!("spec.{field} {said}")))
                    .count();
                assert_eq!(count, 1, "{version} {kind} {field}: {found:?}");
            }
        }
    }
}

#[test]
fn a_version_that_does_not_exist_says_which_to_use() {
    let found = violations(&manifest("Alert", "v2", json!({})));
    assert_eq!(found, ["apiVersion names version 'v2' that Alert does not have; use v1"]);
}

#[test]
fn a_secret_is_decoded_and_string_data_wins() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "kubernetes.io/tls",
        "data": {"token": "aGVs\nbG8=", "both": "YQ=="}, "stringData": {"both": "plain"},
    });
    let Ok(Some(Object::Secret(secret))) = Object::from_json(&secret) else { panic!("no Secret") };
    assert_eq!(
        (secret.key.to_string().as_str(), secret.type_name.as_str()),
        ("default/s", "kubernetes.io/tls")
    );
    assert_eq!(
        (secret.data["token"].as_slice(), secret.data["both"].as_slice()),
        (&b"hello"[..], &b"plain"[..])
    );
}

#[test]
fn a_secret_that_is_not_base64_is_told_without_its_value() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"token": "hunter2!"},
    });
    assert_eq!(
        violations(&secret),
        ["data.token is not base64; encode the value, or put it under stringData as it is"]
    );
}

#[test]
fn other_objects_keep_their_labels_and_nothing_else() {
    let pod = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "labels": {"a": "b", "n": 1}}});
    let Ok(Some(Object::Labelled { api_version, kind, key, labels })) = Object::from_json(&pod) else {
        panic!("none")
    };
    assert_eq!(
        (api_version.as_str(), kind.as_str(), key.to_string().as_str()),
        ("apps/v1", "Deployment", "default/d")
    );
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "b".to_owned())]);
    for ignored in [
        json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}),
        json!({"replicas": 3}),
        json!(null),
    ] {
        assert_eq!(Object::from_json(&ignored), Ok(None), "{ignored}");
    }
}

#[test]
fn metadata_must_name_the_object() {
    let spec = json!({"type": "slack"});
    let with = |metadata: Json| {
        let mut json = manifest("Provider", "v1beta3", spec.clone());
        json["metadata"] = metadata;
        violations(&json)
    };
    assert_eq!(with(json!({})), ["metadata.name is required"]);
    assert_eq!(with(json!({"name": ""})), ["metadata.name must not be empty"]);
    assert_eq!(with(json!({"name": 5})), ["metadata.name must be a string, not a number; quote it"]);
    assert_eq!(with(json!({"name": "x", "labels": {"v": 1.5}})).len(), 1);
    let without_spec = json!({"apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Alert", "metadata": {"name": "x"}});
    assert_eq!(violations(&without_spec), ["spec is required"]);
}

#[test]
fn labels_are_judged_by_the_rules_of_kubernetes() {
    for (key, value) in [("team", "a"), ("app.kubernetes.io/name", "my_App.1"), ("a", "")] {
        assert_eq!(check_label(key, value), Ok(()), "{key}={value}");
    }
    for (key, value) in
        [("", "a"), ("-a", "b"), ("a/b/c", "d"), ("UP.com/a", "b"), ("/a", "b"), ("a", "b c"), ("a", "-")]
    {
        assert!(check_label(key, value).is_err(), "{key}={value}");
    }
    assert!(check_label("a", &"x".repeat(64)).is_err());
}
