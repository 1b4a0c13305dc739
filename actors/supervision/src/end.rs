//! The ways in which an actor comes to its end, and their counts.

use serde::Serialize;

/// The way in which an actor came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// It had nothing more to do, or was told to stop.
    Stopped,
    /// It met an error that it cannot go on with, and said so ([`LifeGuard::fail`](crate::LifeGuard::fail)).
    Failed,
    /// One of its handlers panicked.
    Panicked,
    /// It did not answer its heartbeats and was replaced.
    Stuck,
}

impl End {
    /// All ends, in the order of the labels in metrics.
    pub const ALL: [Self; 4] = [Self::Stopped, Self::Failed, Self::Panicked, Self::Stuck];

    /// The stable label in logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Stuck => "stuck",
        }
    }
}

/// Counts of ends since the start of the parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndCounts {
    /// The number of ends in good order.
    pub stopped: u64,
    /// The number of ends by an error.
    pub failed: u64,
    /// The number of ends by a panic.
    pub panicked: u64,
    /// Replacements of actors that did not answer.
    pub stuck: u64,
}

impl EndCounts {
    /// Counts one more end of this sort.
    pub fn count(&mut self, end: End) {
        let counter = match end {
            End::Stopped => &mut self.stopped,
            End::Failed => &mut self.failed,
            End::Panicked => &mut self.panicked,
            End::Stuck => &mut self.stuck,
        };
        *counter += 1;
    }

    /// The count of one end.
    pub fn of(&self, end: End) -> u64 {
        match end {
            End::Stopped => self.stopped,
            End::Failed => self.failed,
            End::Panicked => self.panicked,
            End::Stuck => self.stuck,
        }
    }
}
