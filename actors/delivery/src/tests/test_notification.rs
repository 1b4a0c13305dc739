//! Test notifications: the real exchange, once, beside the queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Event, Failure, FailureClass, ObjectKey, ProviderSpec, ProviderType, Verdict};
use campanile_outbox::Browse;
use campanile_providers::sample::{LoginForm, Sample};
use campanile_testkit::{event, provider};

use super::fixture::{Answer, Fixture};
use super::{delivery, run, secs};
use crate::{NoProvider, SendTest, TestError, Tested};

fn test_of(provider: &ObjectKey) -> SendTest {
    let event = Event { message: "message 7".into(), ..event() };
    SendTest { provider: provider.clone(), event: Arc::new(event), metadata: BTreeMap::new() }
}

async fn tested(f: &Fixture) -> Tested {
    f.test(test_of(&provider().key)).await.unwrap()
}

fn failure(tested: &Tested) -> &Failure {
    match &tested.verdict {
        Verdict::Failed(failure) | Verdict::RetryAfter(_, failure) => failure,
        arrived => panic!("{arrived:?}"),
    }
}

#[test]
fn a_test_reports_what_the_destination_answers_and_leaves_no_trace() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::Says(200, "all\r\n fine\u{1b}[31m")]);
        let tested = tested(&f).await;
        assert_eq!(tested.verdict, Verdict::Delivered);
        let answer = tested.answer.unwrap();
        assert_eq!((answer.status, answer.excerpt.as_str(), tested.requests), (200, "all fine [31m", 1));
        assert_eq!(f.carrier.bodies(), [7]);
        let stats = f.outbox.stats();
        assert!(stats.providers.is_empty(), "{stats:?}");
        f.end().await;
    });
}

#[test]
fn a_refusal_is_told_with_its_class_and_without_the_secret() {
    run(async |f| {
        let spec =
            ProviderSpec { type_name: "generic-hmac".into(), secret_ref: Some("token".into()), ..provider() };
        f.secret("token", &[("token", "hunter22")]);
        f.providers([spec]).await;
        f.carrier.script([Answer::Says(401, "key hunter22 of /hook is not mine")]);
        let tested = tested(&f).await;
        assert_eq!(failure(&tested).class, FailureClass::Credentials);
        assert_eq!(tested.answer.as_ref().unwrap().excerpt, "key ***** of ***** is not mine");
        assert!(!format!("{tested:?}").contains("hunter22"));
        f.end().await;
    });
}

#[test]
fn a_long_answer_is_cut_only_after_its_secrets_are_gone() {
    run(async |f| {
        let spec =
            ProviderSpec { type_name: "generic-hmac".into(), secret_ref: Some("token".into()), ..provider() };
        f.secret("token", &[("token", "hunter22")]);
        f.providers([spec]).await;
        let body: &'static str = format!("{}hunter22", "x".repeat(1020)).leak();
        f.carrier.script([Answer::Says(500, body)]);
        let excerpt = tested(&f).await.answer.unwrap().excerpt;
        assert!(excerpt.ends_with("xxx****…"), "{excerpt}");
        f.end().await;
    });
}

#[test]
fn an_answer_that_may_hold_a_fresh_token_is_not_quoted() {
    run(async |f| {
        let address = "https://git.example.com/app/installations/1/access_tokens?x=1".into();
        f.providers([ProviderSpec { address, ..provider() }]).await;
        f.carrier.script([Answer::Says(500, "ghs_unknown")]);
        let answer = tested(&f).await.answer.unwrap();
        assert_eq!((answer.status, answer.excerpt.as_str()), (500, ""));
        f.end().await;
    });
}

#[test]
fn a_test_passes_a_closed_queue_and_opens_it_when_it_arrives() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::Status(401), Answer::Status(401)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| !f.delivering()).await;
        assert_eq!(failure(&tested(&f).await).class, FailureClass::Credentials);
        tokio::time::sleep(secs(60)).await;
        assert_eq!(f.carrier.bodies(), [1, 7]);
        assert_eq!(tested(&f).await.verdict, Verdict::Delivered);
        tokio::time::sleep(secs(1)).await;
        assert_eq!(f.carrier.bodies(), [1, 7, 7, 1]);
        assert!(f.delivering());
        f.end().await;
    });
}

#[test]
fn a_broken_provider_says_what_is_wrong_and_nothing_is_sent() {
    run(async |f| {
        f.providers([ProviderSpec { secret_ref: Some("absent".into()), ..provider() }]).await;
        let tested = tested(&f).await;
        assert_eq!((failure(&tested).class, tested.requests), (FailureClass::Config, 0));
        assert!(failure(&tested).message.contains("apps/absent"), "{tested:?}");
        assert_eq!(tested.answer, None);
        f.end().await;
    });
}

#[test]
fn a_silent_destination_is_given_up_after_the_providers_timeout() {
    run(async |f| {
        f.providers([ProviderSpec { timeout: Some(secs(3)), ..provider() }]).await;
        f.carrier.hang_on("/hook");
        let before = f.now();
        let tested = tested(&f).await;
        assert_eq!(failure(&tested).class, FailureClass::Timeout);
        assert!(f.now() < before + secs(4), "{}", f.now());
        assert_eq!((tested.answer, tested.requests), (None, 1));
        f.end().await;
    });
}

#[test]
fn a_commit_status_wants_a_commit() {
    run(async |f| {
        let spec = ProviderSpec {
            type_name: "gitea".into(),
            address: "https://git.example.com/org/repo".into(),
            secret_ref: Some("token".into()),
            ..provider()
        };
        f.secret("token", &[("token", "hunter22")]);
        f.providers([spec]).await;
        let mut test = test_of(&provider().key);
        assert_eq!(f.test(test.clone()).await, Err(TestError::NoRevision(provider().key)));
        let revision = "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738";
        test.metadata.insert("revision".into(), revision.into());
        f.carrier.hang_on("");
        let tested = f.test(test).await.unwrap();
        assert_eq!((failure(&tested).class, tested.requests), (FailureClass::Timeout, 1), "it was asked");
        f.end().await;
    });
}

#[test]
fn what_can_not_be_tested_is_told_apart() {
    run(async |f| {
        let nowhere = ObjectKey::new("apps", "nowhere");
        assert_eq!(f.test(test_of(&nowhere)).await, Err(TestError::Unavailable), "nothing is known yet");
        f.providers([ProviderSpec { suspend: true, ..provider() }]).await;
        assert_eq!(f.test(test_of(&nowhere)).await, Err(NoProvider(nowhere).into()));
        let key = provider().key;
        assert_eq!(f.test(test_of(&key)).await, Err(TestError::Suspended(key)));
        assert!(f.carrier.bodies().is_empty());
        f.end().await;
    });
}

/// What a type wants of its Secret. Where its login is a key of an account, it is left to its identity.
fn secret_of(kind: ProviderType) -> Vec<(&'static str, String)> {
    let sample = Sample::of(kind);
    let usual = sample.logins.iter().find(|login| **login != LoginForm::ServiceAccount);
    sample.secret(usual.copied().unwrap_or(LoginForm::Address), "https://host.example.com", "hunter22", "")
}

fn spec_of(kind: ProviderType) -> ProviderSpec {
    let name = kind.name().replace('.', "-");
    ProviderSpec {
        key: ObjectKey::new("apps", name.as_str()),
        type_name: kind.name().into(),
        address: String::new(),
        channel: Sample::of(kind).channel.into(),
        secret_ref: Some(name.as_str().into()),
        ..provider()
    }
}

/// A test about a commit of a change request, which every type has something to tell about.
fn full_test_of(provider: &ObjectKey) -> SendTest {
    let mut test = test_of(provider);
    let metadata =
        [("revision", "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738"), ("change_request", "7")];
    test.metadata.extend(metadata.map(|(key, value)| (key.to_owned(), value.to_owned())));
    test
}

#[test]
fn a_test_goes_out_through_every_type() {
    run(async |f| {
        for kind in ProviderType::all() {
            let data = secret_of(kind);
            let data: Vec<(&str, &str)> = data.iter().map(|(key, value)| (*key, value.as_str())).collect();
            f.secret(&kind.name().replace('.', "-"), &data);
        }
        f.providers(ProviderType::all().map(spec_of)).await;
        for kind in ProviderType::all() {
            let tested = f.test(full_test_of(&spec_of(kind).key)).await.unwrap();
            assert!(tested.requests > 0, "{kind:?}: {tested:?}");
        }
        assert_eq!(f.carrier.published(), ["flux.events"]);
        f.end().await;
    });
}

fn without_secret(type_name: &str, address: &str, channel: &str) -> ProviderSpec {
    let spec = spec_of(ProviderType::named(type_name).unwrap());
    ProviderSpec { address: address.into(), channel: channel.into(), secret_ref: None, ..spec }
}

#[test]
fn a_test_goes_out_with_each_kind_of_identity_and_shows_no_token() {
    run(async |f| {
        let specs = [
            without_secret("azuredevops", "https://dev.azure.com/org/project/_git/repo", ""),
            without_secret("azureeventhub", "hub", "namespace"),
            without_secret("googlepubsub", "project", "topic"),
        ];
        f.providers(specs.clone()).await;
        for (n, spec) in specs.iter().enumerate() {
            // The destination does not take the token, and quotes it.
            let quote: &'static str = format!("no secret-token-{}", n + 1).leak();
            f.carrier.script([Answer::Says(401, quote)]);
            let tested = f.test(full_test_of(&spec.key)).await.unwrap();
            assert_eq!(failure(&tested).class, FailureClass::Credentials, "{}: {tested:?}", spec.type_name);
            assert_eq!(tested.answer.as_ref().map(|answer| answer.excerpt.as_str()), Some("no *****"));
            assert!(!format!("{tested:?}").contains("secret-token"), "{tested:?}");
            let sent = f.carrier.authorizations();
            assert_eq!(sent.len(), n + 1, "{sent:?}");
        }
        f.end().await;
    });
}

#[test]
fn a_kept_token_that_is_not_taken_is_replaced_within_a_test() {
    run(async |f| {
        let spec = without_secret("azureeventhub", "hub", "namespace");
        f.providers([spec.clone()]).await;
        f.carrier.script([Answer::Status(201), Answer::Status(401), Answer::Status(201)]);
        for requests in [1, 2] {
            let tested = f.test(full_test_of(&spec.key)).await.unwrap();
            assert_eq!((tested.verdict, tested.requests), (Verdict::Delivered, requests));
        }
        let tokens = [1, 1, 2].map(|n| format!("Bearer secret-token-{n}"));
        assert_eq!(f.carrier.authorizations(), tokens);
        f.end().await;
    });
}
