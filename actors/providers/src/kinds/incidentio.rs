//! `incident.io`: an alert event of incident.io (contract, providers 23.24).
//!
//! An error fires, anything else resolves; the object's uid is the key of both, so a repeated delivery changes nothing.
//! Events of reason `Progressing` are skipped. The description is Markdown there, so Markdown in the message is escaped.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use campanile_domain::{Delivery, Failure};
use serde::Serialize;

use crate::authorization::{self, token};
use crate::commit_status::{PROGRESSING, Skip};
use crate::render::cut::markup::{markdown, plain};
use crate::render::cut::{Limits, Style, characters};
use crate::sample::{CHOSEN, KeyPlace, KeyScope, Limit, Markup, RepeatKey, Sample, Tells};
use crate::webhook::{Target, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings, judge};

/// In the documentation ("Alert Events V2", <https://api-docs.incident.io/>) no limits were found. These are our own, in
/// characters, so that one event can not fill an alert.
const TITLE: usize = 1_000;
const KEY: usize = 255;
const DESCRIPTION: usize = 40_000;
const FIELD: usize = 1_000;
const METADATA: Limits =
    Limits { total: 48_000, text: 0, share: 0, count: 100, key: 256, value: 4_000, overhead: 0 };

const MARKDOWN: Style = Style { defuse: markdown, width: characters };
const PLAIN: Style = Style { defuse: plain, width: characters };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("incident.io alert source URL")?;
    let token = token(settings, "empty incident.io API token")?;
    Ok(Box::new(IncidentIo {
        authorization: format!("Bearer {token}"),
        target: Target { url, judge, masker: settings.masker.clone() },
    }))
}

struct IncidentIo {
    target: Target,
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
    fn exchange(&self, delivery: &Delivery) -> Result<Box<dyn Exchange>, Failure> {
        if delivery.event.reason == PROGRESSING {
            return Ok(Box::new(Skip));
        }
        let mut headers = json_headers(1);
        headers.push(authorization::header(self.authorization.clone()));
        Ok(self.target.post(headers, json_body(&AlertEvent::of(delivery))?))
    }
}

impl<'a> AlertEvent<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        let event = &*delivery.event;
        let object = &event.involved_object;
        Self {
            title: PLAIN.fit_owned(format!("{}: {}", object.display_name(), event.reason), TITLE),
            status: if event.is_error() { "firing" } else { "resolved" },
            deduplication_key: PLAIN.fit(&object.uid, KEY),
            description: MARKDOWN.fit(&event.message, DESCRIPTION),
            metadata: metadata(delivery),
        }
    }
}

fn metadata(delivery: &Delivery) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let event = &*delivery.event;
    let mut metadata: BTreeMap<_, _> =
        PLAIN.entries(delivery.plan.metadata.iter(), &METADATA).into_iter().collect();
    let mut put = |key, value| metadata.insert(Cow::Borrowed(key), PLAIN.fit(value, FIELD));
    put("severity", event.severity.as_str());
    put("reason", &event.reason);
    if !event.reporting_controller.is_empty() {
        put("reportingController", &event.reporting_controller);
    }
    metadata
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/title", "/metadata"],
    tells: Tells::Incidents,
    key: Some(RepeatKey { place: KeyPlace::Body("/deduplication_key"), scope: KeyScope::Incident }),
    ..Sample::webhook(
        Markup::Forbids(&["](https:", " <a href"]),
        &[Limit::text("description", "/description", 40_000, CHOSEN)],
    )
};
