//! `alertmanager` against the real Alertmanager (contract, providers 23.16).

use serde_json::{Value, json};

use crate::support::{
    Alertmanager, Arrival, Instance, Sink, Site, event, eventually, everything_from, provider,
};

/// Longer than a test.
const FOR_LONG: &str = "1h";

fn start(alertmanager: &Alertmanager) -> (Site, Instance) {
    let spec = json!({ "address": alertmanager.url() });
    let site = Site::with(&[provider("alerts", "alertmanager", spec), everything_from("alerts")]);
    let instance = site.start(&[]);
    (site, instance)
}

fn failing(name: &str, message: &str) -> Value {
    let mut event = event(name, message);
    event["severity"] = "error".into();
    event["reason"] = "HealthCheckFailed".into();
    event
}

fn labels<'a>(alerts: &'a [Value], label: &str) -> Vec<&'a str> {
    let mut values: Vec<&str> =
        alerts.iter().map(|alert| alert["labels"][label].as_str().unwrap_or_default()).collect();
    values.sort_unstable();
    values
}

#[test]
fn s23_16_an_alert_shows_once_however_often_it_is_told_and_in_its_group() {
    let sink = Sink::start();
    let alertmanager = Alertmanager::start(&sink.url("/hook"), FOR_LONG);
    let (_site, instance) = start(&alertmanager);
    instance.accept(&failing("web", "it fails"));
    instance.accept(&failing("web", "it still fails"));
    instance.accept(&failing("db", "it fails too"));
    assert_eq!(instance.settle()["delivery"]["delivered"], 3);
    let alerts = alertmanager.alerts();
    assert_eq!(labels(&alerts, "name"), ["db", "web"]);
    assert_eq!(labels(&alerts, "alertname"), ["FluxKustomizationHealthcheckfailed"; 2]);
    let web = alerts.iter().find(|alert| alert["labels"]["name"] == "web").expect("it is there");
    assert_eq!(web["annotations"]["message"], "it still fails", "the newest text counts");
    assert!(web["startsAt"].as_str().is_some_and(|time| time.starts_with("2026-08-07T10:15:30")), "{web}");
    let groups = alertmanager.groups();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert_eq!(groups[0]["labels"], json!({ "namespace": "apps" }));
    assert_eq!(groups[0]["alerts"].as_array().map(Vec::len), Some(2));
}

#[test]
fn s23_16_an_alert_ends_by_the_resolve_timeout_and_its_receiver_is_told_both() {
    let sink = Sink::start();
    let alertmanager = Alertmanager::start(&sink.url("/hook"), "4s");
    let (_site, instance) = start(&alertmanager);
    instance.accept(&failing("web", "it fails"));
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
    let told = |status: &'static str| {
        eventually(&format!("the receiver to be told '{status}'"), || {
            sink.arrivals().iter().map(Arrival::json).find(|told| told["status"] == status)
        })
    };
    let firing = told("firing");
    assert_eq!(firing["commonLabels"]["name"], "web", "{firing}");
    assert_eq!(firing["commonAnnotations"]["message"], "it fails");
    let resolved = told("resolved");
    assert_eq!(resolved["groupKey"], firing["groupKey"]);
    assert_eq!(alertmanager.alerts(), Vec::<Value>::new());
}

#[test]
fn s23_16_no_alert_is_lost_to_the_name_of_a_label() {
    let sink = Sink::start();
    let alertmanager = Alertmanager::start(&sink.url("/hook"), FOR_LONG);
    let (_site, instance) = start(&alertmanager);
    let mut release = failing("web", "it fails");
    release["metadata"]["kustomize.toolkit.fluxcd.io/app-version"] = "6.3.5".into();
    instance.accept(&release);
    assert_eq!(instance.settle()["delivery"]["delivered"], 1);
    let alerts = alertmanager.alerts();
    assert_eq!(labels(&alerts, "name"), ["web"]);
    // Which of the two depends on the version.
    let version = ["app-version", "app_version"].map(|label| alerts[0]["labels"][label].clone());
    assert!(version.contains(&json!("6.3.5")), "{alerts:?}");
}
