//! Probes of destinations that are down: how often one Provider sends one, and how many all Providers send together.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use jiff::Timestamp;

/// How often a destination that is down is tried, by the length of its outage so far: often while it is young, then so that
/// what waits, waits for at most a tenth longer than it had to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeRule {
    /// Time between the starts of two probes in an outage that is younger than `young`.
    pub shortest: Duration,
    /// From this length on an outage is probed after one part in [`PART`](Self::PART) of it.
    pub young: Duration,
    /// The longest time between the starts of two probes.
    pub longest: Duration,
    /// The shortest time between two probes of all Providers together.
    pub spacing: Duration,
}

impl ProbeRule {
    /// What part of an outage passes between two probes.
    pub const PART: u32 = 10;

    /// The time from the start of one probe to that of the next, `outage` after the first failure.
    pub(crate) fn pause(&self, outage: Duration) -> Duration {
        if outage < self.young {
            self.shortest
        } else {
            (outage / Self::PART).clamp(self.shortest, self.longest)
        }
    }
}

/// The turns of all Providers whose destinations are down. Whoever wants to probe gets the next one, in order of asking.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    /// When the next turn is, in microseconds since the epoch.
    next: AtomicI64,
}

impl Probes {
    /// When a probe that is wanted at `now` may start. At most one turn a Provider is out, so they lie at most as many
    /// spacings ahead as there are Providers.
    pub(crate) fn turn(&self, rule: &ProbeRule, now: Timestamp) -> Timestamp {
        let spacing = i64::try_from(rule.spacing.as_micros()).unwrap_or(i64::MAX);
        let now = now.as_microsecond();
        let following = |next: i64| Some(next.max(now).saturating_add(spacing));
        let turn = self.next.fetch_update(Relaxed, Relaxed, following).unwrap_or(now).max(now);
        Timestamp::from_microsecond(turn).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeliveryConfig;
    use campanile_testkit::noon;

    #[test]
    fn issue_22_a_young_outage_is_probed_every_two_seconds_and_an_old_one_after_a_tenth_of_it() {
        let rule = DeliveryConfig::default().probe;
        let pause = |secs| rule.pause(Duration::from_secs(secs)).as_secs_f32();
        assert_eq!([0, 59, 60, 300, 600, 86_400].map(pause), [2.0, 2.0, 6.0, 30.0, 60.0, 60.0]);
    }

    #[test]
    fn issue_22_fifty_probes_a_second_start_whoever_wants_them() {
        let (rule, probes) = (DeliveryConfig::default().probe, Probes::default());
        let turns: Vec<Timestamp> = (0..101).map(|_| probes.turn(&rule, noon())).collect();
        assert_eq!(turns[0], noon(), "the first at once");
        assert_eq!(turns[50], noon() + Duration::from_secs(1));
        assert_eq!(turns[100], noon() + Duration::from_secs(2));
        let later = noon() + Duration::from_secs(60);
        assert_eq!(probes.turn(&rule, later), later, "turns of the past are not saved up");
    }
}
