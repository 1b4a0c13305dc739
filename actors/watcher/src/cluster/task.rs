//! A task that belongs to an actor.

use std::future::Future;

/// A task of the present arbiter that ends at once when this is dropped.
pub(crate) struct LocalTask(tokio::task::JoinHandle<()>);

impl LocalTask {
    pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        Self(actix::spawn(work))
    }

    /// Whether it has come to its end; one that never should has panicked then.
    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for LocalTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
