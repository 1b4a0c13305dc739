//! The pace of watches.
//!
//! The library that follows a watch begins it anew as soon as it ends, without a pause and without a word: a proxy in
//! between that ends every response at once would be asked as fast as it answers. So no watch of one address begins
//! sooner than [`PACE`] after the one before. A watch that the API server ends by itself lasts minutes and waits for
//! nothing.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Response, Uri};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::middleware::RequestMiddleware;

/// The shortest time between the beginnings of two watches of one address.
const PACE: Duration = Duration::from_secs(2);

/// A watch that lasted so long is nothing to wonder about.
const CALM: Duration = Duration::from_secs(20);

/// So many short watches in a row are said.
const MANY: u32 = 5;

/// The beginning of the newest watch of one address.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    /// The last one, which may be yet to come.
    at: Instant,
    /// How many in a row were short.
    short: u32,
}

/// The beginnings of all watches. There are as many as there are kinds that are watched.
#[derive(Debug, Default)]
struct Beginnings(Mutex<HashMap<String, Beginning>>);

impl Beginnings {
    /// How long a watch that is to begin now waits.
    fn pause(&self, uri: &Uri, now: Instant) -> Duration {
        let mut known = self.0.lock();
        let Some(last) = known.get_mut(uri.path()) else {
            known.insert(uri.path().to_owned(), Beginning { at: now, short: 0 });
            return Duration::ZERO;
        };
        let lasted = now.saturating_duration_since(last.at);
        last.short = if lasted < CALM { last.short.saturating_add(1) } else { 0 };
        if last.short == MANY {
            let path = uri.path();
            tracing::warn!(
                path,
                "watches of the API server end after seconds, so changes arrive late; look for a proxy in between that ends long responses"
            );
        }
        last.at = now.max(last.at + PACE);
        last.at.saturating_duration_since(now)
    }
}

/// Whether a request begins a watch.
fn is_watch(uri: &Uri) -> bool {
    let asks = |query: &str| query.split('&').any(|pair| pair.starts_with("watch="));
    uri.query().is_some_and(asks)
}

/// Makes watches keep the pace. Its copies share what they know.
#[derive(Clone, Debug, Default)]
pub(super) struct WatchPace(Arc<Beginnings>);

impl RequestMiddleware for WatchPace {
    fn wrap<R, E>(
        &self,
        _: Method,
        uri: &Uri,
        answer: impl Future<Output = Result<Response<R>, E>> + Send + 'static,
    ) -> impl Future<Output = Result<Response<R>, E>> + Send + 'static {
        let pause = if is_watch(uri) { self.0.pause(uri, Instant::now()) } else { Duration::ZERO };
        async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            answer.await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_asks_for_a_watch_is_one() {
        assert!(is_watch(&uri("http://h/apis/g/v1/alerts?&watch=true&resourceVersion=7")));
        assert!(!is_watch(&uri("http://h/apis/g/v1/alerts?limit=500")));
        assert!(!is_watch(&uri("http://h/apis/g/v1/namespaces/watch")));
    }

    #[test]
    fn watches_of_one_address_begin_at_the_pace_and_others_wait_for_nothing() {
        let (beginnings, start) = (Beginnings::default(), Instant::now());
        let pause = |path: &str, after| beginnings.pause(&uri(path), start + Duration::from_millis(after));
        assert_eq!(pause("http://h/alerts?watch=true", 0), Duration::ZERO);
        assert_eq!(pause("http://h/alerts?watch=true&resourceVersion=2", 100), Duration::from_millis(1900));
        assert_eq!(pause("http://h/alerts?watch=true", 2100), Duration::from_millis(1900));
        assert_eq!(pause("http://h/providers?watch=true", 2100), Duration::ZERO);
        assert_eq!(pause("http://h/alerts?watch=true", 300_000), Duration::ZERO);
    }
}
