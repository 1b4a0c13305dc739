//! The snapshots of the watcher's actors.

use serde::Serialize;

/// The watcher, as readiness, metrics and tests see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WatcherSnapshot {
    /// Whether the manifests were read at least once.
    pub loaded: bool,
    /// The number of Alerts in force.
    pub alerts: usize,
    /// The number of Providers in force.
    pub providers: usize,
    /// The number of Receivers that there are.
    pub receivers: usize,
    /// The number of Secrets that are kept.
    pub secrets: usize,
    /// Things that cannot be used now.
    pub problems: usize,
}

/// The status writer of cluster mode, as metrics and tests see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatusWriterSnapshot {
    /// Whether this replica writes status.
    pub leads: bool,
    /// The queue of each kind. They are empty where no status is written.
    pub queues: Vec<QueueSnapshot>,
}

/// The objects of a kind whose status may have to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueSnapshot {
    /// The kind, as metrics name it: `alert` or `provider`.
    pub controller: &'static str,
    /// The number of objects that are due.
    pub due: usize,
    /// For how long the longest write has been under way, in milliseconds.
    pub longest_write_millis: u64,
}

/// The event recorder of cluster mode, as metrics and tests see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventRecorderSnapshot {
    /// Kubernetes Events that are remembered, so that the same one again is counted.
    pub remembered: usize,
    /// How many of them the API server does not have as they are now.
    pub unwritten: usize,
    /// Announcements for which there was no room since there last was some.
    pub overflowed: u64,
}

/// The postponer of cluster mode, as metrics and tests see it. Counts are of requests to reconcile since the process began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostponerSnapshot {
    /// Those that wait for the API server.
    pub waiting: usize,
    /// The bytes that they take.
    pub bytes: usize,
    /// Those that had to wait for the API server.
    pub postponed: u64,
    /// Those that were put off for a moment, because webhooks came faster than their resource is annotated.
    pub put_off: u64,
    /// Those of both that were made.
    pub made: u64,
    /// The resources that were annotated by them.
    pub resources: u64,
    /// Those of both that could not be made.
    pub failed: u64,
    /// Those that were given up after 24 hours.
    pub expired: u64,
    /// Why those that wait do; none if it was not tried yet.
    pub last_error: Option<String>,
}
