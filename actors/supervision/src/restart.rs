//! The restart policy: when to build a dead child anew, and when to give up.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::Backoff;

/// The policy of restarts: how often and how fast a child may be restarted.
#[derive(Clone, Copy, Debug)]
pub struct RestartPolicy {
    /// The pause before each restart.
    pub backoff: Backoff,
    /// Restarts further back than this do not count.
    pub window: Duration,
    /// More restarts than this within the window are given up.
    pub limit: usize,
    /// How often a child is asked for a sign of life.
    pub heartbeat_every: Duration,
    /// A child that has not answered for so long is replaced.
    pub stalled_after: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            backoff: Backoff {
                floor: Duration::from_millis(20),
                base: Duration::from_millis(100),
                ceiling: Duration::from_secs(30),
            },
            window: Duration::from_secs(600),
            limit: 20,
            heartbeat_every: Duration::from_secs(5),
            stalled_after: Duration::from_secs(30),
        }
    }
}

/// The decision about a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Build the child anew after this pause.
    After(Duration),
    /// It died too often; leave it, or end the process.
    GiveUp,
}

/// The deaths of one child. Holds at most `limit + 1` times.
#[derive(Debug, Default)]
pub struct RestartLog {
    recent: VecDeque<Timestamp>,
    total: u64,
}

impl RestartLog {
    /// Records a death at `now` and decides; `random` is drawn evenly from 0 to 1.
    pub fn record(&mut self, policy: &RestartPolicy, now: Timestamp, random: f64) -> Restart {
        let cutoff = now - policy.window;
        while self.recent.front().is_some_and(|death| *death < cutoff) {
            self.recent.pop_front();
        }
        if self.recent.len() >= policy.limit {
            return Restart::GiveUp;
        }
        self.recent.push_back(now);
        self.total += 1;
        let attempt = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        Restart::After(policy.backoff.pause(attempt, random))
    }

    /// The number of restarts since the beginning.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_deaths_in_the_window_are_given_up_and_old_ones_forgotten() {
        let policy = RestartPolicy { limit: 2, ..RestartPolicy::default() };
        let start = Timestamp::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut log = RestartLog::default();
        assert_eq!(log.record(&policy, start, 0.0), Restart::After(policy.backoff.floor));
        assert!(matches!(log.record(&policy, start, 1.0), Restart::After(pause) if pause.as_millis() == 200));
        assert_eq!(log.record(&policy, start, 0.0), Restart::GiveUp);
        let later = start + policy.window + Duration::from_secs(1);
        assert!(matches!(log.record(&policy, later, 0.0), Restart::After(_)));
        assert_eq!(log.total(), 3);
    }
}
