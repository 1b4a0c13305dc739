//! Intake to router: an event to plan and store.

use std::net::IpAddr;
use std::sync::Arc;

use actix::Message;
use campanile_domain::Event;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::Span;

/// An event that passed intake: decoded, its metadata cleaned, not a duplicate.
///
/// The router answers on `reply` once the deliveries are durably stored, or once it is known that there are none.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Submit {
    /// The event, without the internal `<group>/token`.
    pub event: Arc<Event>,
    /// Who sent it, if somebody did: it counts for this address while it waits, if its object has no namespace.
    pub peer: Option<IpAddr>,
    /// The time at which the event was accepted.
    pub accepted_at: Timestamp,
    /// Where to say how it went. Dropped without an answer if the router dies.
    pub reply: SubmitReply,
    /// The span `accept` of the request, the parent of what follows. Disabled unless a layer wants it.
    pub span: Span,
}

/// The way back to intake.
pub type SubmitReply = oneshot::Sender<Result<(), SubmitError>>;

/// Errors for which an event could not be stored. All but [`Poison`](Self::Poison) are a 503: the sender tries again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The outbox is at its bound of records or bytes, or the disk is full.
    #[error("store the event: the outbox is full; wait for destinations to recover or raise its bounds")]
    Full,
    /// The disk or the database failed.
    #[error("store the event: {0}")]
    Store(String),
    /// The router is being restarted or did not answer in time.
    #[error("store the event: the router did not answer in time")]
    Unavailable,
    /// It panicked the router again and again. It would do so at the next try, too.
    #[error("route the event: it panicked the router every time; please report it")]
    Poison,
}
