use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::Addr;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::*;
use crate::{Clock, EndCounts, Link, Retirement, SystemClock, TestClock};

#[derive(Message)]
#[rtype(result = "usize")]
enum Order {
    Panic,
    Stop,
    Fail,
    Stall,
    Count,
}

/// Counts how often it was built, and does as it is told.
struct Worker {
    built: usize,
    /// Ends stalls.
    release: Arc<Notify>,
    guard: LifeGuard<&'static str>,
}

impl Actor for Worker {
    type Context = Context<Self>;
}

impl Handler<Order> for Worker {
    type Result = usize;

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) -> usize {
        match order {
            Order::Panic => panic!("told to"),
            Order::Stop => actix::ActorContext::stop(ctx),
            Order::Fail => {
                self.guard.fail();
                actix::ActorContext::stop(ctx);
            }
            Order::Stall => {
                let release = self.release.clone();
                ctx.wait(async move { release.notified().await }.into_actor(self));
            }
            Order::Count => {}
        }
        self.built
    }
}

struct Fixture {
    supervisor: Addr<Supervisor>,
    link: Link<Order>,
    given_up: Arc<AtomicUsize>,
    release: Arc<Notify>,
    /// The retirement of each build.
    retirements: Arc<Mutex<Vec<Retirement>>>,
}

impl Fixture {
    fn start(policy: RestartPolicy) -> Self {
        let clock = Arc::new(TestClock::starting_at(Timestamp::UNIX_EPOCH + Duration::from_secs(1 << 30)));
        let given_up = Arc::<AtomicUsize>::default();
        let counter = given_up.clone();
        let give_up = Box::new(move |_| {
            counter.fetch_add(1, Relaxed);
        });
        let supervisor = Supervisor::new(policy, clock, give_up).start();
        let link = Link::<Order>::new();
        let (slot, built) = (link.clone(), Arc::<AtomicUsize>::default());
        let (release, retirements) = (Arc::<Notify>::default(), Arc::<Mutex<Vec<Retirement>>>::default());
        let (releasing, retiring) = (release.clone(), retirements.clone());
        let factory = Box::new(move |guard: LifeGuard<&'static str>| {
            let built = built.fetch_add(1, Relaxed) + 1;
            retiring.lock().unwrap().push(guard.retirement());
            slot.point_at(&Worker { built, release: releasing.clone(), guard }.start());
        });
        let heartbeat = link.heartbeat(|| Order::Count);
        supervisor.do_send(Supervise { name: "worker", factory, heartbeat });
        Self { supervisor, link, given_up, release, retirements }
    }

    /// Waits, on the paused clock, until the worker of the `n`th build answers.
    async fn await_build(&self, n: usize) {
        for _ in 0..10_000 {
            if self.link.ask(Order::Count).await == Ok(n) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("build {n} never came");
    }

    async fn report(&self) -> ChildReport {
        self.supervisor.send(GetSnapshot::new()).await.unwrap().remove(0)
    }
}

fn run(test: impl AsyncFnOnce()) {
    actix_rt::System::new().block_on(async {
        tokio::time::pause();
        test().await;
    });
}

#[test]
fn supervise_an_actor_that_ends_is_built_anew_behind_the_same_link_and_its_end_is_counted() {
    run(async || {
        let fixture = Fixture::start(RestartPolicy::default());
        fixture.await_build(1).await;
        assert!(fixture.link.ask(Order::Panic).await.is_err());
        fixture.await_build(2).await;
        fixture.link.ask(Order::Stop).await.ok();
        fixture.await_build(3).await;
        fixture.link.ask(Order::Fail).await.ok();
        fixture.await_build(4).await;
        let ends = EndCounts { stopped: 1, failed: 1, panicked: 1, stuck: 0 };
        assert_eq!(
            fixture.report().await,
            ChildReport { name: "worker", alive: true, restarts: 3, stalls: 0, ends }
        );
        assert_eq!(fixture.given_up.load(Relaxed), 0);
    });
}

#[test]
fn supervise_an_actor_that_dies_too_often_is_given_up() {
    run(async || {
        let fixture = Fixture::start(RestartPolicy { limit: 2, ..RestartPolicy::default() });
        for build in 1..=3 {
            fixture.await_build(build).await;
            fixture.link.ask(Order::Panic).await.ok();
        }
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let ends = EndCounts { panicked: 3, ..EndCounts::default() };
        assert_eq!(
            fixture.report().await,
            ChildReport { name: "worker", alive: false, restarts: 2, stalls: 0, ends }
        );
        assert_eq!(fixture.given_up.load(Relaxed), 1);
    });
}

#[test]
fn supervise_an_actor_that_does_not_answer_is_replaced_and_its_late_end_changes_nothing() {
    run(async || {
        let fixture = Fixture::start(RestartPolicy::default());
        fixture.await_build(1).await;
        let stalled_at = tokio::time::Instant::now();
        fixture.link.ask(Order::Stall).await.unwrap();
        let unanswered = fixture.link.recipient().unwrap();
        actix::spawn(async move { unanswered.send(Order::Count).await.unwrap_or_default() });
        while fixture.report().await.stalls == 0 {
            assert!(stalled_at.elapsed() < Duration::from_secs(120), "a stall is noticed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let policy = RestartPolicy::default();
        assert!(
            stalled_at.elapsed() <= policy.heartbeat_every + policy.stalled_after + Duration::from_secs(1)
        );
        // Before the second build the link still leads to the first, which answers nobody.
        while !fixture.report().await.alive {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        fixture.await_build(2).await;
        let ends = EndCounts { stuck: 1, ..EndCounts::default() };
        let expected = ChildReport { name: "worker", alive: true, restarts: 1, stalls: 1, ends };
        assert_eq!(fixture.report().await, expected);
        let retired: Vec<bool> = fixture.retirements.lock().unwrap().iter().map(Retirement::is_due).collect();
        assert_eq!(retired, [true, false]);
        fixture.release.notify_waiters();
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(fixture.report().await, expected, "the first one ended without a further restart");
        fixture.await_build(2).await;
    });
}

#[test]
fn supervise_an_actor_that_answers_is_left_alone_for_an_hour() {
    run(async || {
        let fixture = Fixture::start(RestartPolicy::default());
        fixture.await_build(1).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(fixture.report().await.restarts, 0);
        fixture.await_build(1).await;
    });
}

#[test]
fn supervise_a_link_without_an_actor_says_so() {
    run(async || {
        let link = Link::<Order>::new();
        assert_eq!(link.send(Order::Count), Err(crate::LinkError::Down));
        assert_eq!(link.ask(Order::Count).await, Err(crate::LinkError::Down));
        link.hint(Order::Count);
    });
}

#[test]
fn supervise_the_test_clock_follows_the_paused_timer() {
    run(async || {
        let start = SystemClock.now();
        let clock = TestClock::starting_at(start);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now(), start + Duration::from_secs(90));
    });
}
