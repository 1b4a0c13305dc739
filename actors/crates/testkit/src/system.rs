//! A test system: one arbiter, a clock that stands still, and a check that no actor outlives the test.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler};
use campanile_supervision::{DeathNotice, End, LifeGuard, TestClock};

use crate::noon;

/// Hands out life guards and watches that every guarded actor ends.
#[derive(Clone)]
pub struct Ward {
    keeper: Addr<Keeper>,
    out: Arc<AtomicUsize>,
    deaths: Arc<AtomicUsize>,
    panics: Arc<AtomicUsize>,
    /// Starts at [`noon`] and follows tokio's paused timer.
    pub clock: Arc<TestClock>,
}

impl Ward {
    /// A guard for an actor under test.
    pub fn guard(&self, name: &'static str) -> LifeGuard<&'static str> {
        self.out.fetch_add(1, Ordering::Relaxed);
        LifeGuard::new(name, self.keeper.clone().recipient())
    }

    /// The number of guarded actors that have ended by a panic.
    pub fn panics(&self) -> usize {
        self.panics.load(Ordering::Relaxed)
    }

    /// The number of guarded actors that are still alive.
    pub fn alive(&self) -> usize {
        self.out.load(Ordering::Relaxed) - self.deaths.load(Ordering::Relaxed)
    }
}

struct Keeper {
    deaths: Arc<AtomicUsize>,
    panics: Arc<AtomicUsize>,
}

impl Actor for Keeper {
    type Context = Context<Self>;
}

impl Handler<DeathNotice<&'static str>> for Keeper {
    type Result = ();

    fn handle(&mut self, notice: DeathNotice<&'static str>, _: &mut Self::Context) {
        self.deaths.fetch_add(1, Ordering::Relaxed);
        self.panics.fetch_add(usize::from(notice.end == End::Panicked), Ordering::Relaxed);
    }
}

/// Runs `test` in a system of its own with a paused clock. The test must end or drop every actor it guarded.
///
/// # Panics
/// If a guarded actor is still alive a (virtual) minute after the test returned.
#[expect(clippy::panic, reason = "this is an assertion of tests")]
pub fn run<F, Fut>(test: F)
where
    F: FnOnce(Ward) -> Fut,
    Fut: Future<Output = ()>,
{
    actix_rt::System::new().block_on(async {
        tokio::time::pause();
        let (deaths, panics) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let keeper = Keeper { deaths: deaths.clone(), panics: panics.clone() }.start();
        let clock = Arc::new(TestClock::starting_at(noon()));
        let ward = Ward { keeper, out: Arc::default(), deaths, panics, clock };
        test(ward.clone()).await;
        for _ in 0..600 {
            if ward.alive() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} actors outlive the test", ward.alive());
    });
}
