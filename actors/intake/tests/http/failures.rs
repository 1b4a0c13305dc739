//! When an event cannot be stored: 503 where another try may help, always in time.

use std::time::{Duration, Instant};

use campanile_domain::Event;
use campanile_intake::IntakeConfig;
use campanile_protocol::SubmitError;
use campanile_testkit::event;

use crate::bench::{Bench, Script, about, post, request, run, run_with};

async fn refused_as(bench: &Bench, event: &Event, label: &str) {
    let answer = bench.post(event).await;
    assert_eq!((answer.status, answer.header("Retry-After")), (503, Some("5")), "{label}");
    assert_eq!(answer.header("X-Ratelimit-Limit"), None, "{label}");
    assert_eq!(bench.snapshot().await.refused.get(label).copied(), Some(1), "{label}");
}

#[test]
fn a_store_that_is_full_or_fails_is_a_503() {
    run(|bench| async move {
        bench.router.plays(Script::Refuse(SubmitError::Full));
        refused_as(&bench, &event(), "store-failed").await;
        assert_eq!(bench.snapshot().await.window_keys, 0);
    });
}

#[test]
fn an_event_that_can_not_be_routed_is_a_422_and_may_come_again() {
    run(|bench| async move {
        bench.router.plays(Script::Refuse(SubmitError::Poison));
        let answer = bench.post(&event()).await;
        assert_eq!((answer.status, answer.header("Retry-After")), (422, None), "it need not come again");
        let snapshot = bench.snapshot().await;
        assert_eq!((snapshot.refused.get("unroutable"), snapshot.window_keys), (Some(&1), 0));
    });
}

#[test]
fn a_router_that_dies_with_the_event_is_a_503() {
    run(|bench| async move {
        bench.router.plays(Script::Forget);
        refused_as(&bench, &event(), "unreachable").await;
    });
}

#[test]
fn a_router_that_is_down_or_full_is_a_503() {
    use actix::{Actor, Context, Handler};
    use campanile_protocol::Submit;

    /// Takes one message and is gone.
    struct Mortal;
    impl Actor for Mortal {
        type Context = Context<Self>;
    }
    impl Handler<Submit> for Mortal {
        type Result = ();
        fn handle(&mut self, _: Submit, ctx: &mut Self::Context) {
            actix::ActorContext::stop(ctx);
        }
    }

    run(|bench| async move {
        let mortal = Mortal.start();
        bench.link.point_at(&mortal);
        assert_eq!(bench.post(&event()).await.status, 503);
        while mortal.connected() {
            tokio::task::yield_now().await;
        }
        assert_eq!(bench.post(&event()).await.status, 503);
        assert_eq!(bench.snapshot().await.refused.get("unreachable").copied(), Some(2));
    });
}

#[test]
fn a_store_that_says_nothing_is_a_503_in_time_and_a_late_success_counts() {
    let config = IntakeConfig { store_timeout: Duration::from_millis(100), ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        bench.router.plays(Script::Hold);
        refused_as(&bench, &event(), "late").await;
        let again = bench.post(&event()).await;
        assert_eq!(again.status, 503, "a duplicate waits no longer either");
        assert_eq!(bench.router.seen().len(), 1);
        bench.router.answer_held(&Ok(()));
        bench.shows(|shown| shown.open_body_bytes == 0).await;
        assert_eq!(bench.post(&event()).await.status, 429);
    });
}

#[test]
fn a_late_failure_frees_the_key() {
    let config = IntakeConfig { store_timeout: Duration::from_millis(50), ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        bench.router.plays(Script::Hold);
        refused_as(&bench, &event(), "late").await;
        bench.router.answer_held(&Err(SubmitError::Unavailable));
        bench.shows(|shown| shown.window_keys == 0).await;
        bench.router.plays(Script::Store);
        assert_eq!(bench.post(&event()).await.status, 202);
    });
}

#[test]
fn by_default_an_answer_comes_well_before_senders_give_up() {
    let started = Instant::now();
    run(|bench| async move {
        bench.router.plays(Script::Hold);
        refused_as(&bench, &event(), "late").await;
        bench.router.answer_held(&Ok(()));
    });
    let took = started.elapsed();
    assert!(took > Duration::from_millis(2900) && took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn more_bytes_in_flight_than_allowed_are_a_503_and_come_free_again() {
    let config = IntakeConfig { bodies_limit: 8000, ..IntakeConfig::default() };
    run_with(config, |bench| async move {
        bench.router.plays(Script::Hold);
        let large = "x".repeat(2000);
        let mut holder = bench.connect().await;
        holder.send(&post(&about("a", &large))).await;
        bench.router.has_seen(1).await;
        assert!(bench.snapshot().await.open_body_bytes > 2000);
        refused_as(&bench, &about("b", &large), "overloaded").await;
        bench.router.answer_held(&Ok(()));
        assert_eq!(holder.response().await.status, 202);
        bench.shows(|shown| shown.open_body_bytes == 0).await;
        bench.router.plays(Script::Store);
        assert_eq!(bench.post(&about("b", &large)).await.status, 202);
    });
}

#[test]
fn bytes_of_a_body_that_is_still_coming_count() {
    run(|bench| async move {
        let whole = request("POST", "/", &vec![b' '; 5000]);
        let mut client = bench.connect().await;
        client.send(&whole[..4000]).await;
        bench.shows(|shown| shown.open_body_bytes > 3000).await;
        client.reset();
        bench.shows(|shown| shown.open_body_bytes == 0 && shown.open_requests == 0).await;
    });
}
