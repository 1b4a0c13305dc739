//! Between those who take webhooks, who waits for the API server, and who shows it: what was accepted and not done yet.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix::Message;
use campanile_domain::{ObjectKey, PostponedReconcile};

/// Has entries of one verified request tried again until the API server takes them. Answered when they are durable: all, or
/// none of them.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), PostponeRefusal>")]
pub struct Postpone {
    /// What is to be tried.
    pub reconciles: Vec<PostponedReconcile>,
    /// When, counted from now; none if the API server is away, which is then asked with growing pauses.
    pub after: Option<Duration>,
}

/// Errors for which nothing of a [`Postpone`] was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostponeRefusal {
    /// As many wait as may.
    #[error("{0}")]
    Full(&'static str),
    /// They could not be stored.
    #[error("{0}")]
    Store(String),
}

/// An answer that may take a disk write. It may be awaited on any thread.
pub type StoreReply<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// The store in which postponed reconciles outlive the process. Errors are texts for the log.
pub trait PostponedStore: Send + Sync {
    /// All that are stored, with their numbers, oldest first.
    fn all(&self) -> StoreReply<Vec<(i64, PostponedReconcile)>>;

    /// Stores these, all or none; answered with their numbers, which ascend, when they are durable.
    fn store(&self, reconciles: Vec<PostponedReconcile>) -> StoreReply<Vec<i64>>;

    /// Removes the ones of these numbers, soon.
    fn remove(&self, numbers: Vec<i64>);
}

/// The report of what waits of Receivers. Sent at most once a second.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct PostponedReport {
    /// Those where it changed since the last report; all, in a report that is whole.
    pub counts: Vec<PostponedCounts>,
    /// Whether nothing waits of those that are not named.
    pub is_whole: bool,
}

/// The counts of what waits of one Receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostponedCounts {
    /// Namespace and name of the Receiver.
    pub receiver: ObjectKey,
    /// Requests to reconcile that wait for the API server; not those that are put off for a moment.
    pub waiting: u64,
    /// Those that waited for too long and were given up, since the process began.
    pub expired: u64,
    /// Those that could not be asked when the API server was back, since the process began.
    pub failed: u64,
}

impl PostponedCounts {
    /// Those of a Receiver of which nothing had to wait.
    pub fn none_of(receiver: ObjectKey) -> Self {
        Self { receiver, waiting: 0, expired: 0, failed: 0 }
    }
}
