//! `pagerduty`: an event of PagerDuty, and a change event for what is no error (contract, providers 23.18).
//!
//! An error triggers an incident, anything else resolves it; the object's uid is the key of both, so a repeated delivery
//! changes nothing. Of an info event PagerDuty is told once more as a change, after the resolving was accepted. Events of
//! reason `Progressing` are skipped. The routing key is `spec.channel`, and kept out of texts like a secret.

mod answer;
mod payload;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use campanile_domain::{Failure, Notification, Response, Severity, Verdict};
use jiff::Timestamp;

use crate::commit_status::Skip;
use crate::sample::{KeyPlace, KeyScope, Limit, Markup, RepeatKey, Sample, Tells};
use crate::webhook::{Target, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings, Step};
use payload::{Change, Event};

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let address = settings.address.hook_url("PagerDuty endpoint URL")?;
    let masker = Arc::new(settings.masker.with([&settings.channel]));
    let target = |path| Target {
        url: address.without_login().moved(path, None),
        judge: answer::judge,
        masker: masker.clone(),
    };
    Ok(Box::new(PagerDuty {
        events: target("/v2/enqueue"),
        changes: target("/v2/change/enqueue"),
        routing_key: settings.channel.clone(),
    }))
}

struct PagerDuty {
    events: Target,
    changes: Target,
    routing_key: String,
}

impl PagerDuty {
    fn post(target: &Target, body: Bytes) -> Box<dyn Exchange> {
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
}

/// Posts an event, and when that has arrived a change.
struct Sending {
    post: Box<dyn Exchange>,
    change: Option<Box<dyn Exchange>>,
    /// What failures are called.
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

const TRIGGER: &str =
    "[Send an Alert Event](https://developer.pagerduty.com/docs/events-api-v2/trigger-events/)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "{scheme}://{host}/v2/enqueue",
    channel: "R0UT1NGK3Y",
    has_secret_channel: true,
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
