//! The links between the three actors of cluster mode.

use campanile_supervision::Link;

use super::messages::{Patched, PlanWrites, RecordEvent, ReviewAll, StatusChanged, Trouble};
use super::shared_client::SharedClient;

/// The links by which the watcher, the status writer and the event recorder reach each other, and the client that they share.
///
/// It is made once for a process; each of the three points its own links at itself when it is launched. A restart of one
/// costs the others nothing: a new status writer asks the watcher to have everything reviewed, and a new watcher says by
/// itself what is to be reviewed.
#[derive(Clone, Default)]
pub struct ClusterPeers {
    pub(super) client: SharedClient,
    /// The link to the status writer.
    pub(super) status: Link<StatusChanged>,
    /// The link to the event recorder.
    pub(super) events: Link<RecordEvent>,
    /// To the watcher, as the links below.
    pub(super) review: Link<ReviewAll>,
    pub(super) plans: Link<PlanWrites>,
    pub(super) patched: Link<Patched>,
    pub(super) troubles: Link<Trouble>,
}

impl ClusterPeers {
    /// Tells the watcher what does not work, or with no `text` that it works again.
    pub(super) fn trouble(&self, about: &str, text: Option<String>) {
        // A watcher that is being restarted has no troubles; the next try says it again.
        self.troubles.hint(Trouble { about: about.to_owned(), text });
    }
}
