//! One attempt at a postponed reconcile: the watcher is asked as for a webhook that came this moment.

use std::sync::Arc;
use std::time::Duration;

use campanile_domain::PostponedReconcile;
use campanile_protocol::{ReconcileError, RequestReconciles};
use campanile_receivers::Selection;
use campanile_supervision::Link;
use jiff::Timestamp;
use tokio::time::timeout;

/// How long the API server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the watcher may take beyond that.
const MARGIN: Duration = Duration::from_secs(3);

/// A request whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReconcileAttempt {
    /// The number of its row.
    pub(super) number: i64,
    pub(super) reconcile: PostponedReconcile,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RetryResult {
    /// So many resources were annotated; none if no filter let one through, or there is none any more that labels select.
    Done { resources: u32 },
    /// Another attempt would end alike.
    Failed(String),
    /// The API server is still away.
    Away(String),
}

/// Makes one attempt at a postponed reconcile.
pub(super) async fn attempt(
    watcher: Link<RequestReconciles>,
    one: ReconcileAttempt,
    at: Timestamp,
) -> (ReconcileAttempt, RetryResult) {
    let ending = match Selection::restore(&one.reconcile) {
        Ok(selection) => ask(&watcher, selection, at).await,
        Err(error) => RetryResult::Failed(format!("read the stored request: {error}")),
    };
    (one, ending)
}

async fn ask(watcher: &Link<RequestReconciles>, selection: Selection, at: Timestamp) -> RetryResult {
    let request =
        RequestReconciles { selection: Arc::new(selection), at, patience: PATIENCE, may_wait: false };
    let Ok(Ok(outcomes)) = timeout(PATIENCE + MARGIN, watcher.ask(request)).await else {
        return RetryResult::Away("the watcher did not answer in time".to_owned());
    };
    let mut resources = 0;
    for outcome in outcomes {
        match outcome {
            Ok(entry) => resources += entry.annotated,
            Err(error @ ReconcileError::PutOff(_)) => return RetryResult::Away(error.to_string()),
            Err(ReconcileError::Unavailable(text)) => return RetryResult::Away(text),
            Err(ReconcileError::Refused(text)) => return RetryResult::Failed(text),
        }
    }
    RetryResult::Done { resources }
}
