//! Events and change events of the Events API v2, in the order of the contract's examples.

use std::borrow::Cow;
use std::collections::BTreeMap;

use campanile_domain::{Notification, status_name};
use serde::Serialize;

use crate::render::event_time;
use crate::render::markup::plain;
use crate::render::{Limits, Style, characters, json_bytes};

/// The longest summary, in characters (API reference, "Send an event to PagerDuty", `payload.summary`,
/// <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>; of change events the same).
const SUMMARY: usize = 1024;
/// The longest key of an alert, in characters (the same reference, `dedup_key`).
const KEY: usize = 255;
/// Longest source, component and group, in characters. None was found in the documentation; this is ours.
const FIELD: usize = 1024;
/// The longest message, in bytes. With the metadata it stays below the 512 KB of an event ("Events API v2 Overview", size
/// limits, <https://developer.pagerduty.com/docs/events-api-v2/overview/#size-limits>).
const MESSAGE: usize = 256_000;

const METADATA: Limits =
    Limits { total: 200_000, text: 0, share: 0, count: 500, key: 1_000, value: 40_000, overhead: 6 };

const STYLE: Style = Style { escape: plain, width: characters };
const SIZED: Style = Style { escape: plain, width: json_bytes };

/// What opens or closes an incident.
#[derive(Serialize)]
pub(super) struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    dedup_key: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: String,
    severity: &'static str,
    timestamp: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    component: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: Cow<'a, str>,
    custom_details: Details<'a>,
}

/// What is told of a change.
#[derive(Serialize)]
pub(super) struct Change<'a> {
    routing_key: &'a str,
    payload: ChangePayload<'a>,
}

#[derive(Serialize)]
struct ChangePayload<'a> {
    summary: String,
    source: String,
    timestamp: String,
    custom_details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    message: Cow<'a, str>,
    metadata: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl<'a> Event<'a> {
    pub(super) fn of(routing_key: &'a str, notification: &'a Notification<'_>) -> Self {
        let is_error = notification.is_error();
        Self {
            routing_key,
            event_action: if is_error { "trigger" } else { "resolve" },
            dedup_key: STYLE.fit(&notification.object().uid, KEY),
            payload: is_error.then(|| Payload::of(notification)),
        }
    }
}

impl<'a> Payload<'a> {
    fn of(notification: &'a Notification<'_>) -> Self {
        let object = notification.object();
        Self {
            summary: summary(notification),
            source: source(notification),
            severity: "error",
            timestamp: event_time::rfc3339(notification),
            component: STYLE.fit(&object.name, FIELD),
            group: STYLE.fit(&object.kind, FIELD),
            custom_details: Details::of(notification),
        }
    }
}

impl<'a> Change<'a> {
    pub(super) fn of(routing_key: &'a str, notification: &'a Notification<'_>) -> Self {
        let payload = ChangePayload {
            summary: summary(notification),
            source: source(notification),
            timestamp: event_time::rfc3339(notification),
            custom_details: Details::of(notification),
        };
        Self { routing_key, payload }
    }
}

impl<'a> Details<'a> {
    fn of(notification: &'a Notification<'_>) -> Self {
        Self {
            message: SIZED.fit(notification.text(), MESSAGE),
            metadata: SIZED.entries(notification.facts(), &METADATA).into_iter().collect(),
        }
    }
}

fn summary(notification: &Notification<'_>) -> String {
    let text = format!("{}: {}", notification.reason_in_words(), notification.title_as(status_name));
    STYLE.fit_owned(text, SUMMARY)
}

fn source(notification: &Notification<'_>) -> String {
    STYLE.fit_owned(format!("Flux {}", notification.controller()), FIELD)
}
