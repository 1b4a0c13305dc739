//! The spans of an instance that runs in this process.

mod spans;

use std::fs;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use serde_json::json;
use tempfile::TempDir;
use tracing::subscriber::set_global_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use super::*;
use crate::cli::RunFlags;
use crate::demo::DemoDestination;
use spans::Spans;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(30);

const MANIFESTS: &str = r#"
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: { name: hook, namespace: apps }
spec: { type: generic, address: "http://DESTINATION/hook" }
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: { name: everything, namespace: apps }
spec:
  providerRef: { name: hook }
  eventSources: [{ kind: Kustomization, name: "*" }]
"#;

fn config(folder: &TempDir, destination: &DemoDestination) -> Config {
    let (manifests, state) = (folder.path().join("manifests"), folder.path().join("state"));
    fs::create_dir(&manifests).expect("a folder");
    let text = MANIFESTS.replace("DESTINATION", &destination.address.to_string());
    fs::write(manifests.join("all.yaml"), text).expect("a file");
    let manifests = format!("--manifests={}", manifests.display());
    let state = format!("--state-dir={}", state.display());
    let listeners =
        ["--events-addr", "--health-addr", "--admin-addr"].map(|flag| format!("{flag}=127.0.0.1:0"));
    let fixed = ["run", "--metrics-addr=0", &manifests, &state];
    let arguments = fixed.into_iter().chain(listeners.iter().map(String::as_str));
    let matches = RunFlags::augment_args(Command::new("run")).get_matches_from(arguments);
    RunFlags::from_arg_matches(&matches).expect("the flags are those of the command").config()
}

async fn is_ready(app: &App) -> bool {
    let url = format!("http://{}/readyz/snapshots", app.addresses.health);
    awc::Client::default().get(url).send().await.is_ok_and(|answer| answer.status().is_success())
}

/// Starts an instance, sends one event through it to its destination, and stops it.
async fn send_one_event() {
    let mut destination = DemoDestination::start().expect("a loopback port");
    let folder = TempDir::new().expect("a folder");
    let app = App::start(&config(&folder, &destination)).await.expect("it starts");
    while !is_ready(&app).await {}
    let event = json!({
        "involvedObject": { "kind": "Kustomization", "namespace": "apps", "name": "web" },
        "severity": "info", "reason": "ReconciliationSucceeded", "message": "hello",
    });
    let url = format!("http://{}/", app.addresses.events.expect("it listens"));
    let answer = awc::Client::default().post(url).send_json(&event).await.expect("an answer");
    assert_eq!(answer.status(), 202);
    destination.next().await.expect("a message");
    app.stop().await;
    destination.stop().await;
}

#[test]
fn spans_lead_from_the_acceptance_of_an_event_to_the_attempt_to_deliver_it() {
    let spans = Spans::default();
    // The threads of an instance know the subscriber of the whole process only.
    set_global_default(Registry::default().with(spans.clone())).expect("no other test sets one");
    actix_rt::System::new()
        .block_on(async { tokio::time::timeout(PATIENCE, send_one_event()).await })
        .expect("an event is delivered in time");

    let [accept, plan, append, attempt] =
        ["accept", "plan", "append", "attempt"].map(|name| spans.only(name));
    assert_eq!((accept.parent, plan.parent), (None, Some("accept")));
    assert_eq!((append.parent, attempt.parent), (Some("plan"), None));
    assert_eq!((append.follows, attempt.follows), (None, Some("append")));

    let object = "Kustomization/apps/web";
    accept.has(&[("object", object), ("reason", "ReconciliationSucceeded"), ("outcome", "accepted")]);
    plan.has(&[("object", object), ("deliveries", "1")]);
    append.has(&[("deliveries", "1")]);
    attempt.has(&[("object", object), ("provider", "apps/hook"), ("alert", "apps/everything")]);
    attempt.has(&[("attempt", "1"), ("result", "done")]);
    assert!(append.fields.contains_key("event") && attempt.fields.contains_key("delivery"));
    spans.are_never_wanted_by_the_log();
}
