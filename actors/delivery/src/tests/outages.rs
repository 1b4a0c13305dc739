//! Outages: how often a destination that is down is tried, and how soon what waits leaves when it is back.

use std::time::Duration;

use campanile_domain::{NewDelivery, ObjectKey, ProviderSpec};
use campanile_outbox::Browse;
use campanile_testkit::{noon, provider};

use super::fixture::{Answer, Fixture};
use super::{delivery, run, secs};

/// The messages that wait. A thousand wait in `tests/faults/outage.py`, for the program as it is.
const WAITING: usize = 160;

async fn append(f: &Fixture, messages: usize) {
    for n in 0..messages {
        let patient = NewDelivery { deadline: noon() + secs(86_400), ..delivery(&format!("object {n}")) };
        f.append(&format!("message {n}"), [patient]).await;
    }
}

/// The time from the end of an outage of `outage` to the first message and to nine tenths of those that wait.
async fn recovery(f: &Fixture, messages: usize, outage: Duration) -> (Duration, Duration) {
    f.providers([provider()]).await;
    f.carrier.status(503);
    append(f, messages).await;
    tokio::time::sleep(outage).await;
    let tried = f.carrier.bodies().len();
    f.carrier.status(200);
    let back = f.now();
    let since = || Duration::try_from(f.now().duration_since(back)).unwrap();
    f.until(|f| f.carrier.bodies().len() > tried).await;
    let first = since();
    f.until(|f| f.pending() <= messages as u64 / 10).await;
    (first, since())
}

#[test]
fn issue_22_what_waited_leaves_within_five_seconds_of_a_short_outage_and_a_tenth_of_a_longer_one() {
    for outage in [3, 8, 59, 61, 540, 1_200] {
        run(async move |f| {
            f.carrier.answer_after(Duration::from_millis(100));
            let (first, most) = recovery(&f, WAITING, secs(outage)).await;
            let bound = if outage < 60 { secs(5) } else { secs((outage / 10).min(60)) + secs(2) };
            assert!(most <= bound, "outage of {outage} s: first after {first:?}, nine tenths after {most:?}");
            f.until(|f| f.pending() == 0).await;
            f.until(Fixture::delivering).await;
            assert!(f.dead().await.is_empty());
            f.end().await;
        });
    }
}

#[test]
fn issue_22_one_message_that_waits_alone_is_not_late_either() {
    for outage in [8, 30, 300] {
        run(async move |f| {
            let (first, _) = recovery(&f, 1, secs(outage)).await;
            let bound = if outage == 8 { secs(9) } else { secs((outage / 10).max(5)) };
            assert!(first <= bound, "outage of {outage} s: after {first:?}");
            f.end().await;
        });
    }
}

#[test]
fn issue_22_an_outage_is_probed_one_by_one_by_messages_that_take_turns() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.status(500);
        append(&f, 60).await;
        f.until(|f| !f.delivering()).await;
        tokio::time::sleep(secs(1)).await;
        let before = f.carrier.bodies().len();
        assert!(before < 8 + 16, "{before} before it was noticed, those under way included");
        tokio::time::sleep(secs(58)).await;
        let probes = f.carrier.bodies().split_off(before);
        assert!((28..=30).contains(&probes.len()), "{} in a minute", probes.len());
        let mut tried = probes.clone();
        tried.sort_unstable();
        tried.dedup();
        assert!(tried.len() >= 8, "each has its own pauses, too: {probes:?}");
        tokio::time::sleep(secs(541)).await;
        let later = f.carrier.bodies().len() - before - probes.len();
        assert!((20..30).contains(&later), "{later} in the nine minutes after");
        f.end().await;
    });
}

#[test]
fn issue_22_a_message_that_fails_whatever_happens_does_not_keep_the_others_from_ending_an_outage() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script((0..16).map(|_| Answer::Status(500)));
        f.carrier.fail_message(0);
        append(&f, 100).await;
        f.until(|f| f.pending() == 1).await;
        assert!(f.now() < noon() + secs(10), "{}", f.now());
        f.end().await;
    });
}

#[test]
fn issue_22_a_destination_that_hangs_is_probed_every_two_seconds_all_the_same() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.status(503);
        append(&f, 100).await;
        f.until(|f| !f.delivering()).await;
        f.carrier.hang_on("/hook");
        tokio::time::sleep(secs(9)).await;
        assert_eq!(f.carrier.hanging(), 4);
        f.carrier.let_go();
        f.carrier.status(200);
        let back = f.now();
        f.until(|f| f.pending() == 0).await;
        assert!(f.now() < back + secs(5));
        f.end().await;
    });
}

#[test]
fn issue_22_all_providers_together_send_fifty_probes_a_second() {
    run(async |f| {
        let key = |n: usize| ObjectKey::new("apps", format!("chat-{n}"));
        f.providers((0..150).map(|n| ProviderSpec { key: key(n), ..provider() })).await;
        f.carrier.status(503);
        let to = |n| NewDelivery { provider: key(n), deadline: noon() + secs(86_400), ..delivery("a") };
        f.append("message 1", (0..150).map(to)).await;
        // Each Provider's own first tries, four at most, take 14 s.
        tokio::time::sleep(secs(20)).await;
        let before = f.carrier.bodies().len();
        tokio::time::sleep(secs(10)).await;
        let probes = f.carrier.bodies().len() - before;
        assert!((450..=501).contains(&probes), "{probes} in 10 s");
        f.carrier.status(200);
        let back = f.now();
        f.until(|f| f.outbox.stats().total.pending == 0).await;
        assert!(f.now() <= back + secs(4), "all had their turn within 150 / 50 s");
        f.end().await;
    });
}

#[test]
fn issue_22_after_a_restart_the_first_probe_goes_at_once() {
    campanile_testkit::run(|ward: campanile_testkit::Ward| async move {
        let before = Fixture::start(&ward);
        before.providers([provider()]).await;
        before.carrier.status(503);
        append(&before, 50).await;
        tokio::time::sleep(secs(1_000)).await;
        let outbox = before.outbox.clone();
        before.end().await;
        let after = Fixture::start_with(&ward, outbox);
        let restarted = after.now();
        after.providers([provider()]).await;
        after.until(|f| f.pending() == 0).await;
        assert!(after.now() < restarted + secs(1));
        after.end().await;
    });
}
