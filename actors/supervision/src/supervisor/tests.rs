use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use actix::Addr;
use jiff::Timestamp;

use super::*;
use crate::{Clock, Link, SystemClock, TestClock};

#[derive(Message)]
#[rtype(result = "usize")]
enum Order {
    Panic,
    Stop,
    Count,
}

/// Counts how often it was built, and does as it is told.
struct Worker {
    built: usize,
    _guard: LifeGuard<&'static str>,
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
            Order::Count => {}
        }
        self.built
    }
}

struct Fixture {
    supervisor: Addr<Supervisor>,
    link: Link<Order>,
    given_up: Arc<AtomicUsize>,
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
        let factory = Box::new(move |guard| {
            let built = built.fetch_add(1, Relaxed) + 1;
            slot.point_at(&Worker { built, _guard: guard }.start());
        });
        supervisor.do_send(Supervise { name: "worker", factory });
        Self { supervisor, link, given_up }
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
        self.supervisor.send(GetChildren).await.unwrap().remove(0)
    }
}

fn run(test: impl AsyncFnOnce()) {
    actix_rt::System::new().block_on(async {
        tokio::time::pause();
        test().await;
    });
}

#[test]
fn supervise_an_actor_that_panics_or_stops_is_built_anew_behind_the_same_link() {
    run(async || {
        let fixture = Fixture::start(RestartPolicy::default());
        fixture.await_build(1).await;
        assert!(fixture.link.ask(Order::Panic).await.is_err());
        fixture.await_build(2).await;
        fixture.link.ask(Order::Stop).await.ok();
        fixture.await_build(3).await;
        assert_eq!(fixture.report().await, ChildReport { name: "worker", alive: true, restarts: 2 });
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
        assert_eq!(fixture.report().await, ChildReport { name: "worker", alive: false, restarts: 2 });
        assert_eq!(fixture.given_up.load(Relaxed), 1);
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
