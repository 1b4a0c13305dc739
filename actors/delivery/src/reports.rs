//! Outcomes on their way to the watcher, coalesced: of each Alert the newest, and the newest dead letter.

use std::collections::HashMap;

use campanile_domain::ObjectKey;
use campanile_protocol::{DeliveryOutcome, DeliveryResult, Report};
use campanile_supervision::Link;

/// Most Alerts whose outcomes are held between two flushes; beyond it the rest is flushed at once.
const MOST_ALERTS: usize = 1024;

/// Collects outcomes of one provider actor.
pub(crate) struct Reports {
    link: Link<Report>,
    /// By Alert, dead letters apart: a delivery that follows one within a moment neither hides it nor is hidden.
    newest: HashMap<(ObjectKey, bool), DeliveryOutcome>,
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
        let dead = matches!(outcome.result, DeliveryResult::Dead(_));
        self.newest.insert((outcome.alert.key.clone(), dead), outcome);
        first
    }

    /// Passes on what is held, in the order in which it happened.
    pub(crate) fn flush(&mut self) {
        let mut held: Vec<_> = std::mem::take(&mut self.newest).into_values().collect();
        held.sort_by_key(|outcome| outcome.at);
        for outcome in held {
            self.link.hint(Report::Delivery(outcome));
        }
    }

    /// Passes on a change of the Provider at once.
    pub(crate) fn provider(&self, state: campanile_protocol::ProviderState) {
        self.link.hint(Report::Provider(state));
    }
}
