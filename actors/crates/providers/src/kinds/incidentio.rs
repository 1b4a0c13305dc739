//! `incident.io`: an alert event of incident.io (contract, providers 23.24).
//!
//! An error fires, anything else resolves; the object's uid is the key of both, so a repeated delivery changes nothing.
//! Events of reason `Progressing` are skipped. The description is Markdown there, so Markdown in the message is escaped.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use campanile_domain::{Failure, Notification};
use serde::Serialize;

use crate::authorization::{self, token};
use crate::commit_status::Skip;
use crate::render::markup::{markdown, plain};
use crate::render::{MessageLimits, Style, characters};
use crate::sample::{CHOSEN, KeyPlace, KeyScope, Limit, Markup, RepeatKey, Sample, Tells};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings, judge};

/// In the documentation ("Alert Events V2", <https://api-docs.incident.io/>) no limits were found. These are our own, in
/// characters, so that one event cannot fill an alert.
const TITLE: usize = 1_000;
const KEY: usize = 255;
const DESCRIPTION: usize = 40_000;
const FIELD: usize = 1_000;
const METADATA: MessageLimits =
    MessageLimits { total: 48_000, text: 0, share: 0, count: 100, key: 256, value: 4_000, overhead: 0 };

const MARKDOWN: Style = Style { escape: markdown, width: characters };
const PLAIN: Style = Style { escape: plain, width: characters };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("incident.io alert source URL")?;
    let token = token(settings, "empty incident.io API token")?;
    Ok(Box::new(IncidentIo {
        authorization: format!("Bearer {token}"),
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
    }))
}

struct IncidentIo {
    target: WebhookTarget,
    authorization: String,
}

#[derive(Serialize)]
struct AlertEvent<'a> {
    title: String,
    status: &'static str,
    deduplication_key: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    metadata: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl Provider for IncidentIo {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        if notification.is_progress() {
            return Ok(Box::new(Skip));
        }
        let mut headers = json_headers(1);
        headers.push(authorization::header(self.authorization.clone()));
        Ok(self.target.post(headers, json_body(&AlertEvent::of(notification))?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

impl<'a> AlertEvent<'a> {
    fn of(notification: &'a Notification<'_>) -> Self {
        let title = format!("{}: {}", notification.title(), notification.reason());
        Self {
            title: PLAIN.fit_owned(title, TITLE),
            status: if notification.is_error() { "firing" } else { "resolved" },
            deduplication_key: PLAIN.fit(&notification.object().uid, KEY),
            description: MARKDOWN.fit(notification.text(), DESCRIPTION),
            metadata: metadata(notification),
        }
    }
}

fn metadata<'a>(notification: &'a Notification<'_>) -> BTreeMap<Cow<'a, str>, Cow<'a, str>> {
    let mut metadata: BTreeMap<_, _> = PLAIN.entries(notification.facts(), &METADATA).into_iter().collect();
    let mut put = |key, value| metadata.insert(Cow::Borrowed(key), PLAIN.fit(value, FIELD));
    put("severity", notification.severity().as_str());
    put("reason", notification.reason());
    if !notification.controller().is_empty() {
        put("reportingController", notification.controller());
    }
    metadata
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/title", "/metadata"],
    tells: Tells::Incidents,
    may_be_empty: &["/deduplication_key", "/metadata"],
    key: Some(RepeatKey { place: KeyPlace::Body("/deduplication_key"), scope: KeyScope::Incident }),
    ..Sample::webhook(
        Markup::Forbids(&["](https:", " <a href"]),
        &[Limit::text("description", "/description", 40_000, CHOSEN)],
    )
};
