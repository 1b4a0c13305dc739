//! Reconcile counts, in the terms of other controllers: a reconcile is one look at an object whose
//! status may have to be written, until the API server has taken what there was to write.
//!
//! The counts outlive the watcher, so that a restart of it sets nothing back.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::kind::Kind;

/// Upper bounds of the buckets of a reconcile's time, in seconds: those of other controllers.
pub const RECONCILE_BOUNDS: [f64; 40] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25,
    1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0,
    50.0, 60.0,
];

/// The result of a reconcile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReconcileResult {
    /// There was nothing to write, or it was written.
    Success,
    /// The API server did not take it. It is tried again.
    Error,
    /// Somebody else wrote first. It is looked at again.
    Requeue,
    /// There is something to write, later.
    RequeueAfter,
}

/// The reconciles of a kind since the process began.
#[derive(Clone, Debug, PartialEq)]
pub struct ReconcileCounts {
    /// The name of the controller: `alert` or `provider`.
    pub controller: &'static str,
    /// The number of reconciles that ended well.
    pub success: u64,
    /// How many the API server refused or did not answer.
    pub error: u64,
    /// How many somebody else was faster than.
    pub requeue: u64,
    /// How many were put off by the budget of writes.
    pub requeue_after: u64,
    /// How many took how long: per bucket of [`RECONCILE_BOUNDS`], and those beyond.
    pub buckets: [u64; RECONCILE_BOUNDS.len() + 1],
    /// How long all took together.
    pub seconds: f64,
    /// How often an object came into the queue.
    pub adds: u64,
    /// How often one came back because its write failed.
    pub retries: u64,
}

impl ReconcileCounts {
    fn none_of(controller: &'static str) -> Self {
        Self {
            controller,
            success: 0,
            error: 0,
            requeue: 0,
            requeue_after: 0,
            buckets: [0; RECONCILE_BOUNDS.len() + 1],
            seconds: 0.0,
            adds: 0,
            retries: 0,
        }
    }
}

/// The reconciles of one process. Its copies count together.
#[derive(Clone, Debug)]
pub struct Reconciles(Arc<Mutex<[ReconcileCounts; Kind::ALL.len()]>>);

impl Default for Reconciles {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Kind::ALL.map(|kind| ReconcileCounts::none_of(kind.controller())))))
    }
}

impl Reconciles {
    /// The counts of each kind that is watched.
    pub fn counts(&self) -> Vec<ReconcileCounts> {
        self.0.lock().to_vec()
    }

    pub(crate) fn ended(&self, kind: Kind, ending: ReconcileResult, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = RECONCILE_BOUNDS.partition_point(|bound| *bound < seconds);
        self.change(kind, |counts| {
            let count = match ending {
                ReconcileResult::Success => &mut counts.success,
                ReconcileResult::Error => &mut counts.error,
                ReconcileResult::Requeue => &mut counts.requeue,
                ReconcileResult::RequeueAfter => &mut counts.requeue_after,
            };
            *count += 1;
            counts.seconds += seconds;
            if let Some(bucket) = counts.buckets.get_mut(bucket) {
                *bucket += 1;
            }
        });
    }

    pub(crate) fn added(&self, kind: Kind) {
        self.change(kind, |counts| counts.adds += 1);
    }

    pub(crate) fn retried(&self, kind: Kind) {
        self.change(kind, |counts| counts.retries += 1);
    }

    fn change(&self, kind: Kind, change: impl FnOnce(&mut ReconcileCounts)) {
        let mut kinds = self.0.lock();
        if let Some(counts) = kinds.iter_mut().find(|counts| counts.controller == kind.controller()) {
            change(counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_counts_for_its_kind_and_in_its_bucket() {
        let reconciles = Reconciles::default();
        reconciles.ended(Kind::Alert, ReconcileResult::Success, Duration::ZERO);
        reconciles.ended(Kind::Alert, ReconcileResult::Error, Duration::from_millis(10));
        reconciles.ended(Kind::Alert, ReconcileResult::RequeueAfter, Duration::from_secs(61));
        reconciles.ended(Kind::Provider, ReconcileResult::Requeue, Duration::from_secs(60));
        let counts = reconciles.counts();
        let [alerts, providers, ..] = counts.as_slice() else { panic!("two kinds and more: {counts:?}") };
        assert_eq!((alerts.success, alerts.error, alerts.requeue, alerts.requeue_after), (1, 1, 0, 1));
        assert_eq!((alerts.buckets[0], alerts.buckets[1], alerts.buckets[40]), (1, 1, 1));
        assert!((alerts.seconds - 61.01).abs() < 1e-9, "{}", alerts.seconds);
        assert_eq!((providers.requeue, providers.buckets[39]), (1, 1));
    }
}
