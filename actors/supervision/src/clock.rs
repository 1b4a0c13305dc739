//! Time as an argument.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// Tells the wall-clock time. Actors get one injected; timers are tokio's, which tests can pause.
pub trait Clock: Send + Sync {
    /// The time as it is now.
    fn now(&self) -> Timestamp;
}

/// A clock that many actors share.
pub type SharedClock = Arc<dyn Clock>;

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that starts at a given time and then follows tokio's timer, so that it stands still while that is paused
/// and jumps when that is advanced.
#[derive(Clone, Copy, Debug)]
pub struct TestClock {
    start: Timestamp,
    origin: tokio::time::Instant,
}

impl TestClock {
    /// A clock that shows `start` now. Call it inside a tokio runtime.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: tokio::time::Instant::now() }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(self.start)
    }
}
