//! Batches of steps: how a source tells what it saw of objects.

use campanile_domain::ObjectKey;

/// One step of a watch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<S> {
    /// An object exists and reads like this now.
    Applied(S),
    /// It is gone.
    Deleted(ObjectKey),
}

/// Steps in their order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch<S> {
    /// Whether this is everything: what is not in it does not exist.
    pub(crate) whole: bool,
    pub(crate) steps: Vec<Step<S>>,
}
