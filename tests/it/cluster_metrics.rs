//! What metrics say of the dealings with the API server (contract, control plane 9.2), and the throttle of requests (8.1).

use std::time::Instant;

use tempfile::TempDir;

use crate::ops_monitoring::{families, queries};
use crate::support::{Fault, Gate, Instance, Namespace, Sink, eventually, is_ready, sum, value};

const REQUESTS: &str = "rest_client_requests_total{";

/// An instance behind a gate.
struct Gated {
    gate: Gate,
    instance: Instance,
    _state: TempDir,
}

impl Gated {
    fn start(namespace: &Namespace, gate: Gate, flags: &[&str]) -> Self {
        let state = TempDir::with_prefix("campanile-metrics-").expect("a folder");
        let flags = [flags, &["--metrics-addr=127.0.0.1:0"]].concat();
        let instance = Instance::in_cluster(&gate.kubeconfig(), Some(&namespace.name), state.path(), &flags);
        Self { gate, instance: instance.loaded(), _state: state }
    }

    fn until(&self, series: &str, wanted: impl Fn(f64) -> bool) {
        eventually(&format!("{series} to be as wanted"), || {
            let value = value(&self.instance.metrics().body, series);
            value.filter(|value| wanted(*value))
        });
    }

    fn requests(&self) -> f64 {
        sum(&self.instance.metrics().body, REQUESTS)
    }
}

#[test]
fn cluster_metrics_every_request_to_the_api_server_is_counted_once_9_2() {
    let (namespace, sink) = (Namespace::new("requests"), Sink::start());
    namespace.notify(&sink);
    let gated = Gated::start(&namespace, Gate::open(), &[]);
    namespace.status("alerts", "all-to-chat", is_ready);
    namespace.status("providers", "chat", is_ready);
    let host = gated.gate.address();
    eventually("the counts to be those of the gate", || {
        let (page, passed) = (gated.instance.metrics().body, gated.gate.passed());
        let of = |method: &str| passed.iter().filter(|one| one.method == method).count() as f64;
        let series = |code: u16, method: &str| {
            value(&page, &format!(r#"{REQUESTS}code="{code}",host="{host}",method="{method}"}}"#))
        };
        let whole = sum(&page, REQUESTS) == passed.len() as f64;
        (whole && series(200, "PATCH") == Some(of("PATCH")) && of("PATCH") >= 2.0).then_some(())
    });
    let (before, events) = (gated.requests(), 200);
    for number in 0..events {
        gated.instance.accept(&namespace.event("app", &format!("event {number}")));
    }
    sink.wait_for(events);
    let asked = gated.requests() - before;
    assert!(asked <= 4.0, "{events} events led to {asked} requests, more than the status they end in");
}

#[test]
fn cluster_metrics_a_status_that_is_refused_is_a_reconcile_that_failed_and_is_tried_again_9_2() {
    let (namespace, sink) = (Namespace::new("reconciles"), Sink::start());
    namespace.notify(&sink);
    let gate = Gate::open();
    gate.fail_at("/status", Fault::Refuse(500));
    let gated = Gated::start(&namespace, gate, &[]);
    let runtime = |family: &str, controller: &str, more: &str| {
        format!(r#"controller_runtime_reconcile_{family}{{controller="{controller}"{more}}}"#)
    };
    let queue = |family: &str, controller: &str, more: &str| {
        format!(r#"workqueue_{family}{{controller="{controller}",name="{controller}"{more}}}"#)
    };
    for controller in ["alert", "provider"] {
        gated.until(&runtime("errors_total", controller, ""), |errors| errors >= 1.0);
        gated.until(&runtime("total", controller, r#",result="error""#), |errors| errors >= 1.0);
        gated.until(&queue("retries_total", controller, ""), |retries| retries >= 1.0);
    }
    gated.gate.mend();
    namespace.status("alerts", "all-to-chat", is_ready);
    namespace.status("providers", "chat", is_ready);
    for controller in ["alert", "provider"] {
        gated.until(&runtime("total", controller, r#",result="success""#), |ends| ends >= 1.0);
        gated.until(&runtime("time_seconds_count", controller, ""), |all| all >= 2.0);
        gated.until(&queue("adds_total", controller, ""), |adds| adds >= 1.0);
        gated.until(&queue("depth", controller, r#",priority="0""#), |depth| depth == 0.0);
        gated.until(&queue("longest_running_processor_seconds", controller, ""), |longest| longest == 0.0);
    }
}

#[test]
fn cluster_metrics_an_api_server_without_fairness_is_asked_at_the_pace_of_the_flags_8_1() {
    let (namespace, gate) = (Namespace::new("throttle"), Gate::open());
    gate.fail(Fault::Unfair);
    let began = Instant::now();
    let gated = Gated::start(&namespace, gate, &["--kube-api-qps=4", "--kube-api-burst=2"]);
    let asked = gated.gate.passed().len();
    let most = 2.0 + 4.0 * began.elapsed().as_secs_f64();
    assert!(asked > 2, "the start asks more than the burst: {asked}");
    assert!(asked as f64 <= most, "{asked} requests, where the flags allow {most}");
}

#[test]
fn cluster_metrics_an_api_server_with_fairness_is_not_held_back_8_1() {
    let (namespace, sink) = (Namespace::new("fairness"), Sink::start());
    namespace.notify(&sink);
    // Each request beyond the first would wait for a minute and more.
    let gated = Gated::start(&namespace, Gate::open(), &["--kube-api-qps=0.01", "--kube-api-burst=1"]);
    namespace.status("alerts", "all-to-chat", is_ready);
    assert!(gated.gate.passed().len() > 2);
}

#[test]
fn cluster_metrics_issue_20_what_the_dashboard_shows_of_a_cluster_is_there() {
    let namespace = Namespace::new("dashboard");
    let gated = Gated::start(&namespace, Gate::open(), &["--event-auth=audit"]);
    gated.instance.accept(&namespace.event("app", "an event of nobody"));
    let mut wanted: Vec<String> = queries(true).iter().flat_map(|(_, query)| families(query)).collect();
    assert!(wanted.len() > 4, "the dashboard was not read: {wanted:?}");
    // Only in a pod with leader election, which the tests of the election have.
    wanted.retain(|name| name != "leader_election_master_status");
    let missing = |page: &str| {
        let is_there = |name: &&String| page.lines().any(|line| line.starts_with(&format!("# TYPE {name} ")));
        wanted.iter().filter(|name| !is_there(name)).cloned().collect::<Vec<_>>()
    };
    eventually("every metric of the dashboard to be on the page", || {
        let missing = missing(&gated.instance.metrics().body);
        println!("{missing:?}");
        missing.is_empty().then_some(())
    });
}
