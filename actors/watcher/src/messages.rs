//! The snapshot of the watcher.

use serde::Serialize;

/// The watcher, as readiness, metrics and tests see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WatcherSnapshot {
    /// Whether the manifests were read at least once.
    pub loaded: bool,
    /// Alerts that count.
    pub alerts: usize,
    /// Providers that count.
    pub providers: usize,
    /// Secrets that count.
    pub secrets: usize,
    /// Things that can not be used now.
    pub problems: usize,
    /// Alerts whose status may have to be written; none where no status is written.
    pub alert_queue: QueueSnapshot,
    /// Providers whose status may have to be written.
    pub provider_queue: QueueSnapshot,
}

/// The objects of a kind whose status may have to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueSnapshot {
    /// How many are due.
    pub due: usize,
    /// For how long the longest write has been under way, in milliseconds.
    pub longest_write_millis: u64,
}
