//! The loop around one watch: batches out, backoff on errors.

use std::pin::pin;
use std::time::Duration;

use campanile_supervision::Backoff;
use futures_util::{FutureExt, Stream, StreamExt};
use kube::ResourceExt;
use kube::runtime::watcher::{Error, Event};
use tokio::time::Instant;

use super::batcher::Batcher;
use super::trouble;
use crate::batch::Batch;

/// Pauses between tries to reach the API server.
pub(crate) const RETRY: Backoff = Backoff {
    floor: Duration::from_millis(500),
    base: Duration::from_secs(1),
    ceiling: Duration::from_secs(60),
};

/// A watch that held for so long starts with the shortest pause again.
const CALM: Duration = Duration::from_secs(10);

/// A watch that was taken up again and says nothing for so long is whole. Longer than a connection may take.
const QUIET: Duration = Duration::from_secs(40);

/// The most steps in a batch that is no list.
const LARGEST_BATCH: usize = 256;

/// The listener whom a watch tells.
pub(crate) trait BatchListener<S> {
    /// Takes a batch. Returns whether anybody listens any more.
    async fn batch(&mut self, batch: Batch<S>) -> bool;

    /// Takes an error; the watch goes on by itself.
    async fn trouble(&mut self, error: &Error);

    /// Hears that the watch holds again.
    async fn recovered(&mut self);
}

/// The end of a watch: why it is not followed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchEnd {
    /// The API server does not serve the kind any more.
    Unserved,
    /// There is nobody who listens.
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

    /// Waits for the pause after a failure.
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
    listener: &mut impl BatchListener<S>,
) -> WatchEnd {
    let mut watch = pin!(watch);
    let (mut batcher, mut pauses, mut broken) = (Batcher::new(), Pauses::new(), false);
    loop {
        let patience = if broken && !batcher.is_listing() { QUIET } else { Duration::MAX };
        let Ok(next) = tokio::time::timeout(patience, watch.next()).await else {
            listener.recovered().await;
            broken = false;
            continue;
        };
        let Some(next) = next else { return WatchEnd::Unserved };
        let (batches, failure) = gather(next, &mut watch, &mut batcher, &read);
        for batch in batches {
            broken &= !batch.whole;
            if !listener.batch(batch).await {
                return WatchEnd::Unheard;
            }
        }
        let Some(error) = failure else { continue };
        listener.trouble(&error).await;
        if trouble::is_unserved(&error) {
            return WatchEnd::Unserved;
        }
        broken = true;
        pauses.pause().await;
    }
}

/// Puts together what has arrived together, up to an error, which is not polled past.
fn gather<K: ResourceExt, S>(
    first: Result<Event<K>, Error>,
    watch: &mut (impl Stream<Item = Result<Event<K>, Error>> + Unpin),
    batcher: &mut Batcher<S>,
    read: &impl Fn(K) -> S,
) -> (Vec<Batch<S>>, Option<Error>) {
    let (mut batches, mut next) = (Vec::new(), first);
    let failure = loop {
        match next {
            Ok(event) => batches.extend(batcher.take(event, read)),
            Err(error) => break Some(error),
        }
        if batcher.waiting() >= LARGEST_BATCH {
            break None;
        }
        match watch.next().now_or_never() {
            Some(Some(more)) => next = more,
            Some(None) | None => break None,
        }
    };
    batches.extend(batcher.flush());
    (batches, failure)
}

#[cfg(test)]
mod tests;
