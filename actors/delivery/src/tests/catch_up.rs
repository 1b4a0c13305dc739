//! A queue that waited goes out in order and below the rate that the host publishes; fresh messages go at once.

use std::time::Duration;

use campanile_domain::ProviderSpec;
use campanile_testkit::provider;

use super::fixture::{Answer, Fixture};
use super::{delivery, run, secs};

/// What Slack takes, and a tenth of patience.
const SPACING: Duration = Duration::from_millis(1100);

fn slack() -> ProviderSpec {
    ProviderSpec {
        type_name: "slack".into(),
        address: "https://hooks.slack.com/services/T0/B0/abc".into(),
        secret_ref: Some("token".into()),
        ..provider()
    }
}

async fn start(f: &Fixture) {
    f.secret("token", &[("token", "xoxb-old")]);
    f.providers([slack()]).await;
}

/// Twenty messages about twenty objects, the first of which finds the token revoked.
async fn park(f: &Fixture) {
    f.carrier.script([Answer::Status(401)]);
    f.append("message 0", [delivery("object 0")]).await;
    f.until(|f| !f.delivering()).await;
    for n in 1..20 {
        f.append(&format!("message {n}"), [delivery(&format!("object {n}"))]).await;
    }
    tokio::time::sleep(secs(60)).await;
    assert_eq!(f.carrier.bodies(), [0], "nobody knocks at a closed door");
}

/// That no two of the requests after the first `skip` came faster than the host takes them.
fn assert_paced(f: &Fixture, skip: usize) {
    let times = f.carrier.times().split_off(skip);
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= SPACING, "{:?}", pair[1] - pair[0]);
    }
}

#[test]
fn a_mended_secret_lets_the_queue_go_on_within_a_second_in_order_and_below_the_hosts_rate() {
    run(async |f| {
        start(&f).await;
        park(&f).await;
        f.secret("token", &[("token", "xoxb-new")]);
        let mended = f.now();
        f.secret_changed("token").await;
        f.until(|f| f.carrier.bodies().len() == 2).await;
        assert!(f.now() < mended + secs(1));
        f.until(|f| f.pending() == 0).await;
        assert_eq!(f.carrier.bodies()[1..], (0..20).collect::<Vec<_>>());
        assert_paced(&f, 1);
        let took = f.now().duration_since(mended).as_secs();
        assert!((20..25).contains(&took), "{took} s for 20 messages");
        f.end().await;
    });
}

#[test]
fn a_mended_provider_lets_the_queue_go_on_too() {
    run(async |f| {
        start(&f).await;
        park(&f).await;
        let mended = f.now();
        let corrected = ProviderSpec { generation: 2, channel: "general".into(), ..slack() };
        f.change([campanile_protocol::Change::Applied(corrected.into())]).await;
        f.until(|f| f.pending() == 0).await;
        assert!(f.now() < mended + secs(25));
        assert_eq!(f.carrier.bodies()[1..], (0..20).collect::<Vec<_>>());
        assert_paced(&f, 1);
        f.end().await;
    });
}

#[test]
fn a_slow_exchange_does_not_hold_the_next_one_back() {
    run(async |f| {
        start(&f).await;
        park(&f).await;
        f.carrier.answer_after(secs(5));
        f.secret("token", &[("token", "xoxb-new")]);
        let mended = f.now();
        f.secret_changed("token").await;
        f.until(|f| f.pending() == 0).await;
        let took = f.now().duration_since(mended).as_secs();
        assert!((25..30).contains(&took), "{took} s for 20 messages that take 5 s each");
        f.end().await;
    });
}

#[test]
fn fresh_messages_wait_for_nothing() {
    run(async |f| {
        start(&f).await;
        for n in 0..50 {
            f.append(&format!("message {n}"), [delivery(&format!("object {n}"))]).await;
        }
        let posted = f.now();
        f.until(|f| f.carrier.bodies().len() == 50).await;
        assert!(f.now() < posted + secs(1));
        f.end().await;
    });
}

#[test]
fn after_the_backlog_fresh_messages_wait_for_nothing_again() {
    run(async |f| {
        start(&f).await;
        park(&f).await;
        f.secret_changed("token").await;
        f.until(|f| f.pending() == 0).await;
        tokio::time::sleep(secs(2)).await;
        let posted = f.now();
        for n in 20..50 {
            f.append(&format!("message {n}"), [delivery(&format!("object {n}"))]).await;
        }
        f.until(|f| f.carrier.bodies().len() == 51).await;
        assert!(f.now() < posted + secs(1));
        f.end().await;
    });
}

#[test]
fn what_waited_through_a_restart_is_a_backlog() {
    campanile_testkit::run(|ward: campanile_testkit::Ward| async move {
        let before = Fixture::start(&ward);
        for n in 0..20 {
            before.append(&format!("message {n}"), [delivery(&format!("object {n}"))]).await;
        }
        tokio::time::sleep(secs(30)).await;
        let outbox = before.outbox.clone();
        before.end().await;
        let after = Fixture::start_with(&ward, outbox);
        start(&after).await;
        after.until(|f| f.pending() == 0).await;
        assert_eq!(after.carrier.bodies(), (0..20).collect::<Vec<_>>());
        assert_paced(&after, 0);
        after.end().await;
    });
}
