//! The election of the replica that writes status, as probes and metrics see it.

use tokio::sync::watch;

/// Whether this replica leads, as the election tells it.
#[derive(Clone, Default)]
pub(crate) struct Leadership(Option<watch::Receiver<bool>>);

impl Leadership {
    /// What the election says at any time.
    pub(super) fn of(leader: watch::Receiver<bool>) -> Self {
        Self(Some(leader))
    }

    /// None if there is no election.
    pub(crate) fn leads(&self) -> Option<bool> {
        self.0.as_ref().map(|leads| *leads.borrow())
    }
}
