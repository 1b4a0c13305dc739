//! `datadog`: an event of Datadog (contract, providers 23.19).
//!
//! The payload is the contract's within Datadog's limits. Its FIX is taken: an address without scheme or host is refused.
//! Retrying is as everywhere. What foreign text brings along as a mention or the fence of Markdown is broken by a zero-width
//! space.

mod answer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use campanile_domain::{Delivery, Event, Failure};
use serde::Serialize;

use super::login::token;
use super::moment;
use super::webhook::{Target, json_body, json_headers};
use crate::cut::markup::plain;
use crate::cut::{Limits, Spot, Style, characters};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The longest title and text, in characters (API v1, "Post an event").
const TITLE: usize = 100;
const TEXT: usize = 4_000;
/// The longest tag, in characters (Datadog, "Getting started with tags").
const TAG: usize = 200;

/// Tags that are made of metadata; 100 are recommended in all.
const IN_TAGS: Limits =
    Limits { total: 95 * 2 * TAG, text: 0, share: 0, count: 95, key: TAG, value: TAG, overhead: 0 };

const STYLE: Style = Style { defuse, width: characters };
const PLAIN: Style = Style { defuse: plain, width: characters };

/// Mentions notify people; `%%%` begins Markdown (Datadog, "Events").
fn defuse(spot: &Spot<'_>) -> Option<&'static str> {
    match spot.c {
        '@' if !spot.previous().is_some_and(char::is_alphanumeric) && spot.next_is(char::is_alphanumeric) => {
            Some("@\u{200b}")
        }
        '%' if spot.after.starts_with("%%") => Some("%\u{200b}"),
        _ => None,
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let key = token(settings, "token cannot be empty")?.to_owned();
    let url = settings.address.hook_url("Datadog address")?.without_login().moved("/api/v1/events", None);
    Ok(Box::new(Datadog {
        target: Target { url, judge: answer::judge, masker: settings.masker.clone() },
        key,
    }))
}

struct Datadog {
    target: Target,
    key: String,
}

/// Fields in the order of the reference: that of the alphabet.
#[derive(Serialize)]
struct Posted<'a> {
    alert_type: &'static str,
    /// In seconds.
    date_happened: i64,
    source_type_name: &'static str,
    tags: Vec<String>,
    text: Cow<'a, str>,
    title: String,
}

impl Provider for Datadog {
    fn exchange(&self, delivery: &Delivery) -> Result<Box<dyn Exchange>, Failure> {
        let event = &*delivery.event;
        let mut headers = json_headers(2);
        headers.push(("Accept".to_owned(), "application/json".to_owned()));
        headers.push(("DD-API-KEY".to_owned(), self.key.clone()));
        let posted = Posted {
            alert_type: if event.is_error() { "error" } else { "info" },
            date_happened: moment::of(delivery).as_second(),
            source_type_name: "fluxcd",
            tags: tags(delivery),
            text: STYLE.fit(&event.message, TEXT),
            title: title(event),
        };
        Ok(self.target.post(headers, json_body(&posted)?))
    }
}

fn title(event: &Event) -> String {
    let object = &event.involved_object;
    let text = format!("Events from the {} {}/{}", object.kind, object.name, object.namespace);
    STYLE.fit_owned(text, TITLE)
}

fn tags(delivery: &Delivery) -> Vec<String> {
    let event = &*delivery.event;
    let object = &event.involved_object;
    let own = [
        ("flux_reporting_controller", &event.reporting_controller),
        ("flux_reason", &event.reason),
        ("kube_kind", &object.kind),
        ("kube_name", &object.name),
        ("kube_namespace", &object.namespace),
    ];
    let own = own.into_iter().map(|(key, value)| tag(key, value));
    let entries = PLAIN.entries(delivery.plan.metadata.iter(), &IN_TAGS);
    own.chain(entries.iter().map(|(key, value)| tag(key, value))).collect()
}

fn tag(key: &str, value: &str) -> String {
    PLAIN.fit_owned(format!("{key}:{value}").to_lowercase(), TAG)
}
