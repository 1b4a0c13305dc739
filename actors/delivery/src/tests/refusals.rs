//! What destinations refuse: all of it, or what is too long.

use std::time::Duration;

use campanile_domain::{NewDelivery, ProviderSpec};
use campanile_outbox::Browse;
use campanile_testkit::{noon, provider};

use super::fixture::Answer;
use super::{delivery, run, secs};

const REFUSED: &str = r#"{"error":"words that no table knows"}"#;

fn late(lane: &str) -> NewDelivery {
    NewDelivery { deadline: noon() + Duration::from_secs(24 * 3600), ..delivery(lane) }
}

fn chat() -> ProviderSpec {
    ProviderSpec { type_name: "slack".into(), ..provider() }
}

#[test]
fn i16_6_a_destination_that_refuses_everything_keeps_what_waits_and_is_probed() {
    run(async |f| {
        f.providers([chat()]).await;
        f.carrier.script((0..200).map(|_| Answer::Says(400, REFUSED)));
        for n in 1..=12 {
            f.append(&format!("message {n}"), [delivery(if n % 2 == 0 { "a" } else { "b" })]).await;
        }
        f.until(|f| !f.delivering()).await;
        let says_why =
            |why: String| why.contains("words that no table knows") && why.contains("correct the Provider");
        f.until(|f| f.last_error().is_some_and(says_why)).await;
        let dead = f.dead().await.len();
        assert!((4..=5).contains(&dead), "{dead} before it was noticed");
        let before = f.carrier.bodies().len();
        tokio::time::sleep(secs(600)).await;
        let probes = f.carrier.bodies().split_off(before);
        assert!((40..70).contains(&probes.len()), "{} tries in ten minutes", probes.len());
        let tried: std::collections::BTreeSet<&usize> = probes.iter().collect();
        assert_eq!(tried.len(), 2, "the oldest of each object take turns: {probes:?}");
        assert_eq!((f.dead().await.len(), f.pending()), (dead, 12 - dead as u64), "nothing more is given up");
        f.carrier.script_anew([]);
        f.until(|f| f.outbox.stats().total.pending == 0).await;
        f.until(super::Fixture::delivering).await;
        assert_eq!(f.dead().await.len(), dead, "all that waited arrived");
        f.end().await;
    });
}

#[test]
fn i16_6_deadlines_run_on_while_everything_is_refused() {
    run(async |f| {
        f.providers([chat()]).await;
        f.carrier.status(400);
        for n in 1..=8 {
            f.append(&format!("message {n}"), [delivery(&format!("object {n}"))]).await;
        }
        f.until(|f| !f.delivering()).await;
        tokio::time::sleep(secs(3_700)).await;
        let dead = f.dead().await;
        let expired = dead.iter().filter(|dead| {
            dead.failure.as_ref().is_some_and(|why| why.class == super::FailureClass::Expired)
        });
        assert_eq!((dead.len(), expired.count()), (8, 4));
        assert!(!f.delivering(), "and it still does not deliver");
        // The actor has ended meanwhile; the next one goes on where it was.
        tokio::time::sleep(secs(300)).await;
        f.carrier.status(200);
        f.append("message 9", [late("object 9")]).await;
        f.until(|f| f.carrier.bodies().contains(&9)).await;
        f.until(super::Fixture::delivering).await;
        f.end().await;
    });
}

#[test]
fn i16_7_what_is_too_long_is_sent_once_more_shorter_and_then_arrives() {
    run(async |f| {
        f.providers([chat()]).await;
        f.carrier.script([
            Answer::Says(400, r#"{"message":"Maximum attachments length is 7900"}"#),
            Answer::Status(200),
        ]);
        f.append(&format!("message 1 {}", "of many words ".repeat(1_000)), [delivery("a")]).await;
        f.until(|f| f.outbox.stats().total.pending == 0).await;
        let sizes = f.carrier.sizes();
        assert!(sizes.len() == 2 && sizes[0] > 20_000 && sizes[1] < 5_000, "{sizes:?}");
        assert!(f.dead().await.is_empty());
        f.end().await;
    });
}

#[test]
fn i16_7_what_is_too_long_twice_or_can_not_be_shorter_is_given_up() {
    run(async |f| {
        f.providers([chat()]).await;
        f.carrier.status(413);
        f.append(&format!("message 1 {}", "of many words ".repeat(1_000)), [delivery("a")]).await;
        f.until(|f| f.outbox.stats().total.pending == 0).await;
        assert_eq!((f.carrier.sizes().len(), f.dead().await.len()), (2, 1));
        f.append("message 2", [delivery("a")]).await;
        f.until(|f| f.outbox.stats().total.pending == 0).await;
        assert_eq!((f.carrier.sizes().len(), f.dead().await.len()), (3, 2), "it would say the same");
        f.end().await;
    });
}

#[test]
fn i16_7_who_takes_events_whole_gets_no_part_of_one() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.status(413);
        f.append(&format!("message 1 {}", "of many words ".repeat(1_000)), [delivery("a")]).await;
        f.until(|f| f.outbox.stats().total.pending == 0).await;
        assert_eq!((f.carrier.sizes().len(), f.dead().await.len()), (1, 1));
        f.end().await;
    });
}
