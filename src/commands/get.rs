//! `campanile get`: tables from the operations API of a running instance.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use campanile_domain::{prefix, prefix_length};
use campanile_outbox::{DeliveryState, DeliveryView};
use campanile_protocol::{AlertRow, Condition, ObjectRow, ObjectTable, ProviderRow, ReceiverRow, WebhookRow};
use jiff::Timestamp;
use serde::Serialize;

use super::api;
use super::out::put;
use super::screen::{Screen, Table};
use super::table::{age, printable};
use crate::cli::{GetFlags, GetForm, What};
use crate::ops::{DELIVERIES, DeliveryList, OBJECTS};

/// What a table says of a Receiver that is ready.
const INITIALIZED: &str = "Initialized";

pub(crate) fn get(flags: &GetFlags) -> Result<ExitCode> {
    let text = actix_rt::System::new().block_on(fetch(flags))?;
    put(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn fetch(flags: &GetFlags) -> Result<String> {
    let (now, screen) = (Timestamp::now(), Screen::of_stdout());
    // `wide` is for those who want all of it.
    let screen = if flags.output == GetForm::Wide { screen.endless() } else { screen };
    match flags.what {
        What::Alerts => {
            let rows = within(flags, objects(flags).await?.alerts, |row| &row.object.namespace);
            print(flags, &rows, || alerts(flags.output, &rows, now), &screen)
        }
        What::Providers => {
            let rows = within(flags, objects(flags).await?.providers, |row| &row.object.namespace);
            print(flags, &rows, || providers(flags.output, &rows, now), &screen)
        }
        What::Receivers => {
            let rows = within(flags, objects(flags).await?.receivers, |row| &row.object.namespace);
            print(flags, &rows, || receivers(flags.output, &rows, now), &screen)
        }
        What::Deliveries | What::Dead => {
            let DeliveryList { items, total, held } = deliveries(flags).await?;
            if (items.len() as u64) < total {
                eprintln!("warning: these are the oldest {} of {total}; --limit shows more", items.len());
            }
            print(flags, &items, || delivery_table(&items, &held, now), &screen)
        }
    }
}

/// The rows of the namespace that was asked for.
fn within<T>(flags: &GetFlags, rows: Vec<T>, namespace: impl Fn(&T) -> &str) -> Vec<T> {
    let wanted = |row: &T| flags.namespace.as_deref().is_none_or(|wanted| wanted == namespace(row));
    rows.into_iter().filter(wanted).collect()
}

fn print<T: Serialize>(
    flags: &GetFlags,
    rows: &[T],
    table: impl Fn() -> Table,
    screen: &Screen,
) -> Result<String> {
    if rows.is_empty() {
        eprintln!("{}", nothing(flags));
    }
    Ok(match flags.output {
        GetForm::Json => serde_json::to_string_pretty(rows)? + "\n",
        GetForm::Table | GetForm::Wide if rows.is_empty() => String::new(),
        GetForm::Table | GetForm::Wide => table().fit(screen),
    })
}

/// What is said where there is nothing to show.
fn nothing(flags: &GetFlags) -> String {
    let what = match flags.what {
        What::Alerts => "alerts",
        What::Providers => "providers",
        What::Receivers => "receivers",
        What::Deliveries => "waiting deliveries",
        What::Dead => "dead letters",
    };
    let of = flags.provider.as_ref().map(|key| format!(" of provider '{key}'")).unwrap_or_default();
    let within = flags.namespace.as_ref().map(|name| format!(" in namespace '{name}'")).unwrap_or_default();
    format!("no {what}{of}{within}")
}

async fn objects(flags: &GetFlags) -> Result<ObjectTable> {
    let table: ObjectTable = api::get(&flags.admin_addr, OBJECTS).await?;
    for problem in &table.problems {
        eprintln!("warning: {}", printable(problem));
    }
    Ok(table)
}

async fn deliveries(flags: &GetFlags) -> Result<DeliveryList> {
    let dead = flags.what == What::Dead;
    let provider = flags.provider.as_ref().map(|key| format!("&provider={key}")).unwrap_or_default();
    let namespace = flags.namespace.as_ref().map(|name| format!("&namespace={name}")).unwrap_or_default();
    let query = format!("{DELIVERIES}?dead={dead}&limit={}{provider}{namespace}", flags.limit);
    api::get(&flags.admin_addr, &query).await
}

fn ready(conditions: &[Condition], kind: &str) -> (String, String) {
    conditions.iter().find(|condition| condition.kind == kind).map_or_else(
        || ("Unknown".to_owned(), String::new()),
        |found| (found.status.to_string(), found.message.to_string()),
    )
}

/// The columns of `kubectl get receivers`, the last request, and with `-o wide` its reason and the counts. The path is left out:
/// whoever knows it can call.
fn receivers(form: GetForm, rows: &[ReceiverRow], now: Timestamp) -> Table {
    let wide = form == GetForm::Wide;
    let cells = rows.iter().map(|receiver| {
        let row = &receiver.object;
        let (status, message) = ready(&row.conditions, "Ready");
        let message = if status == "True" { INITIALIZED.to_owned() } else { message };
        let message = if row.suspended { format!("{message} (suspended)") } else { message };
        let last = receiver.last_webhook.as_ref();
        let when = |last: &WebhookRow| format!("{} {} ago", last.verdict, since(last.time, now));
        let webhook = last.map_or_else(|| "none".to_owned(), when);
        let name = [row.namespace.clone(), row.name.clone(), receiver.type_name.clone()];
        let more = [
            last.map(|last| last.reason.clone()).unwrap_or_default(),
            last.map(|last| last.resources.to_string()).unwrap_or_default(),
            receiver.accepted.to_string(),
            receiver.postponed.to_string(),
            receiver.refused.to_string(),
            receiver.failed.to_string(),
            receiver.waiting.to_string(),
            receiver.expired.to_string(),
        ];
        let more = more.into_iter().filter(|_| wide);
        let first = name.into_iter().chain([status, message, webhook]);
        first.chain(more).chain([since(row.since, now)]).collect()
    });
    let first = ["NAMESPACE", "NAME", "TYPE", "READY", "STATUS", "LAST WEBHOOK"];
    let more = ["REASON", "RESOURCES", "ACCEPTED", "POSTPONED", "REFUSED", "FAILED", "WAITING", "EXPIRED"]
        .into_iter()
        .filter(|_| wide);
    Table {
        header: first.into_iter().chain(more).chain(["AGE"]).collect(),
        rows: cells.collect(),
        cut: "STATUS",
    }
}

/// The columns of `kubectl get alerts`, and of its `-o wide`.
fn alerts(form: GetForm, rows: &[AlertRow], now: Timestamp) -> Table {
    let wide = form == GetForm::Wide;
    let cells = rows.iter().map(|AlertRow { object: row, provider }| {
        let (status, message) = ready(&row.conditions, "Ready");
        let message = if row.suspended { format!("{message} (suspended)") } else { message };
        let first = [row.namespace.clone(), row.name.clone(), status, message];
        let more = [
            provider.clone(),
            last_delivery(row, now),
            row.pending.to_string(),
            row.dead_letters.to_string(),
        ];
        let more = more.into_iter().filter(|_| wide);
        first.into_iter().chain(more).chain([since(row.since, now)]).collect()
    });
    let more = ["PROVIDER", "LAST DELIVERY", "PENDING", "DEAD"].into_iter().filter(|_| wide);
    let header = ["NAMESPACE", "NAME", "READY", "STATUS"].into_iter().chain(more).chain(["AGE"]);
    Table { header: header.collect(), rows: cells.collect(), cut: "STATUS" }
}

/// The columns of `kubectl get providers`, and of its `-o wide`.
fn providers(form: GetForm, rows: &[ProviderRow], now: Timestamp) -> Table {
    let wide = form == GetForm::Wide;
    let cells = rows.iter().map(|ProviderRow { object: row, type_name }| {
        let (status, message) = ready(&row.conditions, "Ready");
        let (delivering, why) = ready(&row.conditions, "Delivering");
        let message = if status == "True" && delivering == "False" { why } else { message };
        let message = if row.suspended { format!("{message} (suspended)") } else { message };
        let first = [row.namespace.clone(), row.name.clone(), type_name.clone(), status, delivering, message];
        let more = [last_delivery(row, now), row.pending.to_string(), row.dead_letters.to_string()];
        let more = more.into_iter().filter(|_| wide);
        first.into_iter().chain(more).chain([since(row.since, now)]).collect()
    });
    let first = ["NAMESPACE", "NAME", "TYPE", "READY", "DELIVERING", "STATUS"];
    let more = ["LAST DELIVERY", "PENDING", "DEAD"].into_iter().filter(|_| wide);
    Table {
        header: first.into_iter().chain(more).chain(["AGE"]).collect(),
        rows: cells.collect(),
        cut: "STATUS",
    }
}

fn last_delivery(row: &ObjectRow, now: Timestamp) -> String {
    row.last_delivery.map_or_else(|| "never".to_owned(), |at| since(at, now) + " ago")
}

/// A delivery that was not tried yet waits for its Provider, if that does not deliver: then it is `held`, with the reason.
fn delivery_table(rows: &[DeliveryView], held: &BTreeMap<String, String>, now: Timestamp) -> Table {
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
        vec!["ID", "STATE", "PROVIDER", "ALERT", "OBJECT", "REASON", "ATTEMPTS", "NEXT", "AGE", "LAST ERROR"];
    Table { header, rows: cells.collect(), cut: "LAST ERROR" }
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
