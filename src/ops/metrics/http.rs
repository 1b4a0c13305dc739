//! Requests of the endpoints, under the incumbent's names: `service` is always empty, `handler` the path.

use std::collections::BTreeMap;

use campanile_intake::{DURATION_BOUNDS, RequestSeries};

use super::page::{Counted, FamilyType, MetricsPage};

const BUCKETS: usize = DURATION_BOUNDS.len() + 1;

/// Bounds of answer sizes in bytes. Answers have no body, or a line, so the first bucket holds them all.
const SIZE_BOUNDS: [f64; 8] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Path, method and status of requests.
type Key<'a> = (&'a str, &'static str, String);

/// An endpoint, as its metrics name it.
pub(super) struct EndpointMetrics {
    /// Names of its families: durations, sizes of answers, open requests.
    names: [&'static str; 3],
    /// How the help calls it.
    called: &'static str,
}

/// The endpoint at which events come in.
pub(super) const EVENTS: EndpointMetrics = EndpointMetrics {
    names: [
        "gotk_event_http_request_duration_seconds",
        "gotk_event_http_response_size_bytes",
        "gotk_event_http_requests_inflight",
    ],
    called: "event endpoint",
};

/// Where webhooks come in (contract, receivers 10).
pub(super) const WEBHOOKS: EndpointMetrics = EndpointMetrics {
    names: [
        "gotk_receiver_http_request_duration_seconds",
        "gotk_receiver_http_response_size_bytes",
        "gotk_receiver_http_requests_inflight",
    ],
    called: "webhook endpoint",
};

pub(super) fn write<E>(
    page: &mut MetricsPage,
    EndpointMetrics { names: [durations, sizes, open], called }: &EndpointMetrics,
    requests: &[RequestSeries<E>],
    open_by_path: &BTreeMap<String, u64>,
) {
    let series = by_status(requests);
    page.family(durations, FamilyType::Histogram, &format!("Duration of requests to the {called}."));
    for ((path, method, code), (buckets, sum)) in &series {
        let labels = [("service", ""), ("handler", *path), ("method", *method), ("code", code.as_str())];
        page.histogram(&labels, &Counted { bounds: &DURATION_BOUNDS, buckets, sum: *sum });
    }
    page.family(sizes, FamilyType::Histogram, &format!("Size of answers of the {called}."));
    for ((path, method, code), (buckets, _)) in &series {
        let labels = [("service", ""), ("handler", *path), ("method", *method), ("code", code.as_str())];
        let mut counts = [0; SIZE_BOUNDS.len() + 1];
        counts[0] = buckets.iter().sum();
        page.histogram(&labels, &Counted { bounds: &SIZE_BOUNDS, buckets: &counts, sum: 0.0 });
    }
    page.family(open, FamilyType::Gauge, &format!("Requests to the {called} that are not answered yet."));
    for (path, count) in open_by_path {
        page.sample(&[("service", ""), ("handler", path)], *count);
    }
}

/// The sums of outcomes that share a status.
fn by_status<E>(requests: &[RequestSeries<E>]) -> BTreeMap<Key<'_>, ([u64; BUCKETS], f64)> {
    let mut sums = BTreeMap::<_, ([u64; BUCKETS], f64)>::new();
    for series in requests {
        let key = (series.path.as_str(), series.method, series.status.to_string());
        let (buckets, seconds) = sums.entry(key).or_default();
        buckets.iter_mut().zip(series.buckets).for_each(|(sum, more)| *sum += more);
        *seconds += series.seconds;
    }
    sums
}
