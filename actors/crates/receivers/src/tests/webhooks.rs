//! Contract, receivers 11.1: which requests of which type pass. What needs an endpoint or resources is tested there.

use aws_lc_rs::hmac;

use crate::testing::{compile, outcome, request, secret, spec, token};
use crate::{SignatureError, VerifyError};

const BODY: &[u8] = br#"{"action":"push"}"#;
const SHA1: &str = "0a23fffb3dd66539440cf881ae6fdfbc8ccae4a9";
const SHA256: &str = "83eee066cf716dd10bc327e341a581ae657bf26d8815c9334434f470c12d3079";
const SHA512: &str = "ba49015231e38c2779666c90692d82917c88a814b1c1ae23e94d9544b321011aa9c10824df4d5ac1c5bbb397d1947d4eda37014bbd33d4acb1b11a6f71039f59";

/// What becomes of a request to a Receiver of this type whose token is `token`.
fn post(kind: &str, events: &[&str], fields: &[(&str, &str)], body: &[u8]) -> Result<String, VerifyError> {
    let mut spec = spec(kind);
    spec.events = events.iter().map(|event| (*event).to_owned()).collect();
    outcome(&compile(spec), &token(), request(fields, body)).map(|verified| verified.said().to_owned())
}

fn refusal(kind: &str, events: &[&str], fields: &[(&str, &str)], body: &[u8]) -> String {
    post(kind, events, fields, body).unwrap_err().to_string()
}

#[test]
fn w01_generic_takes_whatever_comes() {
    assert!(post("generic", &[], &[], b"").is_ok());
}

#[test]
fn w02_gitlab_wants_the_token_in_its_header() {
    let fields = [("X-Gitlab-Token", "token"), ("X-Gitlab-Event", "Push Hook")];
    assert_eq!(post("gitlab", &["push hook"], &fields, b"").unwrap(), "handling GitLab event: Push Hook");
    for wrong in ["", "Token", "token ", "tokentoken"] {
        assert_eq!(
            refusal("gitlab", &[], &[("X-Gitlab-Token", wrong)], b""),
            "the X-Gitlab-Token header value does not match the receiver token"
        );
    }
    assert_eq!(
        refusal("gitlab", &["Tag Push Hook"], &fields, b""),
        "the GitLab event \"Push Hook\" is not authorised"
    );
    assert_eq!(refusal("gitlab", &["x"], &fields[..1], b""), "the GitLab event \"\" is not authorised");
}

#[test]
fn w03_w04_w05_cdevents_compares_its_list_with_the_header_alone() {
    let body = br#"{"context":{"version":"0.3.0","id":"1","source":"/event/source","type":"dev.cdevents.change.merged.0.2.0",
        "timestamp":"2023-03-20T14:27:05.315384Z","gitRepository":"x"},"subject":{"id":"c","source":"/s","type":"change"}}"#;
    let fields = [("Ce-Type", "cd.change.merged.v1")];
    assert_eq!(
        post("cdevents", &["cd.change.merged.v1"], &fields, body).unwrap(),
        "handling CDEvent: cd.change.merged.v1"
    );
    assert_eq!(
        refusal("cdevents", &["cd.environment.modified.v1"], &fields, body),
        "the CDEvent \"cd.change.merged.v1\" is not authorised"
    );
    assert!(post("cdevents", &[], &fields, body).is_ok());
    assert!(refusal("cdevents", &[], &fields, b"{}").starts_with("unable to validate CDEvent event: "));
}

#[test]
fn w06_w08_github_and_bitbucket_want_a_signature_of_the_raw_body() {
    for (kind, event, host) in
        [("github", "X-GitHub-Event", "GitHub"), ("bitbucket", "X-Event-Key", "Bitbucket server")]
    {
        let signed = |name: &'static str, alg: &str, digits: &str| {
            let signature = format!("{alg}={digits}");
            let fields =
                [("Content-Type", "application/json; charset=utf-8"), (event, "push"), (name, &signature)];
            post(kind, &["push"], &fields, BODY)
        };
        let newer = "X-Hub-Signature-256";
        assert_eq!(signed(newer, "sha256", SHA256).unwrap(), format!("handling {host} event: push"));
        assert!(signed(newer, "sha256", &SHA256.to_uppercase()).is_ok());
        assert!(signed("X-Hub-Signature", "sha1", SHA1).is_ok());
        assert!(signed("X-Hub-Signature", "sha512", SHA512).is_ok());
        for (alg, digits) in
            [("sha1", SHA256), ("md5", SHA256), ("sha256", "zz"), ("sha256", ""), ("SHA256", SHA256)]
        {
            let error = signed(newer, alg, digits).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the {host} signature header is invalid, err: ")), "{error}");
        }
    }
}

#[test]
fn s5_1_a_signed_form_gives_its_payload_and_other_content_types_are_refused() {
    let form = b"x=1&payload=%7B%22action%22%3A%22push%22%7D";
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"token"), form);
    let signature = format!("sha256={}", crate::secret::hex(tag.as_ref()));
    let with = |kind: &str| {
        let fields = [("Content-Type", kind), ("X-Hub-Signature-256", signature.as_str())];
        outcome(&compile(spec("github")), &token(), request(&fields, form))
    };
    assert!(with("application/x-www-form-urlencoded").is_ok());
    for wrong in ["", "text/plain", "application/", "application/json; charset"] {
        let expected = VerifyError::Hub { host: "GitHub", cause: SignatureError::ContentType };
        assert_eq!(with(wrong).unwrap_err(), expected, "{wrong}");
    }
}

#[test]
fn s12_6_an_empty_token_does_not_excuse_a_missing_signature() {
    let receiver = compile(spec("github"));
    let fields = [("Content-Type", "application/json")];
    let error = outcome(&receiver, &secret(&[("token", b"")]), request(&fields, BODY)).unwrap_err();
    let cause = SignatureError::Missing("X-Hub-Signature-256");
    assert_eq!(error, VerifyError::Hub { host: "GitHub", cause });
}

#[test]
fn w07_generic_hmac_wants_a_signature_and_no_content_type() {
    let header = |alg: &str, digits: &str| format!("{alg}={digits}");
    for (alg, digits) in [("sha1", SHA1), ("sha256", SHA256), ("sha512", SHA512)] {
        assert!(post("generic-hmac", &[], &[("X-Signature", &header(alg, digits))], BODY).is_ok(), "{alg}");
    }
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"token"), b"null");
    let signature = header("sha256", &crate::secret::hex(tag.as_ref()));
    assert!(post("generic-hmac", &[], &[("X-Signature", &signature)], b"null").is_ok());
    let text = refusal("generic-hmac", &[], &[], BODY);
    assert!(text.starts_with("unable to validate HMAC signature: "), "{text}");
}

#[test]
fn w09_quay_wants_a_body_of_its_own() {
    let body = br#"{"docker_url":"quay.io/org/app","updated_tags":["latest"]} more"#;
    assert_eq!(post("quay", &[], &[], body).unwrap(), "handling Quay event from quay.io/org/app");
    for wrong in [&b""[..], b"[]", br#"{"docker_url":1}"#, br#"{"updated_tags":"latest"}"#] {
        assert!(refusal("quay", &[], &[], wrong).starts_with("cannot decode Quay webhook payload: "));
    }
}

#[test]
fn w10_harbor_wants_the_token_without_a_scheme() {
    assert_eq!(post("harbor", &[], &[("authorization", "token")], b"").unwrap(), "handling Harbor event");
    assert_eq!(
        refusal("harbor", &[], &[("Authorization", "Bearer token")], b""),
        "the Harbor Authorization header value does not match the receiver token"
    );
}

#[test]
fn w11_a_missing_secret_refuses_every_type_that_names_one() {
    let receiver = compile(spec("generic"));
    let crate::Verification::Refused(error) = crate::verify(&receiver, None, request(&[], b"")) else {
        panic!("it is not refused")
    };
    assert_eq!(error.to_string(), "invalid \"apps/hook-token\" secret data: required field 'token'");
}

#[test]
fn s5_nexus_wants_a_bare_lower_case_signature_and_one_document() {
    let body = br#"{"action":"CREATED","repositoryName":"npm-proxy"}"#;
    let sign = |body: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"token");
        crate::secret::hex(hmac::sign(&key, body).as_ref())
    };
    let post =
        |signature: &str, body: &[u8]| post("nexus", &[], &[("X-Nexus-Webhook-Signature", signature)], body);
    assert_eq!(post(&sign(body), body).unwrap(), "handling Nexus event from npm-proxy");
    assert_eq!(post("", body).unwrap_err().to_string(), "the Nexus signature is missing from header");
    for wrong in [sign(body).to_uppercase(), format!("sha1={}", sign(body)), sign(b"x")] {
        assert_eq!(post(&wrong, body).unwrap_err().to_string(), "invalid Nexus signature");
    }
    let more = [body, &b" {}"[..]].concat();
    assert!(
        post(&sign(&more), &more)
            .unwrap_err()
            .to_string()
            .starts_with("cannot decode Nexus webhook payload: ")
    );
}

#[test]
fn s5_registries_are_told_by_their_bodies() {
    let body = br#"{"push_data":{"tag":"v1"},"repository":{"repo_url":"hub/app"}}"#;
    assert_eq!(
        post("dockerhub", &[], &[], body).unwrap(),
        "handling DockerHub event from hub/app for tag v1"
    );
    let body = br#"{"action":"push","target":{"repository":"hello","tag":"v1"}}"#;
    assert_eq!(post("acr", &[], &[], body).unwrap(), "handling ACR event from hello for tag v1");
    assert!(refusal("dockerhub", &[], &[], b"").starts_with("cannot decode DockerHub webhook payload"));
    assert!(refusal("acr", &[], &[], b"{").starts_with("cannot decode ACR webhook payload: "));
}

#[test]
fn issue_20_while_a_token_is_changed_both_verify() {
    let both = secret(&[("token", b"new"), ("tokens", b"token\nolder\n")]);
    let receiver = compile(spec("generic-hmac"));
    let signed = |token: &[u8]| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, token), BODY);
        let signature = format!("sha256={}", crate::secret::hex(tag.as_ref()));
        outcome(&receiver, &both, request(&[("X-Signature", &signature)], BODY)).is_ok()
    };
    assert!(signed(b"new") && signed(b"token") && signed(b"older"));
    assert!(!signed(b"") && !signed(b"token\nolder"));
    let gitlab = compile(spec("gitlab"));
    for (given, passes) in [("new", true), ("older", true), ("oldest", false)] {
        let request = request(&[("X-Gitlab-Token", given)], b"");
        assert_eq!(outcome(&gitlab, &both, request).is_ok(), passes, "{given}");
    }
}

#[test]
fn an_unknown_type_refuses_every_request() {
    assert_eq!(refusal("carrier-pigeon", &[], &[], b""), "receiver type \"carrier-pigeon\" not supported");
}

#[test]
fn revisions_and_events_are_told_where_the_request_has_them() {
    let fields = [("X-Gitlab-Token", "token"), ("X-Gitlab-Event", "Push Hook")];
    let verified =
        outcome(&compile(spec("gitlab")), &token(), request(&fields, br#"{"checkout_sha":"abc"}"#)).unwrap();
    assert_eq!((verified.event().as_str(), verified.revision().as_deref()), ("Push Hook", Some("abc")));
    let verified = outcome(&compile(spec("generic")), &token(), request(&[], b"")).unwrap();
    assert_eq!((verified.event().as_str(), verified.revision()), ("", None));
}
