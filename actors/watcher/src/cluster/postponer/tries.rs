//! One try of what waits: the watcher is asked as for a webhook that came this moment.

use std::sync::Arc;
use std::time::Duration;

use campanile_protocol::{ReconcileError, RequestReconciles};
use campanile_receivers::Selection;
use campanile_supervision::Link;
use jiff::Timestamp;
use tokio::time::timeout;

use super::line::Try;

/// How long the API server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the watcher may take beyond that.
const MARGIN: Duration = Duration::from_secs(3);

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// So many resources were annotated; none if no filter let one through, or there is none any more that labels select.
    Done { resources: u32 },
    /// Another try would end alike.
    Failed(String),
    /// The API server is still away.
    Away(String),
}

/// Tries one.
pub(super) async fn try_one(watcher: Link<RequestReconciles>, one: Try, at: Timestamp) -> (Try, Ending) {
    let ending = match Selection::restore(&one.reconcile) {
        Ok(selection) => ask(&watcher, selection, at).await,
        Err(error) => Ending::Failed(format!("read the stored request: {error}")),
    };
    (one, ending)
}

async fn ask(watcher: &Link<RequestReconciles>, selection: Selection, at: Timestamp) -> Ending {
    let request = RequestReconciles { selection: Arc::new(selection), at, patience: PATIENCE };
    let Ok(Ok(outcomes)) = timeout(PATIENCE + MARGIN, watcher.ask(request)).await else {
        return Ending::Away("the watcher did not answer in time".to_owned());
    };
    let mut resources = 0;
    for outcome in outcomes {
        match outcome {
            Ok(entry) => resources += entry.annotated,
            Err(ReconcileError::Unavailable(text)) => return Ending::Away(text),
            Err(ReconcileError::Refused(text)) => return Ending::Failed(text),
        }
    }
    Ending::Done { resources }
}
