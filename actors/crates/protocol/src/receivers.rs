//! Between the watcher and the actor that takes webhooks: how Receivers stand, and what became of their requests.

use std::sync::Arc;

use actix::Message;
use campanile_domain::ObjectKey;
use jiff::Timestamp;

/// The standing of a Receiver: told with it, and again whenever this changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverStanding {
    /// Namespace and name of the Receiver.
    pub receiver: ObjectKey,
    /// Whether the Receiver takes requests.
    pub state: ReceiverState,
    /// The paths at which it answers; the first is that of its status. Empty: at none.
    pub paths: Arc<[String]>,
}

/// Whether a Receiver takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiverState {
    /// It is sound, and its token is there.
    Ready,
    /// The Receiver is switched off by `spec.suspend`.
    Suspended,
    /// Something is wrong with it, or it was not judged yet.
    NotReady,
}

/// The report of what became of requests, of those Receivers alone that had some since the last report. Sent at most every 10 s.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct WebhookReport(pub Vec<WebhookCounts>);

/// The requests of one Receiver since the process began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookCounts {
    /// Namespace and name of the Receiver.
    pub receiver: ObjectKey,
    /// Those after which everything was asked to reconcile.
    pub accepted: u64,
    /// Those that verified and wait, or waited, for the API server.
    pub postponed: u64,
    /// Those that did not verify, or came while the Receiver was not ready.
    pub refused: u64,
    /// Those that verified and after which something could not be asked.
    pub failed: u64,
    /// The last request of the Receiver.
    pub last: LastWebhook,
}

/// The last request of a Receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWebhook {
    /// The time at which the request came.
    pub at: Timestamp,
    /// The verdict on the request.
    pub verdict: WebhookVerdict,
    /// Why, in a few words; no secrets.
    pub reason: String,
    /// How many resources were asked to reconcile.
    pub resources: u32,
}

/// The ways in which a webhook request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookVerdict {
    /// Everything was asked to reconcile.
    Accepted,
    /// The API server is away: it is stored, and everything is asked as soon as it is back.
    Postponed,
    /// It did not verify, or the Receiver was not ready.
    Refused,
    /// Something could not be asked.
    Failed,
}
