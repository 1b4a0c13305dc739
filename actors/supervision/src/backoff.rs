//! Exponential backoff with full jitter above a floor.

use std::time::Duration;

/// A rule for pauses: the longest pause doubles with each attempt up to a ceiling, and the pause itself is drawn
/// evenly between the floor and that. Stateless, so that a stored attempt count is all there is to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The shortest pause that there is.
    pub floor: Duration,
    /// The longest that the first pause may be.
    pub base: Duration,
    /// The longest pause that there is.
    pub ceiling: Duration,
}

impl Backoff {
    /// The longest pause after `attempt` failures, counted from 1.
    pub fn longest(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).clamp(self.floor, self.ceiling)
    }

    /// A pause after `attempt` failures, counted from 1; `random` is drawn evenly from 0 to 1.
    pub fn pause(&self, attempt: u32, random: f64) -> Duration {
        let longest = self.longest(attempt);
        self.floor + (longest - self.floor.min(longest)).mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Backoff = Backoff {
        floor: Duration::from_millis(500),
        base: Duration::from_secs(2),
        ceiling: Duration::from_secs(60),
    };

    #[test]
    fn the_longest_pause_doubles_up_to_the_ceiling() {
        let longest: Vec<u64> = (0..8).map(|n| RULE.longest(n).as_secs()).collect();
        assert_eq!(longest, [2, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(RULE.longest(u32::MAX).as_secs(), 60);
    }

    #[test]
    fn a_pause_lies_between_floor_and_longest() {
        assert_eq!(RULE.pause(3, 0.0), RULE.floor);
        assert_eq!(RULE.pause(3, 1.0), Duration::from_secs(8));
        assert_eq!(RULE.pause(1, 0.5), Duration::from_millis(1250));
    }
}
