//! Contract, receivers 11.2 and 11.3: what filters see and how they combine. Each case says how many of the resources pass.

use aws_lc_rs::hmac;
use campanile_domain::ReceiverSpec;
use serde_json::{Value as Json, json};

use crate::testing::{compile, outcome, request, resource, spec, token};
use crate::{BodyError, Invalid, Selection};

fn filtered(kind: &str, top: Option<&str>, own: Option<&str>) -> ReceiverSpec {
    let resources = vec![resource(own)];
    ReceiverSpec { resource_filter: top.map(str::to_owned), resources, ..spec(kind) }
}

fn selection(spec: ReceiverSpec, fields: &[(&str, &str)], body: &[u8]) -> Result<Selection, BodyError> {
    outcome(&compile(spec), &token(), request(fields, body)).unwrap().select()
}

/// How many of `resources` a JSON request of this type selects with `filter`.
fn count(kind: &str, filter: &str, fields: &[(&str, &str)], body: &Json, resources: &[Json]) -> usize {
    let fields = [&[("Content-Type", "application/json; charset=utf-8")], fields].concat();
    let selection =
        selection(filtered(kind, Some(filter), None), &fields, body.to_string().as_bytes()).unwrap();
    resources.iter().filter(|res| selection.accepts(0, res).unwrap()).count()
}

fn named(name: &str, annotations: Option<Json>) -> Json {
    let mut metadata = json!({"name": name, "labels": {"team": "dev"}});
    if let (Some(annotations), Some(map)) = (annotations, metadata.as_object_mut()) {
        map.insert("annotations".to_owned(), annotations);
    }
    json!({"kind": "GitRepository", "apiVersion": "source.toolkit.fluxcd.io/v1", "metadata": metadata})
}

fn sign(alg: hmac::Algorithm, body: &Json) -> String {
    let tag = hmac::sign(&hmac::Key::new(alg, b"token"), body.to_string().as_bytes());
    crate::secret::hex(tag.as_ref())
}

const IMAGE: &str = "has(res.metadata.annotations) && req.tag.split('/').last().value().split(\":\").first().value() == \
                     res.metadata.annotations['update-image']";

#[test]
fn f01_f02_an_annotation_is_compared_with_the_image() {
    let body = json!({"action": "INSERT", "digest": "us-east1-docker.pkg.dev/p/r/hello@sha256:6ec1", "tag": "us-east1-docker.pkg.dev/p/r/hello:1.1"});
    let equal = named("a", Some(json!({"update-image": "hello"})));
    let other = named("b", Some(json!({"update-image": "bye"})));
    assert_eq!(count("generic", IMAGE, &[], &body, &[equal, other.clone(), named("c", None)]), 1);
    assert_eq!(count("generic", IMAGE, &[], &body, &[other]), 0);
}

#[test]
fn f03_f04_f06_git_hosts_show_their_bodies() {
    let (body, res) = (json!({"action": "push"}), [named("test-resource", None)]);
    let filter = "res.metadata.name == 'test-resource' && req.action == 'push'";
    let signature = format!("sha256={}", sign(hmac::HMAC_SHA256, &body));
    for kind in ["github", "bitbucket"] {
        assert_eq!(count(kind, filter, &[("X-Hub-Signature-256", &signature)], &body, &res), 1);
    }
    assert_eq!(count("gitlab", filter, &[("X-Gitlab-Token", "token")], &body, &res), 1);
}

#[test]
fn f05_cdevents_shows_the_body_as_it_came() {
    let context = json!({"version": "0.3.0", "id": "1", "source": "/s", "type": "dev.cdevents.change.merged.0.2.0",
        "timestamp": "2023-03-20T14:27:05Z", "gitRepository": "org/app"});
    let body = json!({"context": context, "subject": {"id": "c", "type": "change"}});
    let filter = "req.context.gitRepository.split('/').last().value() == res.metadata.name";
    assert_eq!(count("cdevents", filter, &[], &body, &[named("app", None), named("other", None)]), 1);
}

#[test]
fn f07_f08_f09_f13_f14_registries_show_their_bodies() {
    let res = [named("hello-world", None)];
    let quay = json!({"docker_url": "docker.io", "updated_tags": ["v1"]});
    assert_eq!(count("quay", "req.docker_url == 'docker.io'", &[], &quay, &res), 1);
    let harbor = json!({"events": [{"full_name": "prj/repo1"}]});
    let filter = "req.events[0].full_name == 'prj/repo1'";
    assert_eq!(count("harbor", filter, &[("Authorization", "token")], &harbor, &res), 1);
    let hub = json!({"push_data": {"tag": "app:v1"}, "repository": {"repo_url": "x"}});
    assert_eq!(count("dockerhub", "req.push_data.tag.split(':').last().value() == 'v1'", &[], &hub, &res), 1);
    let nexus = json!({"action": "CREATED", "repositoryName": "npm-proxy"});
    let signature = sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &nexus);
    let fields = [("X-Nexus-Webhook-Signature", signature.as_str())];
    assert_eq!(count("nexus", "req.repositoryName == 'npm-proxy'", &fields, &nexus, &res), 1);
    let acr = json!({"action": "push", "target": {"repository": "hello-world", "tag": "v1"}});
    assert_eq!(count("acr", "req.target.repository == 'hello-world'", &[], &acr, &res), 1);
}

#[test]
fn f15_a_missing_key_fails_the_entry() {
    let selection = selection(filtered("generic", Some("res.name == 'x'"), None), &[], b"").unwrap();
    assert!(selection.accepts(0, &named("x", None)).is_err());
}

#[test]
fn s8_2_the_body_is_read_only_if_a_filter_asks_and_it_is_declared() {
    const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
    let with = |top: Option<&str>, fields: &[(&str, &str)], body: &[u8]| {
        selection(filtered("generic", top, None), fields, body)
    };
    let empty = "!has(req.a)";
    assert!(with(None, JSON, b"broken").is_ok());
    for fields in
        [&[][..], &[("Content-Type", "text/plain")], &[("Content-Type", "nonsense, application/json")]]
    {
        assert_eq!(with(Some(empty), fields, br#"{"a":1}"#).unwrap().accepts(0, &json!({})), Ok(true));
    }
    assert_eq!(with(Some(empty), JSON, b"null").unwrap().accepts(0, &json!({})), Ok(true));
    assert_eq!(with(Some("has(req.a)"), JSON, br#"{"a":1} rest"#).unwrap().accepts(0, &json!({})), Ok(true));
    assert!(with(Some(empty), JSON, b"[]").is_err() && with(Some(empty), JSON, b"{").is_err());
}

fn invalid(kind: &str, filter: &str) -> Option<Invalid> {
    let oidc = crate::tests::oidc::providers(&[("repo", "true", "m")]);
    let oidc_providers = if kind == "generic-oidc" { oidc } else { Vec::new() };
    let spec = ReceiverSpec { oidc_providers, ..filtered(kind, Some(filter), None) };
    crate::Receiver::compile(spec.into()).err()
}

#[test]
fn u01_u02_u03_u04_filters_must_be_bool_and_know_their_names() {
    for good in ["true", "false", "req.value == 'test'"] {
        assert_eq!(invalid("generic", good), None, "{good}");
    }
    let text = |kind, filter| invalid(kind, filter).unwrap().to_string();
    assert!(
        text("generic", "'test'").contains("CEL expression output type mismatch: expected bool, got string")
    );
    assert!(text("generic", "requrest.body.value").contains("undeclared reference to 'requrest'"));
    assert!(text("generic", "claims.sub == 'test'").contains("undeclared reference to 'claims'"));
    assert_eq!(invalid("generic-oidc", "claims.sub == 'test'"), None);
}

#[test]
fn k05_a_broken_filter_is_named_with_its_place() {
    let error = invalid("generic", "has(res.metadata.annotations").unwrap();
    assert_eq!(error.reason(), "InvalidCELExpression");
    assert!(
        error.to_string().starts_with("invalid resourceFilter expression: ")
            && error.to_string().contains("annotations")
    );
    let spec = filtered("generic", None, Some("'x'"));
    let error = crate::Receiver::compile(spec.into()).unwrap_err().to_string();
    let expected = "invalid filter expression for resources[0] (kind=\"GitRepository\", name=\"app\"): ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn u10_both_filters_must_pass_if_they_are_set() {
    let (t, f) = (Some("true"), Some("false"));
    let cases = [
        (None, None, true),
        (t, None, true),
        (f, None, false),
        (None, t, true),
        (None, f, false),
        (t, t, true),
        (t, f, false),
        (f, t, false),
    ];
    for (top, own, expected) in cases {
        let selection = selection(filtered("generic", top, own), &[], b"").unwrap();
        assert_eq!(selection.accepts(0, &json!({})), Ok(expected), "{top:?} {own:?}");
    }
    let short = selection(filtered("generic", f, Some("res.nothing == 1")), &[], b"").unwrap();
    assert_eq!(short.accepts(0, &json!({})), Ok(false));
}
