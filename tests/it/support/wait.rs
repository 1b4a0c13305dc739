//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long anything may take that has no longer bound of its own. Far beyond what is usual, so that a busy machine
/// does not fail a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something to see, and fails after a while with the name of what did not come.
pub(crate) fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, probe)
}

/// As [`eventually`], with a bound of one's own.
pub(crate) fn within<T>(patience: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "gave up after {patience:?} waiting for {what}");
        std::thread::park_timeout(PAUSE);
    }
}
