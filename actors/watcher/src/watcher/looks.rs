//! Times at which the token of each Receiver is looked at: at once when it or its Secret changed or somebody asks, after its interval, and
//! with growing pauses while it is missing (contract, receivers 2.1).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use campanile_domain::ObjectKey;
use jiff::Timestamp;

/// Pauses between looks at a token that is missing: each twice as long as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryDelays {
    /// The first pause between two looks.
    pub min: Duration,
    /// The longest pause between two looks.
    pub max: Duration,
}

impl Default for RetryDelays {
    /// The incumbent's (contract, control plane 8.1).
    fn default() -> Self {
        Self { min: Duration::from_millis(750), max: Duration::from_secs(900) }
    }
}

impl RetryDelays {
    /// The pause after so many failures in a row, at least one.
    fn after(self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.min.saturating_mul(doubled).min(self.max.max(self.min))
    }
}

/// Receivers to look at. There is at most one entry for each.
#[derive(Default)]
pub(crate) struct Looks {
    delays: RetryDelays,
    due: BTreeMap<ObjectKey, Timestamp>,
    under_way: BTreeSet<ObjectKey>,
    failures: BTreeMap<ObjectKey, u32>,
}

impl Looks {
    pub(crate) fn new(delays: RetryDelays) -> Self {
        Self { delays, ..Self::default() }
    }

    /// Asks for a look at `at` or earlier.
    pub(crate) fn mark(&mut self, receiver: ObjectKey, at: Timestamp) {
        let due = self.due.entry(receiver).or_insert(at);
        *due = at.min(*due);
    }

    /// Forgets a Receiver that is gone.
    pub(crate) fn forget(&mut self, receiver: &ObjectKey) {
        self.due.remove(receiver);
        self.failures.remove(receiver);
    }

    /// Takes those that are due. One that is being looked at waits for the end of that.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<ObjectKey> {
        let is_due = |(key, at): &(&ObjectKey, &Timestamp)| **at <= now && !self.under_way.contains(*key);
        let due: Vec<ObjectKey> = self.due.iter().filter(is_due).map(|(key, _)| key.clone()).collect();
        for key in &due {
            self.due.remove(key);
            self.under_way.insert(key.clone());
        }
        due
    }

    /// Notes that a look ended; `next` is the pause after a good one. Nothing is noted of a Receiver that is gone or at rest.
    pub(crate) fn ended(
        &mut self,
        receiver: &ObjectKey,
        failed: bool,
        next: Option<Duration>,
        now: Timestamp,
    ) {
        self.under_way.remove(receiver);
        let Some(next) = next else {
            self.failures.remove(receiver);
            return;
        };
        let pause = if failed {
            let failures = self.failures.entry(receiver.clone()).or_default();
            *failures = failures.saturating_add(1);
            self.delays.after(*failures)
        } else {
            self.failures.remove(receiver);
            next
        };
        self.mark(receiver.clone(), now + pause);
    }
}

#[cfg(test)]
mod tests {
    use campanile_testkit::noon;

    use super::*;

    fn key() -> ObjectKey {
        ObjectKey::new("apps", "hook")
    }

    #[test]
    fn failures_are_tried_again_with_growing_pauses_up_to_the_longest() {
        let delays = RetryDelays { min: Duration::from_secs(1), max: Duration::from_secs(5) };
        let (mut looks, mut now) = (Looks::new(delays), noon());
        looks.mark(key(), now);
        for pause in [1, 2, 4, 5, 5] {
            assert_eq!(looks.take_due(now), [key()]);
            looks.ended(&key(), true, Some(Duration::from_secs(600)), now);
            let early = now + Duration::from_secs(pause) - Duration::from_millis(1);
            assert!(looks.take_due(early).is_empty(), "{pause}");
            now += Duration::from_secs(pause);
        }
        looks.take_due(now);
        looks.ended(&key(), false, Some(Duration::from_secs(600)), now);
        assert!(looks.take_due(now + Duration::from_secs(599)).is_empty());
        assert_eq!(looks.take_due(now + Duration::from_secs(600)), [key()], "then after its interval");
    }

    #[test]
    fn a_change_during_a_look_leads_to_another_one() {
        let mut looks = Looks::default();
        looks.mark(key(), noon());
        assert_eq!(looks.take_due(noon()), [key()]);
        looks.mark(key(), noon());
        assert!(looks.take_due(noon()).is_empty(), "one at a time");
        looks.ended(&key(), false, Some(Duration::from_secs(600)), noon());
        assert_eq!(looks.take_due(noon()), [key()]);
    }

    #[test]
    fn what_is_gone_or_at_rest_is_not_looked_at_again() {
        let mut looks = Looks::default();
        looks.mark(key(), noon());
        looks.take_due(noon());
        looks.forget(&key());
        looks.ended(&key(), true, None, noon());
        assert!(looks.take_due(noon() + Duration::from_secs(3600)).is_empty());
    }
}
