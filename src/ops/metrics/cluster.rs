//! The dealings with the API server, under the names that other controllers have (contract, control plane 9.2).
//!
//! A reconcile is one look at an Alert or Provider whose status may have to be written, until the API server has taken
//! what there was to write. The queue holds the objects that are due for a look.

use campanile_watcher::{
    PostponerSnapshot, QueueSnapshot, RECONCILE_BOUNDS, ReconcileCounts, RequestCount, StatusWriterSnapshot,
};

use super::page::{Counted, FamilyType, MetricsPage};

/// Requests by what became of them.
pub(super) fn requests(page: &mut MetricsPage, requests: &[RequestCount]) {
    let help = "Requests to the API server by method and the status of the answer.";
    page.family("rest_client_requests_total", FamilyType::Counter, help);
    for RequestCount { host, method, code, count } in requests {
        page.sample(&[("code", code), ("host", host), ("method", method)], *count);
    }
}

/// Reconciles by what became of them, and how long they took.
pub(super) fn reconciles(page: &mut MetricsPage, kinds: &[ReconcileCounts]) {
    let help = "Looks at an object whose status may have to be written, by how they ended.";
    page.family("controller_runtime_reconcile_total", FamilyType::Counter, help);
    for counts in kinds {
        let results = [
            ("success", counts.success),
            ("error", counts.error),
            ("requeue", counts.requeue),
            ("requeue_after", counts.requeue_after),
        ];
        for (result, count) in results {
            page.sample(&[("controller", counts.controller), ("result", result)], count);
        }
    }
    let help = "Looks at an object that the API server refused or did not answer.";
    page.family("controller_runtime_reconcile_errors_total", FamilyType::Counter, help);
    for counts in kinds {
        page.sample(&[("controller", counts.controller)], counts.error);
    }
    let help = "Time from when a status was sent to the answer; nothing to send takes none.";
    page.family("controller_runtime_reconcile_time_seconds", FamilyType::Histogram, help);
    for ReconcileCounts { controller, buckets, seconds, .. } in kinds {
        let counted = Counted { bounds: &RECONCILE_BOUNDS, buckets, sum: *seconds };
        page.histogram(&[("controller", controller)], &counted);
    }
}

/// What webhooks asked for while the API server was away.
pub(super) fn postponed(page: &mut MetricsPage, postponer: &PostponerSnapshot) {
    let help = "Requests of webhooks to reconcile that wait for the API server.";
    page.family("campanile_reconciles_waiting", FamilyType::Gauge, help);
    page.sample(&[], postponer.waiting as u64);
    let help = "Requests of webhooks to reconcile that were stored for the API server or put off, by what became of them.";
    page.family("campanile_postponed_reconciles_total", FamilyType::Counter, help);
    let results = [
        ("stored", postponer.postponed),
        ("put-off", postponer.put_off),
        ("made", postponer.made),
        ("failed", postponer.failed),
        ("expired", postponer.expired),
    ];
    for (result, count) in results {
        page.sample(&[("result", result)], count);
    }
}

/// The queues of objects that are due for a look.
pub(super) fn queues(
    page: &mut MetricsPage,
    kinds: &[ReconcileCounts],
    writer: Option<&StatusWriterSnapshot>,
) {
    page.family("workqueue_adds_total", FamilyType::Counter, "Objects that came into the queue.");
    for ReconcileCounts { controller, adds, .. } in kinds {
        page.sample(&[("controller", controller), ("name", controller)], *adds);
    }
    page.family(
        "workqueue_retries_total",
        FamilyType::Counter,
        "Objects that came back after a failed write.",
    );
    for ReconcileCounts { controller, retries, .. } in kinds {
        page.sample(&[("controller", controller), ("name", controller)], *retries);
    }
    let Some(writer) = writer else { return };
    page.family("workqueue_depth", FamilyType::Gauge, "Objects that are due for a look.");
    for QueueSnapshot { controller: name, due, .. } in &writer.queues {
        page.sample(&[("controller", name), ("name", name), ("priority", "0")], *due as u64);
    }
    let help = "For how long the longest write of a status has been under way.";
    page.family("workqueue_longest_running_processor_seconds", FamilyType::Gauge, help);
    for QueueSnapshot { controller: name, longest_write_millis, .. } in &writer.queues {
        page.sample(&[("controller", name), ("name", name)], *longest_write_millis as f64 / 1000.0);
    }
}
