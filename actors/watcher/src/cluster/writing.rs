//! Writing requests: the field manager, the patience with one request, and the text of a failure.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Notify;

use super::trouble;

/// What the API server shows as the author of fields (contract, control plane 3.1).
pub(crate) const FIELD_MANAGER: &str = "notification-controller";

/// How often a queue is looked at when nothing says that it has work.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The error of a request that was not taken.
#[derive(Debug)]
pub(crate) struct Unwritten {
    /// The status code of the answer; none if there was no answer or it was none of the API.
    pub(crate) code: Option<u16>,
    /// What went wrong, with the remedy.
    pub(crate) text: String,
}

/// Waits until the queue may have work.
pub(crate) async fn until_work(bell: &Notify) {
    // Whether it rang or the time is up: the queue is looked at.
    drop(tokio::time::timeout(INTERVAL, bell.notified()).await);
}

/// Makes one request whose aim is `aim`, in words that fit after "failed to".
pub(crate) async fn in_time<T>(
    aim: &str,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Unwritten> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(|error| Unwritten {
            code: trouble::code_of(&error),
            text: trouble::describe(aim, &error),
        }),
        Err(_) => {
            let text = format!("failed to {aim}: the API server does not answer; it is tried again");
            Err(Unwritten { code: None, text })
        }
    }
}
