//! Counting requests and their durations without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::Method;
use serde::Serialize;

use crate::answer::Outcome;

/// Upper bounds of the duration buckets in seconds (contract, control plane 9.2); one more bucket has none.
pub const DURATION_BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const BUCKETS: usize = DURATION_BOUNDS.len() + 1;

/// Method labels. Senders may send any text as a method; what is not listed counts as the last.
const METHODS: [&str; 10] =
    ["POST", "GET", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "OTHER"];

/// The requests of one method that ended in one way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestSeries {
    /// The method, or `OTHER`.
    pub method: &'static str,
    /// How they ended.
    pub outcome: Outcome,
    /// The HTTP status of that.
    pub status: u16,
    /// Requests per duration bucket, each only in its own; the last is above all [`DURATION_BOUNDS`].
    pub buckets: [u64; BUCKETS],
    /// The sum of all durations in seconds.
    pub seconds: f64,
}

impl RequestSeries {
    /// All requests of this series.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[derive(Debug, Default)]
struct Series {
    buckets: [AtomicU64; BUCKETS],
    microseconds: AtomicU64,
}

/// All counters of the endpoint. Bounded by the two tables.
#[derive(Debug)]
pub(crate) struct Meter {
    open: AtomicU64,
    series: Box<[Series]>,
}

impl Default for Meter {
    fn default() -> Self {
        let series = (0..METHODS.len() * Outcome::ALL.len()).map(|_| Series::default()).collect();
        Self { open: AtomicU64::new(0), series }
    }
}

/// A request that is not answered yet. One that is dropped before, because its sender left, is not counted.
#[derive(Debug)]
pub(crate) struct OpenRequest<'a> {
    meter: &'a Meter,
    method: usize,
    since: Instant,
}

impl Meter {
    pub(crate) fn open(&self, method: &Method) -> OpenRequest<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        let known = METHODS.iter().position(|known| *known == method.as_str());
        OpenRequest { meter: self, method: known.unwrap_or(METHODS.len() - 1), since: Instant::now() }
    }

    /// Requests that are not answered yet.
    pub(crate) fn open_requests(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Every series that has counted something.
    pub(crate) fn series(&self) -> Vec<RequestSeries> {
        let place = |(number, series): (usize, &Series)| RequestSeries {
            method: METHODS[number / Outcome::ALL.len()],
            outcome: Outcome::ALL[number % Outcome::ALL.len()],
            status: Outcome::ALL[number % Outcome::ALL.len()].status().as_u16(),
            buckets: series.buckets.each_ref().map(|count| count.load(Ordering::Relaxed)),
            seconds: Duration::from_micros(series.microseconds.load(Ordering::Relaxed)).as_secs_f64(),
        };
        self.series.iter().enumerate().map(place).filter(|series| series.count() > 0).collect()
    }
}

impl OpenRequest<'_> {
    /// Counts the request as answered.
    pub(crate) fn answered(self, outcome: Outcome) {
        let took = self.since.elapsed();
        let series = &self.meter.series[self.method * Outcome::ALL.len() + outcome as usize];
        let fits = |bound: &f64| took.as_secs_f64() <= *bound;
        let bucket = DURATION_BOUNDS.iter().position(fits).unwrap_or(BUCKETS - 1);
        series.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        series.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }
}

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        self.meter.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_method_and_outcome_when_answered() {
        let meter = Meter::default();
        let brew = Method::from_bytes(b"BREW").unwrap();
        let open = meter.open(&Method::POST);
        drop(meter.open(&Method::POST));
        assert_eq!(meter.open_requests(), 1);
        open.answered(Outcome::Accepted);
        meter.open(&brew).answered(Outcome::Late);
        meter.open(&brew).answered(Outcome::Late);
        assert_eq!(meter.open_requests(), 0);
        let seen = meter.series();
        let seen: Vec<_> = seen.iter().map(|s| (s.method, s.outcome, s.status, s.count())).collect();
        assert_eq!(seen, [("POST", Outcome::Accepted, 202, 1), ("OTHER", Outcome::Late, 503, 2)]);
    }
}
