//! Counts for the status of objects, and what is said of deliveries that passed their deadline.

use campanile_domain::AlertRef;
use campanile_outbox::{Bounds, Browse, MemoryOutbox};
use campanile_protocol::{Backlog, Counts};

use super::*;

fn counts(pending: u64, dead: u64) -> Counts {
    Counts { pending, dead }
}

fn latest(f: &Fixture) -> Backlog {
    f.backlogs().pop().unwrap_or_default()
}

#[test]
fn what_waits_and_what_is_dead_is_counted_by_provider_and_alert() {
    run(async |f| {
        f.providers([provider()]).await;
        let second = AlertRef { key: ObjectKey::new("apps", "second"), uid: "u".into() };
        f.carrier.script([Answer::Status(400), Answer::Status(401)]);
        f.carrier.status(401);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.outbox.stats().total.dead == 1).await;
        f.append("message 2", [delivery("b"), NewDelivery { alert: second.clone(), ..delivery("c") }]).await;
        f.until(|f| latest(f).providers.get(&provider().key) == Some(&counts(2, 1))).await;
        f.until(|f| latest(f).alerts.len() == 2).await;
        let alerts = latest(&f).alerts;
        assert_eq!(alerts[&new_delivery().alert.key], counts(1, 1));
        assert_eq!(alerts[&second.key], counts(1, 0));
        f.carrier.status(200);
        f.change([Change::Applied(ProviderSpec { generation: 2, ..provider() }.into())]).await;
        f.until(|f| latest(f).providers.get(&provider().key) == Some(&counts(0, 1))).await;
        f.until(|f| !latest(f).alerts.contains_key(&second.key)).await;
        f.end().await;
    });
}

#[test]
fn what_passes_through_is_no_backlog() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.answer_after(secs(4));
        for n in 0..10 {
            f.append(&format!("message {n}"), [delivery(&format!("object {n}"))]).await;
            tokio::time::sleep(secs(11)).await;
        }
        assert_eq!(f.backlogs(), [Backlog::default()]);
        f.end().await;
    });
}

#[test]
fn a_full_queue_is_told_once_with_the_number_that_gave_way() {
    let outbox = MemoryOutbox::new(Bounds { records_per_provider: 2, ..Bounds::default() });
    campanile_testkit::run(async |ward: Ward| {
        let f = Fixture::start_with(&ward, outbox.clone());
        f.providers([provider()]).await;
        f.carrier.status(401);
        for n in 0..6 {
            f.append(&format!("message {n}"), [delivery(&format!("object {n}"))]).await;
        }
        let overflowed = |f: &Fixture| {
            let is_overflow = |one: &campanile_protocol::Announce| one.reason == "QueueOverflowed";
            f.announced().into_iter().filter(is_overflow).collect::<Vec<_>>()
        };
        f.until(|f| !overflowed(f).is_empty()).await;
        let told = overflowed(&f);
        assert_eq!((told.len(), &told[0].on, told[0].warning), (1, &Subject::Provider(provider().key), true));
        assert_eq!(
            told[0].message,
            "4 notifications gave way to newer ones because the queue is full; mend the destination, then put them back \
             with: campanile redrive --provider apps/chat"
        );
        f.end().await;
    });
}

#[test]
fn what_passes_its_deadline_is_told_once_with_its_number() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.status(401);
        for lane in ["a", "b", "c"] {
            f.append("message 1", [NewDelivery { deadline: noon() + secs(45), ..delivery(lane) }]).await;
        }
        f.until(|f| f.outbox.stats().total.dead == 3).await;
        let expired = |f: &Fixture| {
            let of_provider =
                |one: &campanile_protocol::Announce| one.on == Subject::Provider(provider().key);
            f.announced().into_iter().filter(of_provider).collect::<Vec<_>>()
        };
        f.until(|f| !expired(f).is_empty()).await;
        let told = expired(&f);
        assert_eq!((told.len(), &*told[0].reason, told[0].warning), (1, "NotificationsExpired", true));
        assert_eq!(
            told[0].message,
            "3 notifications passed the deadline without getting through; once the destination works, put them back \
             with: campanile redrive --provider apps/chat"
        );
        f.end().await;
    });
}
