//! Log lines about events, in the contract's words (control plane 5 and 6).

use campanile_domain::{Alert, Conflict, Event};
use tracing::{error, info};

use crate::plan::{ObjectPath, texts};
use crate::{DropReason, Dropped, Notice, Plan, Problem};

/// Logs what became of an event.
pub(super) fn log(event: &Event, plan: &Plan) {
    let object = ObjectPath(&event.involved_object);
    if plan.not_yet {
        tracing::debug!(%object, "labels are not known yet, the event is planned later");
        return;
    }
    for notice in &plan.notices {
        log_notice(event, notice);
    }
    if !plan.is_selected() {
        info!(%object, "discarding event, no alerts found for the involved object");
        return;
    }
    info!(%object, event = %event.message, "dispatching event");
    for dropped in plan.drops.iter().filter(|dropped| dropped.reason.is_error()) {
        let Alert { key, provider, .. } = &*dropped.alert;
        let cause = dropped.message(event);
        error!(alert = %key, %provider, %object, error = cause, "failed to dispatch notification");
    }
    for reason in [DropReason::NoCommit, DropReason::NoChangeRequest, DropReason::NoRevision] {
        log_together(event, &plan.drops, &reason);
    }
}

/// Alerts dropped for the same want of the event share a line.
fn log_together(event: &Event, drops: &[Dropped], reason: &DropReason) {
    let mut of_reason = drops.iter().filter(|dropped| dropped.reason == *reason);
    let Some(first) = of_reason.next() else { return };
    let alerts: Vec<String> =
        std::iter::once(first).chain(of_reason).map(|dropped| dropped.alert.key.to_string()).collect();
    let object = ObjectPath(&event.involved_object);
    info!(%object, ?alerts, "{}", first.message(event));
}

fn log_notice(event: &Event, notice: &Notice) {
    let object = ObjectPath(&event.involved_object);
    let alert = &notice.alert.key;
    match &notice.problem {
        Problem::MetadataConflicts(conflicts) => {
            let conflicting = conflicting_keys(conflicts);
            info!(%alert, %object, conflictingKeys = conflicting, "warning: {}", texts::CONFLICTS);
        }
        Problem::ObjectNotFound => {
            let cause = notice.message(event);
            error!(%alert, %object, error = cause, "error getting the involved object");
        }
        Problem::BadInclusion(_) | Problem::BadExclusion(_) | Problem::BadLabels(_) => {
            error!(%alert, %object, "{}", notice.message(event));
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
            alert = %alert.key,
            "warning: specifying an alert summary with '.spec.summary' is deprecated, use '.spec.eventMetadata.summary' \
             instead"
        );
    }
}

#[cfg(test)]
mod tests;
