//! A destination that asks for a pause gets it from the whole provider, whatever it calls it.

use std::collections::BTreeMap;

use campanile_domain::{NewDelivery, ObjectKey, ProviderSpec};
use campanile_testkit::{noon, provider};

use super::fixture::{Answer, Fixture};
use super::{delivery, run, secs};
use crate::{NoProvider, RetryError};

/// What a host answers to the first message, and the seconds for which it gets nothing more.
struct Case {
    kind: &'static str,
    address: &'static str,
    answer: Answer,
    pause: u64,
}

const GITHUB: &str = "https://github.com/org/repo";
const GITLAB: &str = "https://gitlab.com/group/repo";
const SLACK: &str = "https://hooks.slack.com/services/T0/B0/abc";
const DISCORD: &str = "https://discord.com/api/webhooks/1/abc";
const SENTRY: &str = "https://key@sentry.example.com/1";

/// Noon is 1786104000.
fn cases() -> Vec<Case> {
    let case = |kind, address, answer, pause| Case { kind, address, answer, pause };
    let with = Answer::With;
    let spent = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1786104045")];
    vec![
        case("generic", "http://127.0.0.1:9/hook", with(503, &[("retry-after", "40")], ""), 40),
        case(
            "generic",
            "http://127.0.0.1:9/hook",
            with(429, &[("retry-after", "Fri, 07 Aug 2026 12:00:50 GMT")], ""),
            50,
        ),
        case("githubdispatch", GITHUB, with(403, spent, "{}"), 45),
        case("githubdispatch", GITHUB, with(204, spent, ""), 45),
        case(
            "githubdispatch",
            GITHUB,
            with(403, &[], r#"{"message":"You have exceeded a secondary rate limit"}"#),
            60,
        ),
        case("gitlab", GITLAB, with(429, &[("ratelimit-reset", "1786104030")], "Retry later"), 30),
        case("slack", SLACK, with(429, &[("retry-after", "30")], "rate_limited"), 30),
        case(
            "discord",
            DISCORD,
            with(429, &[("x-ratelimit-scope", "global")], r#"{"retry_after": 64.57, "global": true}"#),
            64,
        ),
        case(
            "discord",
            DISCORD,
            with(204, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "12.5")], ""),
            12,
        ),
        case("sentry", SENTRY, with(429, &[("x-sentry-rate-limits", "45::organization")], "{}"), 45),
        case("sentry", SENTRY, with(200, &[("x-sentry-rate-limits", "45:transaction:key")], "{}"), 45),
    ]
}

/// A delivery that every type can send.
fn sendable(lane: &str) -> NewDelivery {
    NewDelivery {
        metadata: BTreeMap::from([("revision".into(), format!("main@sha1:{}", "5".repeat(40)))]),
        commit_status: Some(format!("kustomization/{lane}/0c9c2e41")),
        ..delivery(lane)
    }
}

async fn check(f: &Fixture, case: Case) {
    f.secret("token", &[("token", "s3cret-token")]);
    f.providers([ProviderSpec {
        type_name: case.kind.into(),
        address: case.address.into(),
        secret_ref: Some("token".into()),
        ..provider()
    }])
    .await;
    let told = format!("{} {:?}", case.kind, case.answer);
    f.carrier.script([case.answer]);
    f.append("message 1", [sendable("a")]).await;
    f.until(|f| f.carrier.times().len() == 1).await;
    f.append("message 2", [sendable("b")]).await;
    tokio::time::sleep(secs(case.pause - 1)).await;
    assert_eq!(f.carrier.times().len(), 1, "{told}");
    f.until(|f| f.pending() == 0).await;
    assert!(f.now() >= noon() + secs(case.pause) && f.now() < noon() + secs(case.pause + 30), "{told}");
    assert!(f.dead().await.is_empty(), "{told}");
}

#[test]
fn the_limits_of_each_host_pause_the_whole_provider_until_the_time_it_names() {
    for case in cases() {
        run(async |f| {
            check(&f, case).await;
            f.end().await;
        });
    }
}

#[test]
fn a_pause_of_years_is_an_hour() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::With(
            200,
            &[("ratelimit-remaining", "0"), ("ratelimit-reset", "99999999")],
            "",
        )]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        let patient = NewDelivery { deadline: noon() + secs(86_400), ..delivery("b") };
        f.append("message 2", [patient]).await;
        tokio::time::sleep(secs(3590)).await;
        assert_eq!(f.carrier.bodies(), [1]);
        f.until(|f| f.carrier.bodies().len() == 2).await;
        let waited = f.now().duration_since(noon()).as_secs();
        assert!((3600..3610).contains(&waited), "{waited}");
        f.end().await;
    });
}

#[test]
fn an_operator_may_end_a_pause_that_the_destination_asked_for() {
    for idle in [0, 300] {
        run(async |f| {
            f.providers([provider()]).await;
            f.carrier.script([Answer::With(
                200,
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "600")],
                "",
            )]);
            f.append("message 1", [delivery("a")]).await;
            f.until(|f| f.pending() == 0).await;
            // After a while there is no actor any more that knows of the pause.
            tokio::time::sleep(secs(idle)).await;
            f.append("message 2", [delivery("a")]).await;
            tokio::time::sleep(secs(60)).await;
            assert_eq!(f.carrier.bodies(), [1]);
            match idle {
                0 => assert_eq!(f.retry_now(&provider().key).await, Ok(())),
                _ => f.requested(&provider().key).await,
            }
            tokio::time::sleep(secs(1)).await;
            assert_eq!(f.carrier.bodies(), [1, 2]);
            f.end().await;
        });
    }
}

#[test]
fn only_a_provider_that_is_there_and_in_use_can_be_retried() {
    run(async |f| {
        f.providers([ProviderSpec { suspend: true, ..provider() }]).await;
        assert_eq!(f.retry_now(&provider().key).await, Err(RetryError::Suspended(provider().key)));
        let absent = ObjectKey::new("apps", "absent");
        assert_eq!(f.retry_now(&absent).await, Err(NoProvider(absent).into()));
        f.end().await;
    });
}

#[test]
fn an_idle_provider_does_not_forget_that_it_was_asked_to_wait() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::With(
            200,
            &[("ratelimit-remaining", "0"), ("ratelimit-reset", "600")],
            "",
        )]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.pending() == 0).await;
        tokio::time::sleep(secs(300)).await;
        f.append("message 2", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 2).await;
        assert!(f.now() >= noon() + secs(600));
        f.end().await;
    });
}

/// A Provider whose destination asked for ten minutes at noon, changed a minute later: when it gets its next message.
fn next_after(change: impl FnOnce(ProviderSpec) -> ProviderSpec + 'static) -> i64 {
    let told = std::rc::Rc::new(std::cell::Cell::new(0));
    let seen = told.clone();
    run(async move |f| {
        f.secret("token", &[("token", "a")]);
        let spec = ProviderSpec { secret_ref: Some("token".into()), ..provider() };
        f.providers([spec.clone()]).await;
        f.carrier.script([Answer::RetryAfter(600)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        tokio::time::sleep(secs(60)).await;
        for suspend in [true, false] {
            f.change([campanile_protocol::Change::Applied(ProviderSpec { suspend, ..spec.clone() }.into())])
                .await;
        }
        f.secret_changed("token").await;
        f.change([campanile_protocol::Change::Applied(
            change(ProviderSpec { generation: 2, ..spec }).into(),
        )])
        .await;
        f.until(|f| f.carrier.bodies().len() == 2).await;
        seen.set(f.now().duration_since(noon()).as_secs());
        f.end().await;
    });
    told.get()
}

#[test]
fn a_pause_outlives_changes_that_are_nothing_to_the_destination() {
    let patient = |spec| ProviderSpec { timeout: Some(secs(20)), ..spec };
    assert!((600..610).contains(&next_after(patient)));
}

#[test]
fn another_destination_did_not_ask_for_the_pause() {
    let elsewhere = |spec| ProviderSpec { address: "http://127.0.0.1:9/other".into(), ..spec };
    assert!((60..70).contains(&next_after(elsewhere)));
}
