//! The endpoint of webhooks to the watcher: annotate what a verified request selects.

use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use campanile_receivers::Selection;
use jiff::Timestamp;

/// Asks for the annotation `reconcile.fluxcd.io/requestedAt` on every resource that a verified webhook selects. Answered
/// when all entries were tried, with one outcome for each entry of `selection.receiver().resources`, in order.
///
/// A [`Selection`] is made of a verified request, or of what was stored of one, so that nothing else can ask.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Vec<EntryOutcome>")]
pub struct RequestReconciles {
    /// The resources that the request selects.
    pub selection: Arc<Selection>,
    /// When it came; the value of the annotation.
    pub at: Timestamp,
    /// How long the API server may take for all of them.
    pub patience: Duration,
    /// Whether whoever asks has a place where entries wait that are put off ([`ReconcileError::PutOff`]).
    pub may_wait: bool,
}

/// The outcome of one entry of `spec.resources`.
pub type EntryOutcome = Result<Annotated, ReconcileError>;

/// The counts of one entry's resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotated {
    /// The number of resources that were annotated.
    pub annotated: u32,
    /// Those that a filter left out.
    pub skipped: u32,
}

/// Errors for which an entry was not reconciled, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconcileError {
    /// The API server is away, slow or throttles: the same may work later.
    #[error("{0}")]
    Unavailable(String),
    /// Webhooks come faster than resources are annotated: one annotation after this time does for all until then.
    #[error("it was annotated a moment ago, and is again in {} ms", .0.as_millis())]
    PutOff(Duration),
    /// The entry cannot work as it is: nothing of that name, no right to it, a filter without a value.
    #[error("{0}")]
    Refused(String),
}
