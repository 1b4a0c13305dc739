//! Outcomes on their way to the watcher, coalesced: one an Alert, the newest.

use std::collections::HashMap;

use campanile_domain::ObjectKey;
use campanile_protocol::{DeliveryOutcome, DeliveryResult, Report};
use campanile_supervision::Link;

/// Most Alerts whose outcomes are held between two flushes; beyond it the rest is flushed at once.
const MOST_ALERTS: usize = 1024;

/// Collects outcomes of one provider actor.
pub(crate) struct Reports {
    link: Link<Report>,
    newest: HashMap<ObjectKey, DeliveryOutcome>,
}

impl Reports {
    pub(crate) fn new(link: Link<Report>) -> Self {
        Self { link, newest: HashMap::new() }
    }

    /// Notes an outcome. True if it is the first since the last flush, so that the caller plans the next one.
    ///
    /// Losing a report costs a stale status line until the next outcome, never a delivery: the outbox knows already.
    pub(crate) fn note(&mut self, outcome: DeliveryOutcome) -> bool {
        if self.newest.len() >= MOST_ALERTS {
            self.flush();
        }
        let first = self.newest.is_empty();
        let key = outcome.alert.key.clone();
        match self.newest.get(&key) {
            Some(held) if !supersedes(&outcome, held) => {}
            _ => {
                self.newest.insert(key, outcome);
            }
        }
        first
    }

    /// Passes on what is held.
    pub(crate) fn flush(&mut self) {
        for outcome in std::mem::take(&mut self.newest).into_values() {
            self.link.hint(Report::Delivery(outcome));
        }
    }

    /// Passes on a change of the Provider at once.
    pub(crate) fn provider(&self, state: campanile_protocol::ProviderState) {
        self.link.hint(Report::Provider(state));
    }
}

/// A dead letter is not hidden by a delivery that follows it within the same moment.
fn supersedes(new: &DeliveryOutcome, held: &DeliveryOutcome) -> bool {
    !matches!(held.result, DeliveryResult::Dead(_)) || matches!(new.result, DeliveryResult::Dead(_))
}
