//! `campanile demo --manifests`: one sample event for each Alert of one's own, and whether its message arrives.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use campanile_domain::ObjectKey;
use campanile_protocol::{AlertRow, ObjectRow, ObjectTable};
use jiff::Timestamp;

use super::post;
use crate::app::App;
use crate::commands::api;
use crate::commands::explain::request_text;
use crate::commands::out::say;
use crate::commands::table::count;
use crate::demo::{ArrivedMessage, DemoDestination, TriedEvent, samples};
use crate::explain::ShownRequest;
use crate::ops::OBJECTS;

/// How long all messages together may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause between two looks at what arrived.
const PAUSE: Duration = Duration::from_millis(100);

/// Posts a sample event for each Alert and waits for the messages. Exit code 1 if one does not arrive.
pub(super) async fn try_alerts(
    app: &App,
    destination: &mut DemoDestination,
    manifests: &Path,
) -> Result<ExitCode> {
    let samples = samples(&campanile_watcher::load(manifests)?, Timestamp::now());
    ensure!(!samples.is_empty(), "try the Alerts in {}: there are none", manifests.display());
    let (mut waiting, mut bad) = (BTreeSet::new(), 0);
    for sample in &samples {
        match &sample.event {
            Ok(event) => {
                say(format_args!("● Alert {}", sample.alert));
                post(app, event).await?;
                waiting.insert(sample.alert.clone());
            }
            Err(reason) => {
                say(format_args!("● Alert {} is not tried: {}", sample.alert, reason.why));
                bad += usize::from(reason.is_fault);
            }
        }
    }
    say(format_args!(""));
    let tried = waiting.len();
    let table = await_all(app, destination, &mut waiting).await?;
    for alert in &waiting {
        say(format_args!("● Alert {alert}: nothing arrived: {}", hindrance(alert, &samples, &table)));
    }
    let (arrived, missing) = (tried - waiting.len(), waiting.len() + bad);
    say(format_args!("\n{} of {} sent a message that arrived here.", arrived, count(samples.len(), "Alert")));
    Ok(ExitCode::from(u8::from(missing > 0)))
}

/// Shows what arrives until nothing is waited for any more, or for as long as it may take.
async fn await_all(
    app: &App,
    destination: &mut DemoDestination,
    waiting: &mut BTreeSet<ObjectKey>,
) -> Result<ObjectTable> {
    let admin = app.addresses.admin.to_string();
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let look = tokio::time::sleep(PAUSE);
        tokio::select! {
            biased;
            Some(arrival) = destination.next() => {
                show(&arrival);
                continue;
            }
            () = look => {}
        }
        let table: ObjectTable = api::get(&admin, OBJECTS).await?;
        for AlertRow { object, .. } in
            table.alerts.iter().filter(|alert| alert.object.last_delivery.is_some())
        {
            waiting.remove(&key(object));
        }
        if waiting.is_empty() || tokio::time::Instant::now() >= end {
            while let Some(arrival) = destination.waiting() {
                show(&arrival);
            }
            return Ok(table);
        }
    }
}

fn key(row: &ObjectRow) -> ObjectKey {
    ObjectKey::new(row.namespace.as_str(), row.name.as_str())
}

/// A request that came by the detour, as `campanile explain` shows it.
pub(super) fn show(arrival: &ArrivedMessage) {
    let provider = arrival.path.trim_start_matches('/');
    match serde_json::from_value::<ShownRequest>(arrival.body.clone()) {
        Ok(request) => {
            say(format_args!("  arrived  for {provider}, in place of:\n{}", request_text(&request)));
        }
        Err(_) => say(format_args!("  arrived  for {provider}")),
    }
}

/// What stands in the way of an Alert's messages, as far as its Provider says.
fn hindrance(alert: &ObjectKey, samples: &[TriedEvent], table: &ObjectTable) -> String {
    let provider = samples.iter().find(|sample| sample.alert == *alert).map(|sample| &sample.provider);
    let row = table.providers.iter().find(|row| Some(&key(&row.object)) == provider).map(|row| &row.object);
    let broken = row.and_then(|row| row.conditions.iter().find(|condition| condition.status == "False"));
    let said = broken.map(|condition| condition.message.to_string());
    let said = said.or_else(|| row.and_then(|row| row.last_error.clone()));
    said.unwrap_or_else(|| format!("its messages were not sent within {} s", PATIENCE.as_secs()))
}
