//! Metrics of the real program (contract, control plane 9.2).

use serde_json::json;

use crate::support::{
    Answer, Instance, Sink, Site, event, eventually, everything_from, exchange, provider, value,
};

const ANY: &str = "--metrics-addr=127.0.0.1:0";

/// A Provider that delivers, one that cannot, and an event through both.
fn instance(flags: &[&str]) -> (Sink, Site, Instance) {
    let sink = Sink::start();
    let good = provider("good", "generic", json!({ "address": sink.url("/") }));
    let bad = provider("bad", "slack", json!({ "address": "http://127.0.0.1:1/" }));
    let site = Site::with(&[good, everything_from("good"), bad, everything_from("bad")]);
    let instance = site.start(flags);
    instance.accept(&event("web", "hello"));
    assert_eq!(instance.post(&event("web", "hello")).status, 429);
    assert_eq!(instance.post_bytes(b"no event").status, 400);
    sink.wait_for(1);
    (sink, site, instance)
}

fn wait_for(instance: &Instance, series: &[(&str, f64)]) -> Answer {
    let mut page = String::new();
    for (series, wanted) in series {
        eventually(&format!("{series} to be {wanted} in\n{page}"), || {
            page = instance.metrics().body;
            (value(&page, series) == Some(*wanted)).then_some(())
        });
    }
    instance.metrics()
}

#[test]
fn metrics_show_requests_deliveries_queues_and_the_process() {
    let (_sink, _site, instance) = instance(&[ANY]);
    let duration = "gotk_event_http_request_duration_seconds_count";
    let answer = wait_for(
        &instance,
        &[
            (&format!(r#"{duration}{{service="",handler="/",method="POST",code="202"}}"#), 1.0),
            (&format!(r#"{duration}{{service="",handler="/",method="POST",code="429"}}"#), 1.0),
            (&format!(r#"{duration}{{service="",handler="/",method="POST",code="400"}}"#), 1.0),
            (
                r#"campanile_deliveries_total{type="generic",namespace="apps",provider="good",result="delivered",class=""}"#,
                1.0,
            ),
            (r#"campanile_delivery_seconds_count{type="generic"}"#, 1.0),
            (r#"campanile_queue_deliveries{namespace="apps",provider="bad",state="pending"}"#, 1.0),
            (r#"campanile_events_total{result="selected"}"#, 1.0),
            (r#"campanile_refused_requests_total{reason="duplicate"}"#, 1.0),
            (r#"campanile_check{check="outbox"}"#, 1.0),
            (
                r#"gotk_reconcile_condition{kind="Alert",name="all-to-good",namespace="apps",type="Ready",status="True"}"#,
                1.0,
            ),
            (r#"gotk_suspend_status{kind="Provider",name="bad",namespace="apps"}"#, 0.0),
        ],
    );
    let page = &answer.body;
    let retry = r#"campanile_deliveries_total{type="slack",namespace="apps",provider="bad",result="retry",class="connection"}"#;
    assert!(value(page, retry).is_some_and(|tries| tries >= 1.0), "{page}");
    let oldest = r#"campanile_queue_oldest_seconds{namespace="apps",provider="bad"}"#;
    assert!(value(page, oldest).is_some_and(|age| age > 0.0), "{page}");
    for series in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"] {
        assert!(value(page, series).is_some_and(|value| value > 0.0), "{series} in {page}");
    }
    assert!(!page.contains("leader_election"), "there is no election");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(!page.contains("_total_total"), "{page}");
}

#[test]
fn without_labels_that_name_objects_sums_are_left() {
    let (_sink, _site, instance) =
        instance(&[ANY, "--metrics-per-object=false", "--export-http-path-metrics"]);
    let sum = r#"campanile_deliveries_total{type="generic",result="delivered",class=""}"#;
    let page = wait_for(&instance, &[(sum, 1.0)]).body;
    for name in ["namespace=", "provider=", "good"] {
        assert!(!page.contains(name), "{name} in {page}");
    }
    assert!(value(&page, "campanile_outbox_oldest_seconds").is_some_and(|age| age > 0.0), "{page}");
}

#[test]
fn paths_are_told_apart_if_asked_for() {
    let site = Site::new();
    let instance = site.start(&[ANY, "--export-http-path-metrics"]);
    let body = event("web", "hello").to_string();
    let request = format!("POST /team-a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert_eq!(exchange(instance.events, request.as_bytes()).expect("an answer").status, 202);
    let series = r#"gotk_event_http_request_duration_seconds_count{service="",handler="/team-a",method="POST",code="202"}"#;
    wait_for(&instance, &[(series, 1.0)]);
}
