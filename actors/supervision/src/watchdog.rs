//! The watchdog: ends a process one of whose arbiters is stuck.
//!
//! An actor that does not answer can be replaced as long as its arbiter runs. When a handler blocks the thread, nothing on
//! it runs any more, the supervisor included. So each arbiter beats now and then, and a thread of its own listens.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Beats in the time that an arbiter may be silent.
const BEATS: u32 = 10;

/// Listens to arbiters. Clones share what they listen to; the thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Watchdog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    start: Instant,
    limit: Duration,
    hearts: Mutex<Vec<Weak<Heart>>>,
}

/// One arbiter. It is dropped with the task that beats, so an arbiter that ends is no longer listened to.
#[derive(Debug)]
struct Heart {
    name: &'static str,
    /// The last beat, in milliseconds since the start.
    last: AtomicU64,
}

impl Watchdog {
    /// Starts the thread. `silent` is called on it with the name of an arbiter that did not beat for `limit`; it is meant to
    /// end the process.
    ///
    /// # Errors
    /// If no thread can be had.
    pub fn start(
        limit: Duration,
        silent: impl FnMut(&'static str) + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { start: Instant::now(), limit, hearts: Mutex::default() });
        let (listening, pause) = (Arc::downgrade(&shared), pause(limit));
        std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || listen(&listening, pause, silent))?;
        Ok(Self(shared))
    }

    /// Listens to the current arbiter from now on.
    pub fn watch(&self, name: &'static str) {
        let heart = Arc::new(Heart { name, last: AtomicU64::new(self.0.now()) });
        let mut hearts = self.0.hearts();
        hearts.retain(|heart| heart.strong_count() > 0);
        hearts.push(Arc::downgrade(&heart));
        let (shared, pause) = (Arc::downgrade(&self.0), pause(self.0.limit));
        actix::spawn(async move {
            while let Some(shared) = shared.upgrade() {
                heart.last.store(shared.now(), Relaxed);
                drop(shared);
                tokio::time::sleep(pause).await;
            }
        });
    }
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn hearts(&self) -> MutexGuard<'_, Vec<Weak<Heart>>> {
        self.hearts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An arbiter that has been silent for too long.
    fn silent(&self) -> Option<&'static str> {
        let oldest = self.now().saturating_sub(u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX));
        let hearts = self.hearts();
        hearts
            .iter()
            .filter_map(Weak::upgrade)
            .find(|heart| heart.last.load(Relaxed) < oldest)
            .map(|heart| heart.name)
    }
}

fn pause(limit: Duration) -> Duration {
    limit / BEATS
}

fn listen(shared: &Weak<Shared>, pause: Duration, mut silent: impl FnMut(&'static str)) {
    loop {
        let asleep = Instant::now();
        std::thread::park_timeout(pause);
        let Some(shared) = shared.upgrade() else { return };
        // The whole process was stopped for a while: the arbiters get time to beat again.
        if asleep.elapsed() > pause * 3 {
            std::thread::park_timeout(pause * 5);
        }
        if let Some(name) = shared.silent() {
            silent(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LIMIT: Duration = Duration::from_millis(300);

    fn start() -> (Watchdog, mpsc::Receiver<&'static str>) {
        let (sender, receiver) = mpsc::channel();
        let watchdog = Watchdog::start(LIMIT, move |name| sender.send(name).unwrap_or_default()).unwrap();
        (watchdog, receiver)
    }

    #[test]
    fn supervise_an_arbiter_whose_thread_is_blocked_is_named_and_the_others_are_not() {
        actix_rt::System::new().block_on(async {
            let (watchdog, silent) = start();
            watchdog.watch("main");
            let worker = actix::Arbiter::new();
            let (watching, release) = (watchdog.clone(), mpsc::channel::<()>());
            let (hold, held) = release;
            worker.spawn(async move {
                watching.watch("worker");
                held.recv().unwrap_or_default();
            });
            let name = tokio::task::spawn_blocking(move || silent.recv_timeout(LIMIT * 100)).await.unwrap();
            assert_eq!(name, Ok("worker"));
            drop(hold);
            worker.stop();
        });
    }

    #[test]
    fn supervise_an_arbiter_that_runs_or_has_ended_is_left_alone() {
        actix_rt::System::new().block_on(async {
            let (watchdog, silent) = start();
            watchdog.watch("main");
            let worker = actix::Arbiter::new();
            let watching = watchdog.clone();
            worker.spawn_fn(move || watching.watch("worker"));
            worker.stop();
            tokio::task::spawn_blocking(move || worker.join()).await.unwrap().unwrap();
            let name = tokio::task::spawn_blocking(move || silent.recv_timeout(LIMIT * 4)).await.unwrap();
            assert_eq!(name, Err(mpsc::RecvTimeoutError::Timeout));
        });
    }
}
