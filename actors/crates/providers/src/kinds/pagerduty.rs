//! `pagerduty`: an event of PagerDuty, and a change event for what is no error (contract, providers 23.18).
//!
//! An error triggers an incident, anything else resolves it; the object's uid is the key of both, so a repeated delivery
//! changes nothing. Of an info event PagerDuty is told once more as a change, after the resolving was accepted. Events of
//! reason `Progressing` are skipped. The routing key is `spec.channel`, and kept out of texts like a secret.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{
    Failure, FailureClass, Masker, Notification, Response, Severity, Verdict, status_name,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::commit_status::Skip;
use crate::refusal::{Refusal, judge_with};
use crate::render::markup::plain;
use crate::render::{MessageLimits, Style, characters, event_time, json_bytes};
use crate::sample::{KeyPlace, KeyScope, Limit, Markup, RepeatKey, Sample, Tells};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings, Step};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let address = settings.address.hook_url("PagerDuty endpoint URL")?;
    if settings.channel.trim().is_empty() {
        return Err(ConfigError::NoChannel("empty PagerDuty routing key, which every event needs"));
    }
    let masker = Arc::new(settings.masker.with([&settings.channel]));
    let target = |path| WebhookTarget {
        url: address.without_login().moved(path, None),
        judge,
        masker: masker.clone(),
    };
    Ok(Box::new(PagerDuty {
        events: target("/v2/enqueue"),
        changes: target("/v2/change/enqueue"),
        routing_key: settings.channel.clone(),
    }))
}

struct PagerDuty {
    events: WebhookTarget,
    changes: WebhookTarget,
    routing_key: String,
}

impl PagerDuty {
    fn post(target: &WebhookTarget, body: Bytes) -> Box<dyn Exchange> {
        target.post(json_headers(0), body)
    }

    fn change(&self, notification: &Notification<'_>) -> Result<Option<Box<dyn Exchange>>, Failure> {
        if *notification.severity() != Severity::Info {
            return Ok(None);
        }
        let body = json_body(&Change::of(&self.routing_key, notification))?;
        Ok(Some(Self::post(&self.changes, body)))
    }
}

impl Provider for PagerDuty {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        if notification.is_progress() {
            return Ok(Box::new(Skip));
        }
        let body = json_body(&Event::of(&self.routing_key, notification))?;
        Ok(Box::new(Sending {
            post: Self::post(&self.events, body),
            change: self.change(notification)?,
            doing: "failed sending event",
        }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.routing_key.clone()]
    }

    fn reads_success(&self) -> bool {
        false
    }
}

/// Posts an event, and when that has arrived a change.
struct Sending {
    post: Box<dyn Exchange>,
    change: Option<Box<dyn Exchange>>,
    /// The word for the step in failures.
    doing: &'static str,
}

impl Exchange for Sending {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        let step = self.post.next(response, now);
        let has_arrived = step == Step::Done(Verdict::Delivered);
        if let Some(change) = self.change.take_if(|_| has_arrived) {
            self.post = change;
            self.doing = "failed sending change event";
            return self.post.next(None, now);
        }
        match step {
            Step::Done(Verdict::Failed(failure)) => Step::Done(Verdict::Failed(self.named(&failure))),
            Step::Done(Verdict::RetryAfter(pause, failure)) => {
                Step::Done(Verdict::RetryAfter(pause, self.named(&failure)))
            }
            step => step,
        }
    }
}

impl Sending {
    fn named(&self, failure: &Failure) -> Failure {
        Failure::new(failure.class, format!("{}: {failure}", self.doing))
    }
}

/// What is about the routing key and not about the event.
const REFUSALS: &[Refusal] = &[Refusal::means(
    FailureClass::Credentials,
    "no integration has this routing key; correct spec.channel",
    "[Send an Alert Event](https://developer.pagerduty.com/docs/events-api-v2/trigger-events/), for the form; for the words not found",
)
.on(400)
.says(&["routing_key", "routing key", "invalid key", "integration key"])];

/// As everywhere, but a 400 about the routing key is not the fault of the event.
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge_with(REFUSALS, response, now, masker)
}

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

const METADATA: MessageLimits =
    MessageLimits { total: 200_000, text: 0, share: 0, count: 500, key: 1_000, value: 40_000, overhead: 6 };

const STYLE: Style = Style { escape: plain, width: characters };
const SIZED: Style = Style { escape: plain, width: json_bytes };

/// An event that opens or closes an incident.
#[derive(Serialize)]
struct Event<'a> {
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

/// A change event, which opens no incident.
#[derive(Serialize)]
struct Change<'a> {
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
    fn of(routing_key: &'a str, notification: &'a Notification<'_>) -> Self {
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
    fn of(routing_key: &'a str, notification: &'a Notification<'_>) -> Self {
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

const TRIGGER: &str =
    "[Send an Alert Event](https://developer.pagerduty.com/docs/events-api-v2/trigger-events/)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "{scheme}://{host}/v2/enqueue",
    channel: "R0UT1NGK3Y",
    has_secret_channel: true,
    refusals: REFUSALS,
    may_be_empty: &["/payload/custom_details"],
    tells: Tells::IncidentsAndChanges,
    key: Some(RepeatKey { place: KeyPlace::Body("/dedup_key"), scope: KeyScope::Incident }),
    ..Sample::webhook(
        Markup::Plain,
        &[
            Limit::text("summary", "/payload/summary", 1_024, TRIGGER),
            Limit::text("key", "/dedup_key", 255, TRIGGER),
            Limit::body(
                "event",
                512_000,
                "[Events API v2 Overview, Size Limits](https://developer.pagerduty.com/docs/events-api-v2/overview/#size-limits)",
            ),
        ],
    )
};
