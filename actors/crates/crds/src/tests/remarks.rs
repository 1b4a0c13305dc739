//! What is said of objects that are accepted, and of documents that are none.

use serde_json::{Value as Json, json};

use super::{findings, manifest};
use crate::flux::Flux;
use crate::{Cause, Level, Object, Rule, lint, misfit};

fn texts(json: &Json) -> Vec<(Level, String)> {
    findings(json)
}

fn alert_with(part: &str, value: Json) -> Json {
    let mut spec = json!({"providerRef": {"name": "c"}, "eventSources": [{"kind": "Bucket", "name": "*"}]});
    spec[part] = value;
    manifest("Alert", "v1beta3", spec)
}

#[test]
fn item_11_deprecated_fields_are_warnings_and_what_is_dropped_is_an_error() {
    let found = texts(&manifest("Alert", "v1beta1", json!({"summary": "s", "inclusionList": [], "typo": 1})));
    let (error, warning) = (Level::Error, Level::Warning);
    let expected = [
        (
            error,
            "apiVersion is old: no API server serves Alert in v1beta1; upgrade to v1, or to v1beta3 for Flux 2.9 and older",
        ),
        (error, "spec.typo is not a field of this kind and is ignored; correct its name or remove it"),
        (
            warning,
            "spec.summary is deprecated, Flux's controller of 2.10 drops it; use spec.eventMetadata.summary",
        ),
        (error, "spec.inclusionList is not a field of v1beta1 and is ignored; upgrade to v1"),
    ];
    assert_eq!(found, expected.map(|(level, text)| (level, text.to_owned())));
    assert!(findings(&alert_with("suspend", json!(false))).is_empty());
}

#[test]
fn item_11_a_field_that_is_none_is_told_at_every_level_with_the_nearest_name() {
    let provider = |spec: Json| manifest("Provider", "v1beta3", spec);
    for (object, place, meant) in [
        (
            alert_with("providerRef", json!({"name": "c", "namespace": "x"})),
            "spec.providerRef.namespace",
            None,
        ),
        (
            alert_with("eventSources", json!([{"kind": "Bucket", "name": "*", "nmespace": "x"}])),
            "spec.eventSources[0].nmespace",
            Some("namespace"),
        ),
        (
            alert_with("eventSources", json!([{"kind": "Bucket", "name": "*", "matchLabel": {"a": "b"}}])),
            "spec.eventSources[0].matchLabel",
            Some("matchLabels"),
        ),
        (alert_with("exclusionlist", json!([])), "spec.exclusionlist", Some("exclusionList")),
        (provider(json!({"type": "slack", "adress": "x"})), "spec.adress", Some("address")),
        (
            provider(json!({"type": "slack", "secretRef": {"nam": "x", "name": "y"}})),
            "spec.secretRef.nam",
            Some("name"),
        ),
    ] {
        let found = texts(&object);
        let [(Level::Error, text)] = found.as_slice() else { panic!("{place}: {found:?}") };
        assert!(text.starts_with(&format!("{place} is not a field of this kind")), "{text}");
        assert_eq!(text.contains("write '"), meant.is_some(), "{text}");
        assert!(meant.is_none_or(|meant| text.contains(&format!("write '{meant}'"))), "{text}");
    }
    let mut labelled = alert_with("suspend", json!(true));
    labelled["metadata"]["lables"] = json!({});
    labelled["status"] = json!({"anything": 1});
    labelled["metadata"]["annotations"] = json!({"any": "thing"});
    assert_eq!(
        texts(&labelled)[0].1,
        "metadata.lables is not a field of this kind and is ignored; write 'labels', if that is meant"
    );
    assert_eq!(texts(&labelled).len(), 1);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringdata": {}, "data": {"a b": ""}});
    let found = texts(&secret);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].1.contains("write 'stringData'") && found[1].1.contains("data.a b is a key"),
        "{found:?}"
    );
}

#[test]
fn item_13_names_that_nothing_can_have_and_patterns_that_look_for_a_backslash_are_warnings() {
    for (object, rule) in [
        (alert_with("eventSources", json!([])), Rule::NoSources),
        (alert_with("eventSources", json!([{"kind": "Bucket", "name": "pod*"}])), Rule::NeverMatches),
        (alert_with("eventSources", json!([{"kind": "Bucket", "name": "Pod_Info"}])), Rule::NeverMatches),
        (alert_with("inclusionList", json!(["ok", "a\\\\.b"])), Rule::Backslash),
        (alert_with("exclusionList", json!(["\\\\d+"])), Rule::Backslash),
        (alert_with("eventMetadata", json!({"cluster": "${CLUSTER}"})), Rule::Variable),
    ] {
        let found = lint(&object);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].level, found[0].violation.rule), (Level::Warning, rule), "{object}");
    }
}

#[test]
fn item_13_a_variable_in_a_name_is_an_error_and_so_is_a_name_that_the_api_server_refuses() {
    for (object, rule) in [
        (alert_with("providerRef", json!({"name": "${PROVIDER}"})), Rule::Variable),
        (
            manifest("Provider", "v1beta3", json!({"type": "slack", "serviceAccountName": "${ACCOUNT:=x}"})),
            Rule::Variable,
        ),
        (
            {
                let mut alert = alert_with("suspend", json!(true));
                alert["metadata"]["name"] = json!("Not_Valid");
                alert
            },
            Rule::Schema,
        ),
        (
            {
                let mut alert = alert_with("suspend", json!(true));
                alert["metadata"]["labels"] = json!({"a": "b c"});
                alert
            },
            Rule::Schema,
        ),
    ] {
        let found = lint(&object);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].level, found[0].violation.rule), (Level::Error, rule), "{object}");
    }
}

#[test]
fn item_17_what_breaks_for_a_release_of_flux_is_known() {
    let provider = |version: &str, spec: Json| manifest("Provider", version, spec);
    let (v2_9, v2_10) = (Some(Flux::V2_9), Some(Flux::V2_10));
    let sources = json!([{"kind": "Bucket", "name": "*"}]);
    let alert = |version: &str| {
        manifest(
            "Alert",
            version,
            json!({"providerRef": {"name": "c"}, "eventSources": sources, "summary": "s"}),
        )
    };
    // The object; errors for Campanile alone, for Flux 2.9, for Flux 2.10.
    for (object, wanted) in [
        (alert("v1"), [0, 1, 1]),
        (alert("v1beta3"), [0, 0, 0]),
        (alert("v1beta2"), [0, 1, 1]),
        (alert("v1beta1"), [1, 1, 1]),
        (provider("v1", json!({"type": "mastodon"})), [0, 1, 0]),
        (provider("v1beta3", json!({"type": "mastodon"})), [0, 1, 1]),
        (provider("v1", json!({"type": "slack", "proxy": "http://p", "interval": "1m"})), [0, 1, 2]),
    ] {
        let count = |flux| {
            let found = lint(&object);
            let said = found.iter().filter(|finding| finding.concerns.is_said(flux));
            said.filter(|finding| {
                finding.concerns.breaks(flux)
                    || (finding.level == Level::Error && finding.concerns.is_said(None))
            })
            .count()
        };
        assert_eq!([count(None), count(v2_9), count(v2_10)], wanted, "{object}");
    }
}

#[test]
fn item_10_what_is_no_object_says_why() {
    let ours = "notification.toolkit.fluxcd.io/v1beta3";
    let named = |api_version: &str, kind: &str| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}});
    for (json, rule, words) in [
        (json!({"apiVersion": ours, "metadata": {"name": "x"}}), Rule::NoObject, "no kind"),
        (json!({"kind": "Alert", "metadata": {"name": "x"}}), Rule::NoObject, "no apiVersion"),
        (json!({"metadata": {"name": "x"}, "spec": {}}), Rule::NoObject, "neither apiVersion nor kind"),
        (json!({"apiVersion": 1, "kind": "Alert"}), Rule::NoObject, "must be a string"),
        (json!({"apiVersion": ours, "kind": ["Alert"]}), Rule::NoObject, "must be a string"),
        (json!([named(ours, "Alert")]), Rule::NoObject, "'kind: List'"),
        (json!("text"), Rule::NoObject, "single value"),
        (named(ours, "Alerts"), Rule::UnknownKind, "write 'Alert'"),
        (named(ours, "provider"), Rule::UnknownKind, "write 'Provider'"),
        (named(ours, "Banana"), Rule::UnknownKind, "write Alert or Provider or Receiver"),
        (
            named("notifications.toolkit.fluxcd.io/v1", "Alert"),
            Rule::UnknownGroup,
            "write notification.toolkit.fluxcd.io/v1",
        ),
        (named("source.toolkit.fluxcd.io/v1", "Provider"), Rule::UnknownGroup, "has no Provider"),
        (
            named("notification.toolkit.fluxcd.io", "Alert"),
            Rule::UnknownGroup,
            "write notification.toolkit.fluxcd.io/v1beta3",
        ),
        (named("v1beta3", "Alert"), Rule::UnknownGroup, "write notification.toolkit.fluxcd.io/v1beta3"),
        (named("v1", "secret"), Rule::UnknownKind, "write 'Secret'"),
        (named("v1beta1", "Secret"), Rule::UnknownVersion, "write v1"),
        (named("ENC[AES256_GCM,data:x]", "ENC[AES256_GCM,data:y]"), Rule::EncryptedFile, "SOPS"),
        (json!({"data": "ENC[AES256_GCM,data:x]", "sops": {}}), Rule::EncryptedFile, "SOPS"),
        (
            json!({"apiVersion": ours, "kind": "Provider", "metadata": {"name": "x"}, "spec": {"address": "ENC[AES256_GCM,x]"}}),
            Rule::EncryptedFile,
            "SOPS",
        ),
    ] {
        let found = misfit(&json).unwrap_or_else(|| panic!("nothing is said of {json}"));
        assert_eq!((found.level, found.violation.rule), (Level::Error, rule), "{json}");
        assert!(found.violation.message.contains(words), "{json}: {}", found.violation);
    }
    let values = misfit(&json!({"replicas": 3})).unwrap();
    assert_eq!((values.level, values.violation.rule), (Level::Warning, Rule::NoObject));
    for sound in [
        json!(null),
        json!({}),
        json!({"resources": ["a.yaml"]}),
        named(ours, "Alert"),
        named(ours, "Receiver"),
        named(ours, "AlertList"),
        named("monitoring.example.com/v1", "Alert"),
        named("pkg.crossplane.io/v1", "Provider"),
        named("v1", "Service"),
        named("v1", "Secret"),
    ] {
        assert_eq!(misfit(&sound), None, "{sound}");
    }
}

#[test]
fn item_12_secrets_that_are_elsewhere_are_known_by_the_name_that_they_get() {
    let made = |api_version: &str, kind: &str, spec: Json| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "own", "namespace": "apps"}, "spec": spec});
    for (json, name) in [
        (made("bitnami.com/v1alpha1", "SealedSecret", json!({"encryptedData": {"token": "Ag"}})), "apps/own"),
        (
            made(
                "bitnami.com/v1alpha1",
                "SealedSecret",
                json!({"template": {"metadata": {"name": "sealed"}}}),
            ),
            "apps/sealed",
        ),
        (
            made("external-secrets.io/v1beta1", "ExternalSecret", json!({"target": {"name": "given"}})),
            "apps/given",
        ),
        (made("external-secrets.io/v1", "ExternalSecret", json!({"target": {}})), "apps/own"),
        (
            made(
                "secrets.hashicorp.com/v1beta1",
                "VaultStaticSecret",
                json!({"destination": {"name": "vault"}}),
            ),
            "apps/vault",
        ),
        (made("onepassword.com/v1", "OnePasswordItem", json!({})), "apps/own"),
        (made("cert-manager.io/v1", "Certificate", json!({"secretName": "tls"})), "apps/tls"),
    ] {
        let Ok(Some(Object::Hidden(hidden))) = Object::from_json(&json) else { panic!("{json}") };
        assert_eq!(hidden.key.to_string(), name);
        assert!(matches!(hidden.cause, Cause::Made(_)), "{:?}", hidden.cause);
    }
    for part in ["data", "stringData"] {
        let mut json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "sops": {}});
        json[part] = json!({"plain": "", "token": "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"});
        let Ok(Some(Object::Hidden(hidden))) = Object::from_json(&json) else { panic!("{json}") };
        assert_eq!((hidden.key.to_string().as_str(), hidden.cause), ("default/s", Cause::Encrypted));
    }
}

#[test]
fn item_16_a_null_in_a_secret_is_an_empty_value() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "data": {"a": null}, "stringData": {"token": null},
    });
    let Ok(Some(Object::Secret(secret))) = Object::from_json(&secret) else { panic!("no Secret") };
    assert!(secret.data["a"].is_empty() && secret.data["token"].is_empty());
}
