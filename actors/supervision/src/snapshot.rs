//! The one question that every actor answers about itself.

use std::fmt;
use std::marker::PhantomData;

use actix::Message;
use serde::Serialize;

/// Asks an actor for its snapshot: one serialisable value that metrics, the operations API and tests read. Heartbeats ask
/// for it, too, so the answer must cost little.
pub struct GetSnapshot<S>(PhantomData<fn() -> S>);

impl<S> GetSnapshot<S> {
    /// The question for a snapshot of this type.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<S> Default for GetSnapshot<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Serialize + Send + 'static> Message for GetSnapshot<S> {
    type Result = S;
}

impl<S> fmt::Debug for GetSnapshot<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetSnapshot")
    }
}
