//! Batches of steps: how a source tells what it saw of objects.

use campanile_domain::ObjectKey;

/// One step of a watch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WatchStep<S> {
    /// An object exists and reads like this now.
    Applied(S),
    /// The object with this key is gone.
    Deleted(ObjectKey),
}

/// The steps of a watch, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch<S> {
    /// Whether this is everything: what is not in it does not exist.
    pub(crate) whole: bool,
    pub(crate) steps: Vec<WatchStep<S>>,
}
