//! Test notifications: the real exchange, once, beside the queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Event, Failure, FailureClass, ObjectKey, ProviderSpec, Verdict};
use campanile_outbox::Outbox;
use campanile_testkit::{event, provider};

use super::fixture::{Answer, Fixture};
use super::{delivery, run, secs};
use crate::{SendTest, TestError, Tested};

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
fn a_test_passes_a_closed_queue_and_does_not_open_it() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::Status(401)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| !f.delivering()).await;
        assert_eq!(tested(&f).await.verdict, Verdict::Delivered);
        tokio::time::sleep(secs(60)).await;
        assert_eq!(f.carrier.bodies(), [1, 7]);
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
        assert_eq!(f.test(test_of(&nowhere)).await, Err(TestError::NotFound(nowhere)));
        let key = provider().key;
        assert_eq!(f.test(test_of(&key)).await, Err(TestError::Suspended(key)));
        assert!(f.carrier.bodies().is_empty());
        f.end().await;
    });
}
