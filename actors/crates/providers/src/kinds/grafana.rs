//! `grafana`: an annotation of Grafana (contract, providers 23.17).
//!
//! The payload is the contract's. Its FIX is taken: the time is sent in the field that Grafana reads too, so that an
//! annotation that could only be delivered late stands where it belongs. Tags are cut to what Grafana's database takes.

#[cfg(test)]
mod tests;

use campanile_domain::{Failure, Notification};
use serde::Serialize;

use crate::authorization::{self, bearer, pair};
use crate::render::markup::{html, plain};
use crate::render::{MarkupContext, MessageLimits, Style, bytes, json_bytes};
use crate::sample::{Limit, Markup, Measure, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings, judge};

/// All tags of an annotation as a list in JSON, in bytes (Grafana, "Configure Grafana", `[annotations] tags_length`: 500 as
/// it is shipped, 4,096 at most,
/// <https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/#tags_length>).
const TAGS: usize = 500;

/// What stands around a tag in that list.
const AROUND_TAG: usize = "\"\",".len();

/// A tag's key and its value, in characters. Not in the documentation: these are the columns of Grafana's table of tags
/// (`tag_mig.go`), which
/// MySQL and PostgreSQL hold to.
const COLUMN: usize = 100;

/// Longest kind and namespace, in bytes.
const SHORT: usize = 64;

/// Longest text, in bytes: two names of Kubernetes and a kind.
const TEXT: usize = 700;

/// Text is shown as HTML.
const HTML: Style = Style { escape: html, width: bytes };
const PLAIN: Style = Style { escape: plain, width: json_bytes };
/// The first colon parts key and value.
const TAG: Style = Style { escape: without_colons, width: json_bytes };

fn without_colons(position: &MarkupContext<'_>) -> Option<&'static str> {
    (position.c == ':').then_some("|")
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Grafana URL")?;
    let token = bearer(settings)?;
    Ok(Box::new(Grafana {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        authorization: token.or_else(|| pair(settings)),
    }))
}

struct Grafana {
    target: WebhookTarget,
    authorization: Option<String>,
}

#[derive(Serialize)]
struct Annotation {
    /// In seconds; Grafana does not read it.
    when: i64,
    text: String,
    tags: Vec<String>,
    /// The time since the epoch, in milliseconds.
    time: i64,
}

impl Provider for Grafana {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let mut headers = json_headers(1);
        headers.extend(self.authorization.clone().map(authorization::header));
        let time = notification.happened_at();
        let annotation = Annotation {
            when: time.as_second(),
            text: HTML.title(notification, TEXT),
            tags: tags(notification),
            time: time.as_millisecond(),
        };
        Ok(self.target.post(headers, json_body(&annotation)?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

fn tags(notification: &Notification<'_>) -> Vec<String> {
    let object = notification.object();
    let mut tags = vec!["flux".to_owned(), PLAIN.fit(notification.controller(), COLUMN).into_owned()];
    let last = [
        format!("kind: {}", PLAIN.fit(&object.kind, SHORT)),
        format!("name: {}", PLAIN.fit(&object.name, COLUMN)),
        format!("namespace: {}", PLAIN.fit(&object.namespace, SHORT)),
    ];
    let own: usize = tags.iter().chain(&last).map(|tag| PLAIN.measure(tag) + AROUND_TAG).sum();
    let limits = MessageLimits {
        total: TAGS - "[]".len() - own,
        text: 0,
        share: 0,
        count: 100,
        key: COLUMN,
        value: COLUMN,
        overhead: ": ".len() + AROUND_TAG,
    };
    let entries = TAG.entries(notification.facts(), &limits);
    tags.extend(entries.into_iter().map(|(key, value)| format!("{key}: {value}")));
    tags.extend(last);
    tags.retain(|tag| !tag.is_empty());
    tags
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    says_cut: false,
    ..Sample::webhook(
        Markup::Plain,
        &[Limit::of(
            "tags",
            Measure::Json("/tags"),
            500,
            "bytes",
            "[Configure Grafana, `tags_length`](https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/#tags_length)",
        )],
    )
};
