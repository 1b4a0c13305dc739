//! Log lines about events, in the contract's words (control plane 5 and 6).

use campanile_domain::{Alert, Conflict, Event};
use campanile_protocol::log_event;
use tracing::info;

use crate::plan::texts;
use crate::{DropReason, Dropped, Notice, Plan, Problem};

/// Logs what became of an event.
pub(super) fn log(event: &Event, plan: &Plan) {
    let object = &event.involved_object;
    if plan.not_yet {
        log_event!(DEBUG, object, "labels are not known yet, the event is planned later");
        return;
    }
    for notice in &plan.notices {
        log_notice(event, notice);
    }
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
    for dropped in plan.drops.iter().filter(logged_alone) {
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
    for reason in [DropReason::NoCommit, DropReason::NoChangeRequest, DropReason::NoRevision] {
        log_together(event, &plan.drops, &reason);
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

/// Alerts dropped for the same want of the event share a line.
fn log_together(event: &Event, drops: &[Dropped], reason: &DropReason) {
    let mut of_reason = drops.iter().filter(|dropped| dropped.reason == *reason);
    let Some(first) = of_reason.next() else { return };
    let alerts: Vec<String> =
        std::iter::once(first).chain(of_reason).map(|dropped| dropped.alert.key.to_string()).collect();
    log_event!(INFO, &event.involved_object, ?alerts, "{}", first.message(event));
}

fn log_notice(event: &Event, notice: &Notice) {
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
