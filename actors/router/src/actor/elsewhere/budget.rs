//! Budgets of processor time in the pool: for an Alert, for a namespace and for all together.

use std::collections::HashMap;
use std::sync::Arc;

use campanile_domain::ObjectKey;
use jiff::{SignedDuration, Timestamp};

/// Budgets are for so long, then they are full again.
const WINDOW: SignedDuration = SignedDuration::from_secs(10);
/// What an Alert may take in that time, in nanoseconds: ten messages of 39,000 characters at the highest price.
const OF_ALERT: u64 = 500_000_000;
/// What the Alerts of a namespace may take.
const OF_NAMESPACE: u64 = 2_000_000_000;
/// What all may take: half a core.
const OF_ALL: u64 = 5_000_000_000;
/// What a namespace may take even when the others used up what is there for all.
const SHARE: u64 = 250_000_000;

/// The budget of the current window, and what was taken of it.
#[derive(Debug, Default)]
pub(super) struct MatchBudget {
    since: Option<Timestamp>,
    alerts: HashMap<ObjectKey, u64>,
    namespaces: HashMap<Arc<str>, u64>,
    all: u64,
}

impl MatchBudget {
    /// Takes `cost` nanoseconds for an Alert, if there is so much.
    pub(super) fn take(&mut self, alert: &ObjectKey, cost: u64, now: Timestamp) -> bool {
        self.roll(now);
        let of_alert = self.alerts.get(alert).copied().unwrap_or(0).saturating_add(cost);
        let of_namespace = self.namespaces.get(&alert.namespace).copied().unwrap_or(0).saturating_add(cost);
        let all = self.all.saturating_add(cost);
        let fits =
            of_alert <= OF_ALERT && of_namespace <= OF_NAMESPACE && (all <= OF_ALL || of_namespace <= SHARE);
        if fits {
            self.alerts.insert(alert.clone(), of_alert);
            self.namespaces.insert(alert.namespace.clone(), of_namespace);
            self.all = all;
        }
        fits
    }

    /// Gives back what was not needed.
    pub(super) fn give_back(&mut self, alert: &ObjectKey, refund: u64, now: Timestamp) {
        self.roll(now);
        for used in self.alerts.get_mut(alert).into_iter().chain(self.namespaces.get_mut(&alert.namespace)) {
            *used = used.saturating_sub(refund);
        }
        self.all = self.all.saturating_sub(refund);
    }

    fn roll(&mut self, now: Timestamp) {
        if self.since.is_none_or(|since| now.duration_since(since).abs() >= WINDOW) {
            *self = Self { since: Some(now), ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_15_who_overruns_the_budget_takes_nothing_from_others() {
        let (mut budget, now) = (MatchBudget::default(), Timestamp::UNIX_EPOCH);
        let key = |namespace: &str, name: usize| ObjectKey::new(namespace, name.to_string());
        let affordable = |budget: &mut MatchBudget, namespace: &str, alerts: usize| {
            let once = |at: usize| budget.take(&key(namespace, at % alerts), 50_000_000, now);
            (0..1000).map(once).filter(|fits| *fits).count()
        };
        assert_eq!(affordable(&mut budget, "one-alert", 1), 10);
        assert_eq!(affordable(&mut budget, "many-alerts", 100), 40);
        assert_eq!(affordable(&mut budget, "more", 100), 40);
        assert_eq!(affordable(&mut budget, "all-is-used-up", 100), 10);
        assert_eq!(affordable(&mut budget, "and-still", 100), 5);
        budget.give_back(&key("one-alert", 0), 50_000_000, now);
        assert!(!budget.take(&key("many-alerts", 0), 1, now));
        assert!(budget.take(&key("many-alerts", 0), 50_000_000, now + WINDOW), "later it has its own again");
    }
}
