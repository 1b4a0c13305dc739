//! The loop around one watch: batches out, backoff on errors.

use std::pin::pin;
use std::time::Duration;

use campanile_supervision::Backoff;
use futures_util::{FutureExt, Stream, StreamExt};
use kube::ResourceExt;
use kube::runtime::watcher::{Error, Event};
use tokio::time::Instant;

use super::batch::{Batch, Batcher};
use super::trouble;

/// Pauses between tries to reach the API server.
pub(crate) const RETRY: Backoff = Backoff {
    floor: Duration::from_millis(500),
    base: Duration::from_secs(1),
    ceiling: Duration::from_secs(60),
};

/// A watch that held for so long starts with the shortest pause again.
const CALM: Duration = Duration::from_secs(10);

/// The most steps in a batch that is no list.
const LARGEST_BATCH: usize = 256;

/// Whom a watch tells.
pub(crate) trait Listener<S> {
    /// Takes a batch. Returns whether anybody listens any more.
    async fn batch(&mut self, batch: Batch<S>) -> bool;

    /// Takes an error; the watch goes on by itself.
    async fn trouble(&mut self, error: &Error);
}

/// Why a watch is not followed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The API server does not serve the kind any more.
    Unserved,
    /// Nobody listens.
    Unheard,
}

/// Counts failures in a row.
pub(crate) struct Pauses {
    attempt: u32,
    resumed: Instant,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self { attempt: 0, resumed: Instant::now() }
    }

    /// Waits after a failure.
    pub(crate) async fn pause(&mut self) {
        self.attempt = if self.resumed.elapsed() > CALM { 1 } else { self.attempt.saturating_add(1) };
        tokio::time::sleep(RETRY.pause(self.attempt, fastrand::f64())).await;
        self.resumed = Instant::now();
    }
}

/// Follows `watch`, which must go on after an error when it is polled again.
pub(crate) async fn follow<K: ResourceExt, S>(
    watch: impl Stream<Item = Result<Event<K>, Error>>,
    read: impl Fn(K) -> S,
    listener: &mut impl Listener<S>,
) -> Ended {
    let mut watch = pin!(watch);
    let (mut batcher, mut pauses) = (Batcher::new(), Pauses::new());
    loop {
        let Some(mut next) = watch.next().await else { return Ended::Unserved };
        let failure = loop {
            match next {
                Ok(event) => {
                    if let Some(whole) = batcher.take(event, &read)
                        && !listener.batch(whole).await
                    {
                        return Ended::Unheard;
                    }
                }
                Err(error) => break Some(error),
            }
            if batcher.waiting() >= LARGEST_BATCH {
                break None;
            }
            // What has arrived together is handed on together.
            match watch.next().now_or_never() {
                Some(Some(more)) => next = more,
                Some(None) | None => break None,
            }
        };
        if let Some(batch) = batcher.flush()
            && !listener.batch(batch).await
        {
            return Ended::Unheard;
        }
        let Some(error) = failure else { continue };
        listener.trouble(&error).await;
        if trouble::is_unserved(&error) {
            return Ended::Unserved;
        }
        pauses.pause().await;
    }
}
