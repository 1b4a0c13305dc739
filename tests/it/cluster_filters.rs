//! Filters that see the requests of each type, against real objects (contract, receivers 11.2).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256};
use serde_json::{Value, json};

use crate::cluster_receivers::{Stage, repository};
use crate::support::{eventually, object, secret};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A request that its type verifies, and a filter that only its body satisfies.
struct Case {
    name: &'static str,
    kind: &'static str,
    head: String,
    body: &'static str,
    filter: &'static str,
}

const ACTION: &str = r#"{"action":"push"}"#;
const NEXUS: &str = r#"{"action":"CREATED","repositoryName":"npm-proxy"}"#;
const CHANGE: &str = r#"{
    "context": {
        "version": "0.3.0", "id": "1", "source": "/event/source/1", "type": "dev.cdevents.change.merged.0.2.0",
        "timestamp": "2026-12-01T10:00:00Z", "gitRepository": "fleet"
    },
    "subject": {"id": "1", "source": "/event/source/1", "type": "change"}
}"#;

fn cases() -> Vec<Case> {
    let sha256 = |body: &str| {
        let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, b"test-token"), body.as_bytes());
        format!("X-Hub-Signature-256: sha256={}\r\n", hex(tag.as_ref()))
    };
    let sha1 = hmac::sign(&hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"test-token"), NEXUS.as_bytes());
    let case = |name, kind, head: String, body, filter| Case { name, kind, head, body, filter };
    vec![
        case("f03", "github", sha256(ACTION), ACTION, "req.action == 'push'"),
        case("f04", "gitlab", "X-Gitlab-Token: test-token\r\n".into(), ACTION, "req.action == 'push'"),
        case(
            "f05",
            "cdevents",
            "Ce-Type: cd.change.merged.v1\r\n".into(),
            CHANGE,
            "req.context.gitRepository == 'fleet'",
        ),
        case("f06", "bitbucket", sha256(ACTION), ACTION, "req.action == 'push'"),
        case(
            "f07",
            "quay",
            String::new(),
            r#"{"docker_url":"docker.io","updated_tags":["latest"]}"#,
            "req.docker_url == 'docker.io'",
        ),
        case(
            "f08",
            "harbor",
            "Authorization: test-token\r\n".into(),
            r#"{"events":[{"full_name":"prj/repo1"}]}"#,
            "req.events[0].full_name == 'prj/repo1'",
        ),
        case(
            "f09",
            "dockerhub",
            String::new(),
            r#"{"push_data":{"tag":"v1.2.3"},"repository":{"repo_url":"hub.docker.com"}}"#,
            "req.push_data.tag.split('.').first().value() == 'v1'",
        ),
        case(
            "f13",
            "nexus",
            format!("X-Nexus-Webhook-Signature: {}\r\n", hex(sha1.as_ref())),
            NEXUS,
            "req.repositoryName == 'npm-proxy'",
        ),
        case(
            "f14",
            "acr",
            String::new(),
            r#"{"action":"push","target":{"repository":"hello-world","tag":"v1"}}"#,
            "req.target.repository == 'hello-world'",
        ),
    ]
}

/// A Receiver of this type that asks for a GitRepository of its own name, if the filter lets it through.
fn receiver(name: &str, kind: &str, filter: &str, secret: &str) -> Value {
    let spec = json!({
        "type": kind, "secretRef": {"name": secret},
        "resources": [{"kind": "GitRepository", "name": name}],
        "resourceFilter": format!("res.metadata.name == '{name}' && {filter}"),
    });
    object("notification.toolkit.fluxcd.io/v1", "Receiver", name, json!({ "spec": spec }))
}

fn hook(stage: &Stage, name: &str) -> String {
    let text = format!("test-token{name}{}", stage.namespace.name);
    format!("/hook/{}", hex(digest(&SHA256, text.as_bytes()).as_ref()))
}

/// Posts to a Receiver that was just made, as soon as its path answers, and says how it does.
fn post(stage: &Stage, name: &str, head: &str, body: &str) -> u16 {
    eventually(&format!("{name} to take webhooks"), || {
        let answer = stage.post_with(&hook(stage, name), &format!("{JSON}{head}"), body);
        (![404, 503].contains(&answer.status)).then_some(answer.status)
    })
}

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn cluster_filters_f03_to_f09_f13_f14_a_filter_sees_the_body_of_every_type() {
    let stage = Stage::new("filters", &[]);
    for Case { name, kind, head, body, filter } in cases() {
        stage.namespace.apply(repository(name));
        stage.namespace.apply(receiver(name, kind, filter, "token"));
        assert_eq!(post(&stage, name, &head, body), 200, "{name} {kind}");
        assert!(stage.requested(name).is_some(), "{name} {kind}: n = 1");
        // The same request, and a filter that another body would satisfy.
        let other = format!("{name}-other");
        stage.namespace.apply(repository(&other));
        stage.namespace.apply(receiver(&other, kind, &format!("!({filter})"), "token"));
        let status = post(&stage, &other, &head, body);
        assert_eq!((status, stage.requested(&other)), (200, None), "{name} {kind}: n = 0");
    }
}

#[test]
fn cluster_filters_f11_f12_a_secret_without_email_or_audience_refuses_gcr() {
    let stage = Stage::new("filters-gcr", &[]);
    for (name, field, data) in [
        ("f11", "email", json!({"token": "test-token", "audience": "https://flux"})),
        ("f12", "audience", json!({"token": "test-token", "email": "push@acme.iam.gserviceaccount.com"})),
    ] {
        stage.namespace.apply(secret(name, data));
        stage.namespace.apply(repository(name));
        stage.namespace.apply(receiver(name, "gcr", "req.tag == 'v1'", name));
        assert_eq!(post(&stage, name, "Authorization: Bearer a.b.c\r\n", "{}"), 400, "{name}");
        assert_eq!(stage.requested(name), None, "{name}");
        let cause = format!("required field '{field}' for GCR receiver");
        eventually("the log to name the field", || stage.instance.logged(&cause).then_some(()));
    }
}
