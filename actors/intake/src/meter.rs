//! Counting requests and their durations without a lock.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};
use serde::Serialize;

/// Upper bounds of the duration buckets in seconds (contract, control plane 9.2); one more bucket has none.
pub const DURATION_BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const BUCKETS: usize = DURATION_BOUNDS.len() + 1;

/// Method labels. Senders may send any text as a method; what is not listed counts as the last.
const METHODS: [&str; 10] =
    ["POST", "GET", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "OTHER"];

/// Paths that are told apart, if they are at all. Senders may send any path; what comes later counts as [`REST`].
const MOST_PATHS: usize = 16;
/// A longer path counts as [`REST`] too.
const LONGEST_PATH: usize = 128;
/// The path of all other paths.
const REST: &str = "other";

/// The ways in which the requests of an endpoint end.
pub trait RequestEnding: Copy + Send + Sync + 'static {
    /// All of them, each at the place of its number.
    const ALL: &'static [Self];

    /// The place of the end in [`ALL`](Self::ALL).
    fn number(self) -> usize;

    /// The HTTP status of the answer.
    fn status(self) -> StatusCode;
}

/// The requests of one path and method that ended in one way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestSeries<E> {
    /// The path; always the root of the endpoint unless paths are counted.
    pub path: String,
    /// The HTTP method, or `OTHER` for one that is unknown.
    pub method: &'static str,
    /// The outcome in which they ended.
    pub outcome: E,
    /// The HTTP status of that.
    pub status: u16,
    /// Requests per duration bucket, each only in its own; the last is above all [`DURATION_BOUNDS`].
    pub buckets: [u64; BUCKETS],
    /// The sum of all durations in seconds.
    pub seconds: f64,
}

impl<E> RequestSeries<E> {
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

/// The counters of one path.
#[derive(Debug)]
struct PathCounters {
    open: AtomicU64,
    series: Box<[Series]>,
}

impl PathCounters {
    fn new(endings: usize) -> Self {
        let series = (0..METHODS.len() * endings).map(|_| Series::default()).collect();
        Self { open: AtomicU64::new(0), series }
    }
}

/// All counters of the endpoint. Bounded by the tables and the number of paths.
#[derive(Debug)]
pub(crate) struct Meter<E> {
    /// One if paths are not told apart; otherwise one for each that may be known, and the last for the rest.
    counters: Box<[PathCounters]>,
    /// The known paths, at the places of their counters. Written to once for each.
    paths: RwLock<Vec<String>>,
    /// Events that lost their unknown fields.
    dropped_fields: AtomicU64,
    endings: PhantomData<E>,
}

/// A request that is not answered yet. One that is dropped before, because its sender left, is not counted.
#[derive(Debug)]
pub(crate) struct OpenRequest<'a, E> {
    counters: &'a PathCounters,
    method: usize,
    since: Instant,
    endings: PhantomData<E>,
}

impl<E: RequestEnding> Meter<E> {
    /// A meter that tells paths apart.
    pub(crate) fn telling_paths() -> Self {
        Self::with(MOST_PATHS + 1, Vec::new())
    }

    /// A meter that counts all paths as `root`.
    pub(crate) fn of(root: &str) -> Self {
        Self::with(1, vec![root.to_owned()])
    }

    fn with(slots: usize, paths: Vec<String>) -> Self {
        let counters = (0..slots).map(|_| PathCounters::new(E::ALL.len())).collect();
        let (paths, dropped_fields) = (RwLock::new(paths), AtomicU64::new(0));
        Self { counters, paths, dropped_fields, endings: PhantomData }
    }

    pub(crate) fn open(&self, path: &str, method: &Method) -> OpenRequest<'_, E> {
        let counters = &self.counters[self.place(path)];
        counters.open.fetch_add(1, Ordering::Relaxed);
        let known = METHODS.iter().position(|known| *known == method.as_str());
        let method = known.unwrap_or(METHODS.len() - 1);
        OpenRequest { counters, method, since: Instant::now(), endings: PhantomData }
    }

    fn place(&self, path: &str) -> usize {
        let rest = self.counters.len() - 1;
        if rest == 0 || path.len() > LONGEST_PATH {
            return rest;
        }
        let find = |paths: &[String]| paths.iter().position(|known| known == path);
        let known = find(&self.paths.read().unwrap_or_else(PoisonError::into_inner));
        known.unwrap_or_else(|| {
            let mut paths = self.paths.write().unwrap_or_else(PoisonError::into_inner);
            find(&paths).unwrap_or_else(|| {
                if paths.len() < rest {
                    paths.push(path.to_owned());
                    paths.len() - 1
                } else {
                    rest
                }
            })
        })
    }

    /// The paths with their counters, without those that are vacant.
    fn by_path(&self) -> Vec<(String, &PathCounters)> {
        let mut paths = self.paths.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = paths.len();
        let rest = (self.counters.len() > 1).then(|| (REST.to_owned(), self.counters.len() - 1));
        let places = paths.drain(..).zip(0..known).chain(rest);
        places.map(|(path, place)| (path, &self.counters[place])).collect()
    }

    /// Counts an event that lost its unknown fields; says whether it is the first.
    pub(crate) fn drop_fields(&self) -> bool {
        self.dropped_fields.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Events that lost their unknown fields.
    pub(crate) fn dropped_fields(&self) -> u64 {
        self.dropped_fields.load(Ordering::Relaxed)
    }

    /// Requests that are not answered yet.
    pub(crate) fn open_requests(&self) -> u64 {
        self.counters.iter().map(|counters| counters.open.load(Ordering::Relaxed)).sum()
    }

    /// The open requests of each path.
    pub(crate) fn open_by_path(&self) -> BTreeMap<String, u64> {
        let open = |(path, counters): (String, &PathCounters)| (path, counters.open.load(Ordering::Relaxed));
        self.by_path().into_iter().map(open).collect()
    }

    /// Every series that has counted something.
    pub(crate) fn series(&self) -> Vec<RequestSeries<E>> {
        let of_path = |(path, counters): (String, &PathCounters)| {
            let series = counters.series.iter().enumerate();
            series.map(|(number, series)| series.read(&path, number)).collect::<Vec<_>>()
        };
        self.by_path().into_iter().flat_map(of_path).filter(|series| series.count() > 0).collect()
    }
}

impl Series {
    fn read<E: RequestEnding>(&self, path: &str, number: usize) -> RequestSeries<E> {
        let outcome = E::ALL[number % E::ALL.len()];
        RequestSeries {
            path: path.to_owned(),
            method: METHODS[number / E::ALL.len()],
            outcome,
            status: outcome.status().as_u16(),
            buckets: self.buckets.each_ref().map(|count| count.load(Ordering::Relaxed)),
            seconds: Duration::from_micros(self.microseconds.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }
}

impl<E: RequestEnding> OpenRequest<'_, E> {
    /// Counts the request as answered.
    pub(crate) fn answered(self, outcome: E) {
        let took = self.since.elapsed();
        let series = &self.counters.series[self.method * E::ALL.len() + outcome.number()];
        let fits = |bound: &f64| took.as_secs_f64() <= *bound;
        let bucket = DURATION_BOUNDS.iter().position(fits).unwrap_or(BUCKETS - 1);
        series.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        series.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }
}

impl<E> Drop for OpenRequest<'_, E> {
    fn drop(&mut self) {
        self.counters.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::RequestOutcome;

    #[test]
    fn requests_are_counted_by_method_and_outcome_when_answered() {
        let meter = Meter::<RequestOutcome>::of("/");
        let brew = Method::from_bytes(b"BREW").unwrap();
        let open = meter.open("/x", &Method::POST);
        drop(meter.open("/x", &Method::POST));
        assert_eq!(meter.open_requests(), 1);
        open.answered(RequestOutcome::Accepted);
        meter.open("/x", &brew).answered(RequestOutcome::Late);
        meter.open("/x", &brew).answered(RequestOutcome::Late);
        assert_eq!(meter.open_requests(), 0);
        let seen = meter.series();
        let seen: Vec<_> = seen.iter().map(|s| (s.method, s.outcome, s.status, s.count())).collect();
        assert_eq!(
            seen,
            [("POST", RequestOutcome::Accepted, 202, 1), ("OTHER", RequestOutcome::Late, 503, 2)]
        );
    }

    #[test]
    fn paths_are_told_apart_up_to_a_bound_if_asked_for() {
        let all = Meter::<RequestOutcome>::of("/");
        all.open("/secret", &Method::POST).answered(RequestOutcome::Accepted);
        assert_eq!(all.series()[0].path, "/");
        let meter = Meter::<RequestOutcome>::telling_paths();
        for number in 0..100 {
            meter.open(&format!("/{}", number % 50), &Method::POST).answered(RequestOutcome::Accepted);
        }
        meter.open(&"/x".repeat(100), &Method::POST).answered(RequestOutcome::Accepted);
        let open = meter.open("/0", &Method::POST);
        let seen: Vec<_> = meter.series().iter().map(|s| (s.path.clone(), s.count())).collect();
        assert_eq!(seen.len(), MOST_PATHS + 1);
        assert_eq!((&seen[0], &seen[MOST_PATHS]), (&("/0".to_owned(), 2), &(REST.to_owned(), 69)));
        assert_eq!((meter.open_by_path()["/0"], meter.open_requests()), (1, 1));
        drop(open);
    }
}
