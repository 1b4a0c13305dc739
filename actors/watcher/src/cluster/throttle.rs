//! The throttle of requests to an API server that does not share itself out (contract, control plane 8.1 and 8.4).
//!
//! An API server with priority and fairness says so in a header of every answer. From the first such answer on nothing is
//! held back: the server knows better what it can take. Answers tell it at no cost, so no request is made to find out; the
//! burst covers those before the first.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Response, Uri};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::middleware::RequestMiddleware;

/// In every answer of an API server that has priority and fairness.
const FAIRNESS: &str = "x-kubernetes-pf-flowschema-uid";

/// The slowest pace. It keeps times within what a clock can tell.
const LONGEST_EVERY: Duration = Duration::from_secs(3600);

/// The largest burst that may be set.
const LARGEST_BURST: u32 = 1_000_000;

/// The throttle of requests to an API server without priority and fairness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The time between two requests in the long run; zero holds nothing back.
    every: Duration,
    /// How many may be made at once, 1 at least.
    burst: u32,
}

impl Throttle {
    /// `per_second` requests in the long run, `burst` at once. A rate of zero or less, or one that is no number, holds
    /// nothing back; a burst of less than 1 is one of 1.
    pub fn new(per_second: f32, burst: i64) -> Self {
        let every = match per_second > 0.0 {
            true => Duration::try_from_secs_f32(per_second.recip()).unwrap_or(LONGEST_EVERY),
            false => Duration::ZERO,
        };
        let burst = u32::try_from(burst.max(1)).unwrap_or(LARGEST_BURST);
        Self { every: every.min(LONGEST_EVERY), burst: burst.min(LARGEST_BURST) }
    }
}

impl Default for Throttle {
    /// The rate and burst of Flux's notification-controller.
    fn default() -> Self {
        Self::new(50.0, 300)
    }
}

/// Holds the requests of one client back. Its copies share what they know.
#[derive(Clone, Debug)]
pub(super) struct Throttling(Arc<TokenBucket>);

#[derive(Debug)]
struct TokenBucket {
    throttle: Throttle,
    /// When the next request would be made if all before kept the pace; none before the first.
    next: Mutex<Option<Instant>>,
    /// Whether the server has priority and fairness.
    fair: watch::Sender<bool>,
}

impl TokenBucket {
    /// How long a request that comes now waits.
    fn pause(&self, now: Instant) -> Duration {
        if *self.fair.borrow() || self.throttle.every.is_zero() {
            return Duration::ZERO;
        }
        let mut next = self.next.lock();
        let due = next.map_or(now, |next| next.max(now));
        *next = Some(due + self.throttle.every);
        let credit = self.throttle.every.saturating_mul(self.throttle.burst - 1);
        due.saturating_duration_since(now).saturating_sub(credit)
    }

    async fn pass(&self) {
        let pause = self.pause(Instant::now());
        if !pause.is_zero() {
            let mut fair = self.fair.subscribe();
            // Whether the time is up or the server turns out to look after itself: it goes on.
            drop(tokio::time::timeout(pause, fair.wait_for(|fair| *fair)).await);
        }
    }

    fn answered<R>(&self, answer: &Response<R>) {
        let fair = answer.headers().contains_key(FAIRNESS);
        self.fair.send_if_modified(|known| fair && !std::mem::replace(known, true));
    }
}

impl Throttling {
    pub(super) fn new(throttle: Throttle) -> Self {
        Self(Arc::new(TokenBucket { throttle, next: Mutex::default(), fair: watch::Sender::new(false) }))
    }
}

impl RequestMiddleware for Throttling {
    fn wrap<R, E>(
        &self,
        _: Method,
        _: &Uri,
        answer: impl Future<Output = Result<Response<R>, E>> + Send + 'static,
    ) -> impl Future<Output = Result<Response<R>, E>> + Send + 'static {
        let Self(bucket) = self.clone();
        async move {
            bucket.pass().await;
            let answer = answer.await;
            if let Ok(answer) = &answer {
                bucket.answered(answer);
            }
            answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(per_second: f32, burst: i64) -> TokenBucket {
        let Throttling(bucket) = Throttling::new(Throttle::new(per_second, burst));
        Arc::into_inner(bucket).unwrap()
    }

    #[test]
    fn after_the_burst_requests_keep_the_pace_and_a_quiet_time_brings_the_burst_back() {
        let (bucket, start) = (bucket(10.0, 3), Instant::now());
        let pause = |after| bucket.pause(start + Duration::from_millis(after)).as_millis();
        assert_eq!([pause(0), pause(0), pause(0), pause(0), pause(0)], [0, 0, 0, 100, 200]);
        assert_eq!(pause(200), 100);
        assert_eq!([pause(10_000), pause(10_000), pause(10_000), pause(10_000)], [0, 0, 0, 100]);
    }

    #[test]
    fn a_server_with_priority_and_fairness_is_not_held_back_from_its_first_answer_on() {
        let (bucket, now) = (bucket(1.0, 1), Instant::now());
        assert_eq!((bucket.pause(now), bucket.pause(now)), (Duration::ZERO, Duration::from_secs(1)));
        bucket.answered(&Response::new(()));
        assert_eq!(bucket.pause(now), Duration::from_secs(2), "an answer without the header says nothing");
        bucket.answered(&Response::builder().header("X-Kubernetes-PF-FlowSchema-UID", "u").body(()).unwrap());
        assert_eq!(bucket.pause(now), Duration::ZERO);
    }

    #[test]
    fn numbers_that_make_no_sense_are_harmless() {
        let now = Instant::now();
        for rate in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let bucket = bucket(rate, -5);
            assert_eq!((bucket.pause(now), bucket.pause(now)), (Duration::ZERO, Duration::ZERO), "{rate}");
        }
        let slowest = bucket(f32::MIN_POSITIVE, i64::MAX);
        assert_eq!((slowest.pause(now), slowest.pause(now)), (Duration::ZERO, Duration::ZERO));
        assert_eq!(Throttle::new(f32::MIN_POSITIVE, 0).every, LONGEST_EVERY);
    }
}
