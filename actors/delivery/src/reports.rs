//! The reports of outcomes to the watcher, coalesced: of each Alert the newest, and the newest dead letter. What the
//! owners of Alerts are told goes with them, the same thing counted.

use std::collections::HashMap;

use campanile_domain::{Delivery, FailureClass, ObjectKey};
use campanile_protocol::{
    Announce, Announcements, DeliveryOutcome, DeliveryReport, ProviderState, Report, Subject, reason,
};
use campanile_supervision::Link;

/// Most Alerts whose outcomes are held between two flushes; beyond it the rest is flushed at once.
const MOST_ALERTS: usize = 1024;

/// Collects outcomes of one provider actor.
pub(crate) struct Reports {
    link: Link<Report>,
    /// By Alert, dead letters apart: a delivery that follows one within a moment neither hides it nor is hidden.
    newest: HashMap<(ObjectKey, bool), DeliveryReport>,
    announces: Link<Announce>,
    announcements: Announcements,
}

impl Reports {
    pub(crate) fn new(link: Link<Report>, announces: Link<Announce>) -> Self {
        Self { link, newest: HashMap::new(), announces, announcements: Announcements::default() }
    }

    /// Notes the outcome of a delivery. True if it is the first since the last flush, so that the caller plans the next one.
    ///
    /// Losing a report costs a stale status line until the next outcome, never a delivery: the outbox knows already.
    pub(crate) fn note(&mut self, report: DeliveryReport) -> bool {
        if self.newest.len() >= MOST_ALERTS || self.announcements.is_full() {
            self.flush();
        }
        let first = self.newest.is_empty();
        let dead = matches!(report.outcome, DeliveryOutcome::Dead(_));
        self.newest.insert((report.alert.key.clone(), dead), report);
        first
    }

    /// Passes on what is held, outcomes in the order in which they happened. They have the last word on what is shown as
    /// an Alert's last error.
    pub(crate) fn flush(&mut self) {
        for announce in self.announcements.take() {
            self.announces.hint(announce);
        }
        let mut held: Vec<_> = std::mem::take(&mut self.newest).into_values().collect();
        held.sort_by_key(|report| report.at);
        for report in held {
            self.link.hint(Report::Delivery(report));
        }
    }

    /// Tells the owner of the Alert of a delivery that was given up, or that failed for the first time (contract, control
    /// plane 7). To be followed by a [`note`](Self::note) of the same outcome.
    pub(crate) fn announce(&mut self, delivery: &Delivery, outcome: &DeliveryOutcome) {
        let failure = match outcome {
            DeliveryOutcome::Dead(failure) => failure,
            DeliveryOutcome::Delayed(failure) if delivery.attempts == 0 => failure,
            DeliveryOutcome::Delayed(_) | DeliveryOutcome::Delivered => return,
        };
        let stage = match failure.class {
            FailureClass::Config | FailureClass::Render => "dispatch",
            _ => "send",
        };
        let object = delivery.event.involved_object.path();
        let on = Subject::Alert(delivery.plan.alert.key.clone());
        let message = format!("failed to {stage} notification for {object}: {failure}");
        self.announcements.note(Announce::warning(on, reason::NOTIFICATION_DISPATCH_FAILED, message));
    }

    /// Passes on a change of the Provider at once.
    pub(crate) fn provider(&self, state: ProviderState) {
        self.link.hint(Report::Provider(state));
    }
}
