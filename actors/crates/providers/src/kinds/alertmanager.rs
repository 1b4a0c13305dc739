//! `alertmanager`: a firing alert of Prometheus' Alertmanager (contract, providers 23.16).
//!
//! The payload is the contract's. Alertmanager tells alerts apart by their labels, and no label has a time, so a repeated
//! delivery is the same alert. Versions before 0.27 refuse an alert for a label such as `app-version`; they are sent it
//! once more as `app_version`. Alertmanager sets no limits; those here are our own, so that one event cannot fill its notifications.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use campanile_domain::{Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::Serialize;

use crate::authorization::{self, bearer, pair};
use crate::exchange::second_try::SecondTry;
use crate::refusal::{Refusal, beginning, contains, judge_with};
use crate::render::markup::plain;
use crate::render::{MessageLimits, Style, characters, event_time, with_plain_keys};
use crate::sample::{CHOSEN, KeyPlace, KeyScope, Limit, LoginForm, Markup, RepeatKey, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// Longest message, in characters: what senders keep to (contract, providers 24). Alertmanager's documentation ("Alerts
/// API", <https://prometheus.io/docs/alerting/latest/alerts_api/>) has no limits.
const MESSAGE: usize = 40_000;

/// Longest value of a label or annotation beside the message, in characters.
const VALUE: usize = 4_000;

const LABELS: MessageLimits =
    MessageLimits { total: 48_000, text: 0, share: 0, count: 100, key: 256, value: VALUE, overhead: 0 };

/// The metadata that becomes an annotation.
const SUMMARY: &str = "summary";

/// What Alertmanager takes for no time: `resolve_timeout` ends the alert.
const UNSET: &str = "0001-01-01T00:00:00Z";

const STYLE: Style = Style { escape: plain, width: characters };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Alertmanager URL")?;
    if url.parts().1.trim_end_matches('/').is_empty() {
        let problem =
            "the Alertmanager URL has no path, and there is no API at its root; alerts go to /api/v2/alerts/";
        return Err(ConfigError::Setting { problem, place: settings.address.source().clone() });
    }
    let token = bearer(settings)?;
    Ok(Box::new(Alertmanager {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        authorization: pair(settings).or(token),
    }))
}

struct Alertmanager {
    target: WebhookTarget,
    authorization: Option<String>,
}

type Pairs<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: &'static str,
    labels: Pairs<'a>,
    annotations: Pairs<'a>,
    starts_at: String,
    ends_at: &'static str,
}

impl Provider for Alertmanager {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let labels = labels(notification);
        if labels.keys().all(|label| is_plain_name(label)) {
            return Ok(self.post(json_body(&[alert(notification, labels)])?));
        }
        let plain = labels.iter().map(|(label, value)| (plain_name(label).into(), value.clone())).collect();
        let plain = self.post(json_body(&[alert(notification, plain)])?);
        let as_is = self.post(json_body(&[alert(notification, labels)])?);
        Ok(SecondTry::boxed(as_is, plain, refuses_a_label))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

impl Alertmanager {
    fn post(&self, body: Bytes) -> Box<dyn Exchange> {
        let mut headers = json_headers(1);
        headers.extend(self.authorization.clone().map(authorization::header));
        self.target.post(headers, body)
    }
}

fn alert<'a>(notification: &'a Notification<'_>, labels: Pairs<'a>) -> Alert<'a> {
    Alert {
        status: "firing",
        labels,
        annotations: annotations(notification),
        starts_at: event_time::rfc3339(notification),
        ends_at: UNSET,
    }
}

/// Whether every version takes this name of a label (Prometheus, "Data model", before UTF-8 was allowed).
fn is_plain_name(label: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    label.starts_with(is_letter) && label.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// The name that comes nearest to `label` and that every version takes.
fn plain_name(label: &str) -> String {
    let allowed = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let name: String = allowed.collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn labels<'a>(notification: &'a Notification<'_>) -> Pairs<'a> {
    let object = notification.object();
    // Alertmanager refuses an alert with a nameless label.
    let shown = notification.facts().filter(|fact| fact.key != SUMMARY && !fact.key.is_empty());
    let mut labels: Pairs<'_> = with_plain_keys(STYLE.entries(shown, &LABELS)).into_iter().collect();
    let name = format!("Flux{}{}", object.kind, title_case(notification.reason()));
    labels.insert(Cow::Borrowed("alertname"), Cow::Owned(STYLE.fit_owned(name, VALUE)));
    let own: [(&str, &str); 6] = [
        ("severity", notification.severity().as_str()),
        ("reason", notification.reason()),
        ("kind", &object.kind),
        ("name", &object.name),
        ("namespace", &object.namespace),
        ("reportingcontroller", notification.controller()),
    ];
    labels.extend(own.map(|(label, value)| (Cow::Borrowed(label), STYLE.fit(value, VALUE))));
    labels
}

fn annotations<'a>(notification: &'a Notification<'_>) -> Pairs<'a> {
    let message = STYLE.fit(notification.text(), MESSAGE);
    let summary = notification.fact(SUMMARY).map(|summary| STYLE.fit(summary, VALUE));
    let summary = summary.map(|summary| (Cow::Borrowed(SUMMARY), summary));
    [(Cow::Borrowed("message"), message)].into_iter().chain(summary).collect()
}

/// Whether the name of a label was refused: `"app-version" is not a valid label name`, `invalid label set …`. Receivers that speak
/// Alertmanager's API say so with other statuses too.
fn refuses_a_label(response: &Response) -> bool {
    matches!(response.status, 400 | 422 | 500) && contains(beginning(response), "label")
}

/// What is about the path: versions before 0.27 answer 410 for that of the first API.
const REFUSALS: &[Refusal] = &[
    Refusal::means(FailureClass::Gone, NO_API, ALERTS_API).on(404),
    Refusal::means(FailureClass::Gone, NO_API, ALERTS_API).on(405),
    Refusal::means(FailureClass::Gone, NO_API, ALERTS_API).on(410),
];

const NO_API: &str = "there is no API for alerts at this path; the address should end with /api/v2/alerts/";
const ALERTS_API: &str = "[Alerts API](https://prometheus.io/docs/alerting/latest/alerts_api/), for the path; for the statuses not found";

/// As everywhere, but where there is no API the path is wrong.
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge_with(REFUSALS, response, now, masker)
}

/// `reason` with the first cased letter of each word in upper case and all others in lower case. Letters, digits and
/// underscores belong to a word, and so do `.`, `:` and `'` between letters.
fn title_case(reason: &str) -> String {
    let mut titled = String::with_capacity(reason.len());
    let mut has_capital = false;
    let mut previous: Option<char> = None;
    let mut characters = reason.chars().peekable();
    while let Some(c) = characters.next() {
        let joins = matches!(c, '.' | ':' | '\'')
            && previous.is_some_and(char::is_alphabetic)
            && characters.peek().is_some_and(|next| next.is_alphabetic());
        let is_cased = c.is_lowercase() || c.is_uppercase();
        if is_cased && !has_capital {
            titled.extend(c.to_uppercase());
            has_capital = true;
        } else {
            titled.extend(c.to_lowercase());
        }
        has_capital &= c.is_alphanumeric() || c == '_' || joins;
        previous = Some(c);
    }
    titled
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    logins: &[LoginForm::Pair],
    refusals: REFUSALS,
    may_be_empty: &["/*/labels", "/*/annotations"],
    key: Some(RepeatKey { place: KeyPlace::Body("/0/labels"), scope: KeyScope::Object }),
    ..Sample::webhook(Markup::Plain, &[Limit::text("message", "/0/annotations/message", 40_000, CHOSEN)])
};
