//! The dispatcher with its provider actors against the model outbox, on one arbiter, on a paused clock, without
//! sockets.

mod announcing;
mod backlog;
mod catch_up;
mod commit_status;
mod fixture;
mod outages;
mod rate_limits;
mod refusals;
mod scripted;
mod sharing;
mod test_notification;

use std::time::Duration;

use campanile_domain::{Failure, FailureClass, NewDelivery, ObjectKey, ProviderSpec};
use campanile_outbox::{Browse, DeliveryState};
use campanile_protocol::{Change, Subject};
use campanile_testkit::{Ward, new_delivery, noon, provider};
use fixture::{Answer, Fixture};

fn delivery(lane: &str) -> NewDelivery {
    NewDelivery { lane: lane.into(), ..new_delivery() }
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn run<F: Future<Output = ()>>(test: impl FnOnce(Fixture) -> F) {
    campanile_testkit::run(|ward: Ward| {
        let fixture = Fixture::start(&ward);
        async move { test(fixture).await }
    });
}

#[test]
fn deliveries_of_one_object_go_in_order_and_of_many_objects_at_once() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.answer_after(secs(1));
        for n in 0..60 {
            f.append(&format!("message {n}"), [delivery(&format!("object {}", n % 20))]).await;
        }
        f.until(|f| f.carrier.bodies().len() == 60).await;
        assert_eq!(f.carrier.most_at_once(), 16, "no more than the bound, and no less");
        let bodies = f.carrier.bodies();
        for object in 0..20 {
            let of_object: Vec<_> = bodies.iter().filter(|n| *n % 20 == object).collect();
            assert_eq!(of_object, [&object, &(object + 20), &(object + 40)]);
        }
        f.until(|f| f.outbox.stats().total.pending == 0).await;
        f.end().await;
    });
}

#[test]
fn a_failed_delivery_is_tried_again_and_others_go_on_meanwhile() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::Status(503), Answer::Status(200), Answer::Status(200)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        f.append("message 2", [delivery("b")]).await;
        f.append("message 3", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 4).await;
        assert_eq!(f.carrier.bodies(), [1, 2, 1, 3]);
        f.end().await;
    });
}

#[test]
fn retry_after_pauses_the_whole_provider() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.script([Answer::RetryAfter(120)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        f.append("message 2", [delivery("b")]).await;
        tokio::time::sleep(secs(115)).await;
        assert_eq!(f.carrier.bodies(), [1]);
        f.until(|f| f.carrier.bodies().len() == 3).await;
        assert!(f.now() >= noon() + secs(120));
        f.end().await;
    });
}

#[test]
fn a_refused_token_parks_the_queue_until_the_secret_changes() {
    run(async |f| {
        let spec =
            ProviderSpec { type_name: "generic-hmac".into(), secret_ref: Some("token".into()), ..provider() };
        f.secret("token", &[("token", "revoked")]);
        f.providers([spec]).await;
        f.carrier.script([Answer::Status(401)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| !f.delivering()).await;
        f.append("message 2", [delivery("b")]).await;
        f.append("message 3", [delivery("a")]).await;
        tokio::time::sleep(secs(60)).await;
        assert_eq!(f.carrier.bodies(), [1], "nobody knocks at a closed door");
        f.secret("token", &[("token", "fresh")]);
        let mended = f.now();
        f.secret_changed("token").await;
        f.until(|f| f.carrier.bodies().len() == 4).await;
        assert!(f.now() < mended + secs(5), "it goes on at once");
        assert_eq!(f.carrier.bodies()[1..], [1, 2, 3]);
        f.until(Fixture::delivering).await;
        f.end().await;
    });
}

#[test]
fn a_missing_secret_is_shown_and_mended() {
    run(async |f| {
        let spec = ProviderSpec { secret_ref: Some("absent".into()), ..provider() };
        f.providers([spec]).await;
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.ready().is_err()).await;
        let failure = f.ready().unwrap_err();
        assert_eq!(failure.class, FailureClass::Config);
        assert!(failure.message.contains("apps/absent"), "{failure}");
        assert!(f.carrier.bodies().is_empty());
        f.secret("absent", &[]);
        f.secret_changed("absent").await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        assert!(f.ready().is_ok());
        f.end().await;
    });
}

#[test]
fn an_unknown_type_waits_and_disturbs_nobody() {
    run(async |f| {
        let pigeon =
            ProviderSpec { key: ObjectKey::new("apps", "pigeon"), type_name: "pigeon".into(), ..provider() };
        f.providers([pigeon.clone(), provider()]).await;
        f.append("message 1", [NewDelivery { provider: pigeon.key, ..delivery("a") }]).await;
        f.append("message 2", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies() == [2]).await;
        assert_eq!(f.outbox.stats().total.pending, 1);
        f.end().await;
    });
}

#[test]
fn a_message_that_panics_its_exchange_three_times_is_poison_and_the_others_arrive() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.panic_on("message 1");
        f.append("message 1", [delivery("a")]).await;
        f.append("message 2", [delivery("b")]).await;
        f.append("message 3", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies() == [2, 3]).await;
        let dead = f.dead().await;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].failure.as_ref().map(|failure| failure.class), Some(FailureClass::Poison));
        assert_eq!(f.snapshot().await.panics, 3);
        f.end().await;
    });
}

#[test]
fn what_panicked_is_counted_on_by_the_next_actor() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.panic_on("message 1");
        f.append("message 1", [delivery("a")]).await;
        for panics in 1..=3 {
            while f.snapshot().await.panics < panics {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            for suspend in [true, false] {
                f.change([Change::Applied(ProviderSpec { suspend, ..provider() }.into())]).await;
            }
        }
        f.until(|f| f.outbox.stats().total.dead == 1).await;
        let snapshot = f.snapshot().await;
        assert_eq!((snapshot.panics, snapshot.ends.panicked, snapshot.restarts), (3, 0, 0));
        assert!(snapshot.ends.stopped >= 2, "{snapshot:?}");
        f.end().await;
    });
}

#[test]
fn each_provider_actor_tells_how_it_stands() {
    run(async |f| {
        let other = ProviderSpec { key: ObjectKey::new("apps", "other"), ..provider() };
        f.providers([provider(), other.clone()]).await;
        f.carrier.script([Answer::RetryAfter(120)]);
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies() == [1]).await;
        f.carrier.hang_on("/hook");
        f.append("message 2", [NewDelivery { provider: other.key.clone(), ..delivery("a") }]).await;
        f.until(|f| f.carrier.hanging() == 1).await;
        let shown: Vec<_> = f.provider_snapshots().await;
        let [chat, busy] = &shown[..] else { panic!("{shown:?}") };
        assert_eq!((&chat.provider, &busy.provider), (&provider().key, &other.key));
        assert_eq!((chat.in_flight, chat.held_until, chat.room), (0, Some(noon() + secs(120)), 0));
        assert_eq!((busy.in_flight, busy.held_until, busy.room, busy.probing), (1, None, 15, false));
        f.carrier.let_go();
        f.end().await;
    });
}

#[test]
fn a_black_hole_costs_only_its_own_queue() {
    run(async |f| {
        let hole = ProviderSpec {
            key: ObjectKey::new("apps", "hole"),
            address: "http://127.0.0.1:9/hole".into(),
            ..provider()
        };
        f.providers([hole.clone(), provider()]).await;
        f.carrier.hang_on("/hole");
        for n in 0..100 {
            let lane = format!("object {n}");
            let lost = NewDelivery { provider: hole.key.clone(), ..delivery(&lane) };
            f.append(&format!("message {n}"), [lost, delivery(&lane)]).await;
        }
        f.until(|f| f.carrier.bodies().len() == 100).await;
        assert!(f.now() < noon() + secs(1), "nobody waits for the black hole");
        assert_eq!(f.carrier.hanging(), 16);
        f.carrier.let_go();
        f.end().await;
    });
}

#[test]
fn a_deleted_provider_leaves_dead_letters_that_say_so() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.status(503);
        f.append("message 1", [delivery("a")]).await;
        f.append("message 2", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        f.change([Change::Deleted(provider().key)]).await;
        f.until(|f| f.outbox.stats().total.dead == 2).await;
        let dead = f.dead().await;
        let class = |view: &campanile_outbox::DeliveryView| view.failure.as_ref().map(|f| f.class);
        assert!(dead.iter().all(|view| class(view) == Some(FailureClass::ProviderDeleted)), "{dead:?}");
        f.until_actors(0).await;
        f.end().await;
    });
}

#[test]
fn a_suspended_provider_holds_its_queue_and_goes_on() {
    run(async |f| {
        let suspended = ProviderSpec { suspend: true, ..provider() };
        f.providers([suspended]).await;
        f.append("message 1", [delivery("a")]).await;
        tokio::time::sleep(secs(60)).await;
        assert!(f.carrier.bodies().is_empty());
        f.change([Change::Applied(provider().into())]).await;
        f.until(|f| f.carrier.bodies() == [1]).await;
        f.end().await;
    });
}

#[test]
fn what_passes_its_deadline_becomes_a_dead_letter() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.status(503);
        let short = NewDelivery { deadline: noon() + secs(45), ..delivery("a") };
        f.append("message 1", [short.clone()]).await;
        f.append("message 2", [short]).await;
        f.until(|f| f.outbox.stats().total.dead == 2).await;
        assert!(f.now() < noon() + secs(60));
        let dead = f.dead().await;
        assert!(dead.iter().all(|view| view.state == DeliveryState::Dead));
        f.end().await;
    });
}

#[test]
fn an_actor_without_work_ends_and_comes_back_for_more() {
    run(async |f| {
        f.providers([provider()]).await;
        f.append("message 1", [delivery("a")]).await;
        f.until_actors(1).await;
        f.until_actors(0).await;
        assert!(f.now() >= noon() + secs(60));
        f.append("message 2", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies() == [1, 2]).await;
        f.end().await;
    });
}

#[test]
fn draining_lets_exchanges_end_and_takes_nothing_more() {
    run(async |f| {
        f.providers([provider()]).await;
        f.carrier.answer_after(secs(2));
        f.append("message 1", [delivery("a")]).await;
        f.append("message 2", [delivery("a")]).await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        f.drain().await;
        assert_eq!(f.carrier.bodies(), [1]);
        assert_eq!(f.outbox.stats().total.pending, 1, "the first is settled, the second kept");
        f.end().await;
    });
}

#[test]
fn failures_are_masked_before_they_leave() {
    run(async |f| {
        let spec =
            ProviderSpec { secret_ref: Some("token".into()), type_name: "generic-hmac".into(), ..provider() };
        f.secret("token", &[("token", "hunter2-token")]);
        f.providers([spec]).await;
        f.carrier
            .fail(Failure::new(FailureClass::Connection, "connect to hunter2-token.example:443: refused"));
        f.append("message 1", [delivery("a")]).await;
        f.until(|f| f.last_error().is_some()).await;
        assert_eq!(f.last_error().as_deref(), Some("connect to *****.example:443: refused"));
        f.end().await;
    });
}

#[test]
fn issue_15_a_slow_read_of_a_secret_delays_no_other_provider() {
    run(async |f| {
        f.secret("slow", &[("token", "t")]);
        f.secret("token", &[("token", "t")]);
        let named = |name: &str, secret: &str| ProviderSpec {
            key: ObjectKey::new("apps", name),
            secret_ref: Some(secret.into()),
            ..provider()
        };
        let (slow, quick) = (named("slow", "slow"), named("quick", "token"));
        let begun = f.now();
        f.providers([slow.clone(), quick.clone()]).await;
        f.append("message 1", [NewDelivery { provider: slow.key, ..delivery("a") }]).await;
        f.append("message 2", [NewDelivery { provider: quick.key, ..delivery("b") }]).await;
        f.until(|f| f.carrier.bodies().len() == 1).await;
        assert_eq!(f.carrier.bodies(), [2]);
        assert!(f.now() < begun + fixture::SLOW);
        f.until(|f| f.carrier.bodies().len() == 2).await;
        f.end().await;
    });
}
