//! Log lines about events, in the contract's words (control plane 5 and 6).

use std::fmt;

use campanile_domain::{Alert, Conflict, Event};
use campanile_protocol::log_event;
use tracing::info;

use super::few::few_of_each_namespace;
use crate::plan::texts;
use crate::{DecidingStep, DropReason, Dropped, OwnerNotice, Plan, Problem, Stops};

/// Logs what became of an event.
pub(super) fn log(event: &Event, plan: &Plan) {
    let object = &event.involved_object;
    if plan.not_yet {
        log_event!(DEBUG, object, "labels are not known yet, the event is planned later");
        return;
    }
    let (notices, more) = few_of_each_namespace(&plan.notices);
    notices.iter().for_each(|notice| log_notice(event, notice));
    log_more(event, more);
    log_stops(event, &plan.stops);
    if !plan.is_selected() {
        if !plan.elsewhere.is_empty() {
            log_event!(
                DEBUG,
                object,
                "patterns are dear or not compiled yet, the event is planned when they are matched"
            );
            return;
        }
        log_event!(INFO, object, "discarding event, no alerts found for the involved object");
        return;
    }
    log_event!(INFO, object, event_message = event.message, "dispatching event");
    let logged_alone =
        |dropped: &&Dropped| dropped.reason.is_error() && !COME_IN_CROWDS.contains(&dropped.reason);
    let (alone, more) = few_of_each_namespace(plan.drops.iter().filter(logged_alone));
    log_more(event, more);
    for dropped in alone {
        let Alert { key, provider, .. } = &*dropped.alert;
        let cause = dropped.message(event);
        log_event!(
            ERROR,
            object,
            alert.name = &*key.name,
            alert.namespace = &*key.namespace,
            alert.providerName = &*provider.name,
            error = cause,
            "failed to dispatch notification"
        );
    }
    COME_IN_CROWDS.iter().for_each(|reason| log_crowd(event, &plan.drops, reason));
    for reason in [
        DropReason::NoCommit,
        DropReason::NoChangeRequest,
        DropReason::NoRevision,
        DropReason::ProviderSuspended,
    ] {
        log_together(event, &plan.drops, &reason);
    }
}

/// Says how much of what is wrong with the Alerts of a namespace is not told one by one.
fn log_more(event: &Event, more: usize) {
    if more > 0 {
        let object = &event.involved_object;
        log_event!(
            ERROR,
            object,
            more,
            "more is wrong with alerts than is told of one event, their status shows it"
        );
    }
}

/// Says which Alerts name the object and did not want the event, one line for each step that stopped some.
pub(super) fn log_stops(event: &Event, stops: &Stops) {
    let (object, severity) = (&event.involved_object, event.severity.as_str());
    let more = (stops.more > 0).then_some(stops.more);
    let of_step = |step: DecidingStep| {
        let of_step = stops.first.iter().filter(move |(_, stopped)| *stopped == step);
        Names(of_step.map(|(alert, _)| &**alert)).unless_empty()
    };
    if let Some(alerts) = of_step(DecidingStep::Severity) {
        log_event!(INFO, object, severity, %alerts, more, "the event was stopped by its severity: the alerts want another");
    }
    if let Some(alerts) = of_step(DecidingStep::Labels) {
        log_event!(INFO, object, %alerts, more, "the event was stopped by labels: its object does not carry those that the alerts ask for");
    }
    if let Some(alerts) = of_step(DecidingStep::NotIncluded) {
        log_event!(INFO, object, %alerts, more, "the event was stopped by patterns: no inclusion of the alerts matches its message");
    }
    if let Some(alerts) = of_step(DecidingStep::Excluded) {
        log_event!(INFO, object, %alerts, more, "the event was stopped by a pattern: an exclusion of the alerts matches its message");
    }
}

/// Names of Alerts, written only if somebody reads them.
struct Names<I>(I);

impl<'a, I: Iterator<Item = &'a Alert> + Clone> Names<I> {
    fn unless_empty(self) -> Option<Self> {
        self.0.clone().next().is_some().then_some(self)
    }
}

impl<'a, I: Iterator<Item = &'a Alert> + Clone> fmt::Display for Names<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, alert) in self.0.clone().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{}", alert.key)?;
        }
        Ok(())
    }
}

/// Says that an event is planned no more.
pub(super) fn log_poison(event: &Event) {
    let object = &event.involved_object;
    log_event!(
        ERROR,
        object,
        event_message = event.message,
        "the event panicked the router every time and is set aside; this is a defect, please report it"
    );
}

/// Errors that may meet hundreds of Alerts for one event.
const COME_IN_CROWDS: [DropReason; 2] = [DropReason::OverBudget, DropReason::FanOut];

/// Names the first Alert that was dropped for `reason`, and says how many there are.
fn log_crowd(event: &Event, drops: &[Dropped], reason: &DropReason) {
    let mut crowd = drops.iter().filter(|dropped| dropped.reason == *reason);
    let Some(first) = crowd.next() else { return };
    let Alert { key, provider, .. } = &*first.alert;
    let (alerts, cause) = (1 + crowd.count(), first.message(event));
    log_event!(
        ERROR,
        &event.involved_object,
        alert.name = &*key.name,
        alert.namespace = &*key.namespace,
        alert.providerName = &*provider.name,
        alerts,
        error = cause,
        "failed to dispatch notification"
    );
}

/// Alerts dropped for the same reason share a line.
fn log_together(event: &Event, drops: &[Dropped], reason: &DropReason) {
    let of_reason = drops.iter().filter(|dropped| dropped.reason == *reason);
    let Some(first) = of_reason.clone().next() else { return };
    let alerts = Names(of_reason.map(|dropped| &*dropped.alert));
    match reason {
        DropReason::ProviderSuspended => {
            log_event!(INFO, &event.involved_object, %alerts, "the event was dropped for alerts whose provider is suspended");
        }
        _ => log_event!(INFO, &event.involved_object, %alerts, "{}", first.message(event)),
    }
}

fn log_notice(event: &Event, notice: &OwnerNotice) {
    let object = &event.involved_object;
    let (name, namespace) = (&*notice.alert.key.name, &*notice.alert.key.namespace);
    match &notice.problem {
        Problem::MetadataConflicts(conflicts) => {
            let conflicting = conflicting_keys(conflicts);
            log_event!(
                INFO,
                object,
                Alert.name = name,
                Alert.namespace = namespace,
                conflictingKeys = conflicting,
                "warning: {}",
                texts::CONFLICTS
            );
        }
        Problem::ObjectNotFound => {
            let cause = notice.message(event);
            log_event!(
                ERROR,
                object,
                Alert.name = name,
                Alert.namespace = namespace,
                error = cause,
                "error getting the involved object"
            );
        }
        Problem::BadInclusion(_) | Problem::BadExclusion(_) | Problem::BadLabels(_) => {
            log_event!(
                ERROR,
                object,
                Alert.name = name,
                Alert.namespace = namespace,
                "{}",
                notice.message(event)
            );
        }
    }
}

/// `key: source, source; key: …`
fn conflicting_keys(conflicts: &[Conflict]) -> String {
    let one = |conflict: &Conflict| format!("{}: {}", conflict.key, conflict.suppliers());
    conflicts.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Says once for each change of an Alert what the contract has said for each of its events.
pub(super) fn log_deprecation(alert: &Alert) {
    if !alert.summary.is_empty() {
        info!(
            Alert.name = &*alert.key.name,
            Alert.namespace = &*alert.key.namespace,
            "warning: specifying an alert summary with '.spec.summary' is deprecated, use '.spec.eventMetadata.summary' \
             instead"
        );
    }
}

#[cfg(test)]
mod tests;
