//! The text formats, and families from given numbers.

use campanile_intake::{DURATION_BOUNDS, IntakeSnapshot, RequestOutcome, RequestSeries};

use super::page::Counted;
use super::*;

fn sample_page(format: TextFormat) -> String {
    let mut page = MetricsPage::new(format);
    page.family("campanile_x_total", FamilyType::Counter, "Help.");
    page.sample(&[("name", "a\"b\\c\nd")], 3_u64);
    page.family("campanile_y", FamilyType::Histogram, "More.");
    page.histogram(&[("t", "u")], &Counted { bounds: &[0.5, 1.0], buckets: &[1, 0, 2], sum: 7.5 });
    page.end()
}

#[test]
fn the_older_format_keeps_total_in_the_name_of_the_family() {
    let expected = r#"# HELP campanile_x_total Help.
# TYPE campanile_x_total counter
campanile_x_total{name="a\"b\\c\nd"} 3
# HELP campanile_y More.
# TYPE campanile_y histogram
campanile_y_bucket{t="u",le="0.5"} 1
campanile_y_bucket{t="u",le="1"} 1
campanile_y_bucket{t="u",le="+Inf"} 3
campanile_y_sum{t="u"} 7.5
campanile_y_count{t="u"} 3
"#;
    assert_eq!(sample_page(TextFormat::Text), expected);
}

#[test]
fn open_metrics_has_its_own_names_bounds_and_end() {
    let page = sample_page(TextFormat::OpenMetrics);
    let parts = ["# TYPE campanile_x counter\ncampanile_x_total{", r#"le="1.0""#];
    assert!(parts.iter().all(|part| page.contains(part)) && page.ends_with("# EOF\n"), "{page}");
}

#[test]
fn the_format_is_that_which_the_client_asks_for() {
    let prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    assert_eq!(TextFormat::wanted(prometheus), TextFormat::OpenMetrics);
    assert_eq!(TextFormat::wanted("text/plain"), TextFormat::Text);
    assert_eq!(TextFormat::wanted(""), TextFormat::Text);
}

#[test]
fn outcomes_that_share_a_status_share_a_series() {
    let series = |outcome: RequestOutcome, status, bucket: usize| {
        let mut buckets = [0; DURATION_BOUNDS.len() + 1];
        buckets[bucket] = 2;
        RequestSeries { path: "/".into(), method: "POST", outcome, status, buckets, seconds: 0.25 }
    };
    let intake = IntakeSnapshot {
        accepted: 0,
        duplicates: 0,
        refused: [].into(),
        open_requests: 1,
        open_by_path: [("/".to_owned(), 1)].into(),
        open_body_bytes: 0,
        connections: 5,
        overloaded: false,
        dropped_fields: 0,
        window_keys: 0,
        senders: None,
        requests: vec![
            series(RequestOutcome::Malformed, 400, 0),
            series(RequestOutcome::Unreadable, 400, 11),
        ],
    };
    let mut page = MetricsPage::new(TextFormat::Text);
    http::write(&mut page, &http::EVENTS, &intake.requests, &intake.open_by_path);
    let page = page.end();
    let labels = r#"service="",handler="/",method="POST",code="400""#;
    for line in [
        format!("gotk_event_http_request_duration_seconds_bucket{{{labels},le=\"0.005\"}} 2"),
        format!("gotk_event_http_request_duration_seconds_bucket{{{labels},le=\"10\"}} 2"),
        format!("gotk_event_http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 4"),
        format!("gotk_event_http_request_duration_seconds_sum{{{labels}}} 0.5"),
        format!("gotk_event_http_response_size_bytes_bucket{{{labels},le=\"100\"}} 4"),
        format!("gotk_event_http_response_size_bytes_bucket{{{labels},le=\"1000000000\"}} 4"),
        r#"gotk_event_http_requests_inflight{service="",handler="/"} 1"#.to_owned(),
    ] {
        assert!(page.lines().any(|shown| shown == line), "no {line} in\n{page}");
    }
}
