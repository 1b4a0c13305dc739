//! `campanile get`: tables from the operations API of a running instance.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use campanile_domain::{prefix, prefix_length};
use campanile_outbox::{DeliveryState, DeliveryView};
use campanile_protocol::{AlertRow, Condition, ObjectTable, ProviderRow};
use jiff::Timestamp;
use serde::Serialize;

use super::api;
use super::out::put;
use super::table::{age, layout};
use crate::cli::{GetFlags, Output, What};
use crate::ops::{DELIVERIES, DeliveryList, OBJECTS};

pub(crate) fn get(flags: &GetFlags) -> Result<ExitCode> {
    let text = actix_rt::System::new().block_on(fetch(flags))?;
    put(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn fetch(flags: &GetFlags) -> Result<String> {
    let now = Timestamp::now();
    Ok(match flags.what {
        What::Alerts => {
            let rows = within(flags, objects(flags).await?.alerts, |row| &row.object.namespace);
            print(flags, &rows, || alerts(&rows, now))?
        }
        What::Providers => {
            let rows = within(flags, objects(flags).await?.providers, |row| &row.object.namespace);
            print(flags, &rows, || providers(&rows, now))?
        }
        What::Deliveries | What::Dead => {
            let DeliveryList { items, held } = deliveries(flags).await?;
            let rows = within(flags, items, |row| &row.provider.namespace);
            print(flags, &rows, || delivery_table(&rows, &held, now))?
        }
    })
}

/// The rows of the namespace that was asked for.
fn within<T>(flags: &GetFlags, rows: Vec<T>, namespace: impl Fn(&T) -> &str) -> Vec<T> {
    let wanted = |row: &T| flags.namespace.as_deref().is_none_or(|wanted| wanted == namespace(row));
    rows.into_iter().filter(wanted).collect()
}

fn print<T: Serialize>(flags: &GetFlags, rows: &[T], table: impl Fn() -> String) -> Result<String> {
    Ok(match flags.output {
        Output::Json => serde_json::to_string_pretty(rows)? + "\n",
        Output::Table if rows.is_empty() => "nothing found\n".to_owned(),
        Output::Table => table(),
    })
}

async fn objects(flags: &GetFlags) -> Result<ObjectTable> {
    let table: ObjectTable = api::get(&flags.admin_addr, OBJECTS).await?;
    for problem in &table.problems {
        eprintln!("warning: {problem}");
    }
    Ok(table)
}

async fn deliveries(flags: &GetFlags) -> Result<DeliveryList> {
    let dead = flags.what == What::Dead;
    let provider = flags.provider.as_ref().map(|key| format!("&provider={key}")).unwrap_or_default();
    api::get(&flags.admin_addr, &format!("{DELIVERIES}?dead={dead}&limit={}{provider}", flags.limit)).await
}

fn ready(conditions: &[Condition], kind: &str) -> (String, String) {
    conditions.iter().find(|condition| condition.kind == kind).map_or_else(
        || ("Unknown".to_owned(), String::new()),
        |found| (found.status.to_string(), found.message.to_string()),
    )
}

fn alerts(rows: &[AlertRow], now: Timestamp) -> String {
    let cells = rows.iter().map(|AlertRow { object: row, .. }| {
        let (status, message) = ready(&row.conditions, "Ready");
        let message = if row.suspended { format!("{message} (suspended)") } else { message };
        vec![row.namespace.clone(), row.name.clone(), status, message, since(row.since, now)]
    });
    layout(&["NAMESPACE", "NAME", "READY", "STATUS", "AGE"], &cells.collect::<Vec<_>>())
}

fn providers(rows: &[ProviderRow], now: Timestamp) -> String {
    let cells = rows.iter().map(|ProviderRow { object: row, type_name }| {
        let (status, message) = ready(&row.conditions, "Ready");
        let (delivering, why) = ready(&row.conditions, "Delivering");
        let message = if status == "True" && delivering == "False" { why } else { message };
        let message = if row.suspended { format!("{message} (suspended)") } else { message };
        let last = row.last_delivery.map_or_else(|| "never".to_owned(), |at| since(at, now) + " ago");
        let names = [row.namespace.clone(), row.name.clone(), type_name.clone()];
        let (pending, dead) = (row.pending.to_string(), row.dead_letters.to_string());
        let state = [status, delivering, message, last, pending, dead, since(row.since, now)];
        names.into_iter().chain(state).collect()
    });
    let header = [
        "NAMESPACE",
        "NAME",
        "TYPE",
        "READY",
        "DELIVERING",
        "STATUS",
        "LAST DELIVERY",
        "PENDING",
        "DEAD",
        "AGE",
    ];
    layout(&header, &cells.collect::<Vec<_>>())
}

/// A delivery that was not tried yet waits for its Provider, if that does not deliver: then it is `held`, with the reason.
fn delivery_table(rows: &[DeliveryView], held: &BTreeMap<String, String>, now: Timestamp) -> String {
    let length = prefix_length(rows.iter().map(|row| row.id));
    let cells = rows.iter().map(|row| {
        let waits = held.get(&row.provider.to_string()).filter(|_| row.state == DeliveryState::Ready);
        let failed = row.failure.as_ref().map(|failure| format!("{}: {failure}", failure.class.label()));
        let why = waits.cloned().or(failed).unwrap_or_default();
        vec![
            prefix(row.id, length),
            waits.map_or_else(|| state(row.state), |_| "held").to_owned(),
            row.provider.to_string(),
            row.alert.to_string(),
            row.object.clone(),
            row.reason.clone(),
            row.attempts.to_string(),
            next(row, now),
            since(row.accepted_at, now),
            why,
        ]
    });
    let header =
        ["ID", "STATE", "PROVIDER", "ALERT", "OBJECT", "REASON", "ATTEMPTS", "NEXT", "AGE", "LAST ERROR"];
    layout(&header, &cells.collect::<Vec<_>>())
}

fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Ready => "ready",
        DeliveryState::Leased => "sending",
        DeliveryState::Retry => "retry",
        DeliveryState::Parked => "parked",
        DeliveryState::Dead => "dead",
    }
}

/// When it is tried again.
fn next(row: &DeliveryView, now: Timestamp) -> String {
    match (row.state, row.at) {
        (DeliveryState::Retry | DeliveryState::Parked, Some(at)) => format!("in {}", since(now, at)),
        _ => "-".to_owned(),
    }
}

fn since(then: Timestamp, now: Timestamp) -> String {
    age(now.duration_since(then).as_secs())
}
