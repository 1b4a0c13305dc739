//! Requests of the event endpoint, under the incumbent's names: `service` is always empty, `handler` the path.

use std::collections::BTreeMap;

use campanile_intake::{DURATION_BOUNDS, IntakeSnapshot, RequestSeries};

use super::page::{Counted, Kind, Page};

const BUCKETS: usize = DURATION_BOUNDS.len() + 1;

/// Bounds of answer sizes in bytes. No answer has a body, so the first bucket holds them all.
const SIZE_BOUNDS: [f64; 8] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Path, method and status.
type Key<'a> = (&'a str, &'static str, String);

pub(super) fn write(page: &mut Page, intake: &IntakeSnapshot) {
    let series = by_status(&intake.requests);
    let name = "gotk_event_http_request_duration_seconds";
    page.family(name, Kind::Histogram, "Duration of requests to the event endpoint.");
    for ((path, method, code), (buckets, sum)) in &series {
        let labels = [("service", ""), ("handler", *path), ("method", *method), ("code", code.as_str())];
        page.histogram(&labels, &Counted { bounds: &DURATION_BOUNDS, buckets, sum: *sum });
    }
    let name = "gotk_event_http_response_size_bytes";
    page.family(name, Kind::Histogram, "Size of answers of the event endpoint.");
    for ((path, method, code), (buckets, _)) in &series {
        let labels = [("service", ""), ("handler", *path), ("method", *method), ("code", code.as_str())];
        let mut sizes = [0; SIZE_BOUNDS.len() + 1];
        sizes[0] = buckets.iter().sum();
        page.histogram(&labels, &Counted { bounds: &SIZE_BOUNDS, buckets: &sizes, sum: 0.0 });
    }
    let name = "gotk_event_http_requests_inflight";
    page.family(name, Kind::Gauge, "Requests to the event endpoint that are not answered yet.");
    for (path, open) in &intake.open_by_path {
        page.sample(&[("service", ""), ("handler", path)], *open);
    }
}

/// The sums of outcomes that share a status.
fn by_status(requests: &[RequestSeries]) -> BTreeMap<Key<'_>, ([u64; BUCKETS], f64)> {
    let mut sums = BTreeMap::<_, ([u64; BUCKETS], f64)>::new();
    for series in requests {
        let key = (series.path.as_str(), series.method, series.status.to_string());
        let (buckets, seconds) = sums.entry(key).or_default();
        buckets.iter_mut().zip(series.buckets).for_each(|(sum, more)| *sum += more);
        *seconds += series.seconds;
    }
    sums
}
