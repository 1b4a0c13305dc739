//! `datadog`: an event of Datadog (contract, providers 23.19).
//!
//! The payload is the contract's within Datadog's limits. Its FIX is taken: an address without scheme or host is refused.
//! Retrying is as everywhere. What foreign text brings along as a mention or the fence of Markdown is broken by a zero-width
//! space.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use campanile_domain::{Failure, FailureClass, Masker, Notification, ObjectRef, Response, Verdict};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::authorization::token;
use crate::judgement::told;
use crate::refusal::{Refusal, SEEN, judge_with};
use crate::render::markup::plain;
use crate::render::{MarkupContext, MessageLimits, Style, characters, or_blank, with_plain_keys};
use crate::sample::{CHOSEN, Limit, Markup, Measure, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings, Step};

/// The longest title, in characters: the references of the libraries for API v1 have it, today's "Post an event" only says 500
/// for the API's second version.
const TITLE: usize = 100;
/// The longest text, in characters (API v1, "Post an event", `text`,
/// <https://docs.datadoghq.com/api/latest/events/#post-an-event>).
const TEXT: usize = 4_000;
/// How long after it happened an event can be posted with its time (the same page, `date_happened`).
const OLDEST: SignedDuration = SignedDuration::from_hours(18);
/// The longest tag, in characters (Datadog, "Getting Started with Tags", define tags,
/// <https://docs.datadoghq.com/getting_started/tagging/#define-tags>).
const TAG: usize = 200;

/// Tags that are made of metadata. How many an event may have was not found in the documentation: 100 in all are ours.
const IN_TAGS: MessageLimits =
    MessageLimits { total: 95 * 2 * TAG, text: 0, share: 0, count: 95, key: TAG, value: TAG, overhead: 0 };

const STYLE: Style = Style { escape, width: characters };
const PLAIN: Style = Style { escape: plain, width: characters };

/// Mentions notify people; `%%%` begins Markdown (Datadog, "Events").
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    match position.c {
        '@' if !position.previous().is_some_and(char::is_alphanumeric)
            && position.next_is(char::is_alphanumeric) =>
        {
            Some("@\u{200b}")
        }
        '%' if position.after.starts_with("%%") => Some("%\u{200b}"),
        _ => None,
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let key = token(settings, "token cannot be empty")?.to_owned();
    let url = settings.address.hook_url("Datadog address")?.without_login().moved("/api/v1/events", None);
    Ok(Box::new(Datadog { target: WebhookTarget { url, judge, masker: settings.masker.clone() }, key }))
}

struct Datadog {
    target: WebhookTarget,
    key: String,
}

/// Fields in the order of the reference: that of the alphabet.
#[derive(Serialize)]
struct Posted<'a> {
    alert_type: &'static str,
    /// In seconds; without it the event stands at the time of its arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    date_happened: Option<i64>,
    source_type_name: &'static str,
    tags: Vec<String>,
    text: Cow<'a, str>,
    title: String,
}

impl Provider for Datadog {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let happened = notification.happened_at();
        let posted = Posted::of(notification);
        let undated = self.post(json_body(&posted)?);
        let dated = Posted { date_happened: Some(happened.as_second()), ..posted };
        Ok(Box::new(Sending { post: self.post(json_body(&dated)?), undated: Some(undated), happened }))
    }
}

impl Datadog {
    fn post(&self, body: Bytes) -> Box<dyn Exchange> {
        let mut headers = json_headers(2);
        headers.push(("Accept".to_owned(), "application/json".to_owned()));
        headers.push(("DD-API-KEY".to_owned(), self.key.clone()));
        self.target.post(headers, body)
    }
}

impl<'a> Posted<'a> {
    fn of(notification: &'a Notification<'_>) -> Self {
        Self {
            alert_type: if notification.is_error() { "error" } else { "info" },
            date_happened: None,
            source_type_name: "fluxcd",
            tags: tags(notification),
            text: or_blank(STYLE.fit(notification.text(), TEXT)),
            title: title(notification),
        }
    }
}

/// Posts an event, and once more without its time if that is too long ago for Datadog.
struct Sending {
    post: Box<dyn Exchange>,
    undated: Option<Box<dyn Exchange>>,
    happened: Timestamp,
}

impl Exchange for Sending {
    fn next(&mut self, response: Option<Response>, now: Timestamp) -> Step {
        let is_too_late = now.duration_since(self.happened) > OLDEST;
        let is_refused = response.as_ref().is_some_and(|response| response.status == 400);
        if let Some(undated) = self.undated.take_if(|_| is_refused && is_too_late) {
            self.post = undated;
            return self.post.next(None, now);
        }
        self.post.next(response, now)
    }
}

fn title(notification: &Notification<'_>) -> String {
    let form =
        |object: &ObjectRef| format!("Events from the {} {}/{}", object.kind, object.name, object.namespace);
    STYLE.fit_owned(notification.title_as(form), TITLE)
}

fn tags(notification: &Notification<'_>) -> Vec<String> {
    let object = notification.object();
    let own = [
        ("flux_reporting_controller", notification.controller()),
        ("flux_reason", notification.reason()),
        ("kube_kind", &object.kind),
        ("kube_name", &object.name),
        ("kube_namespace", &object.namespace),
    ];
    let own = own.into_iter().map(|(key, value)| tag(key, value));
    let entries = with_plain_keys(PLAIN.entries(notification.facts(), &IN_TAGS));
    own.chain(entries.iter().map(|(key, value)| tag(key, value))).collect()
}

fn tag(key: &str, value: &str) -> String {
    PLAIN.fit_owned(format!("{key}:{value}").to_lowercase(), TAG)
}

/// What is about the key, and not about the event. A key that another site of Datadog made is refused like a wrong one.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Credentials,
        "the API key is not accepted here; put an API key, no application key, of this site into key 'token' of the Secret, \
         or correct the site in the address",
        SEEN,
    )
    .on(403),
    Refusal::means(
        FailureClass::Credentials,
        "the API key is not accepted; renew key 'token' of the Secret",
        SEEN,
    )
    .says(&["api key"]),
];

/// As everywhere, but words about the key count, and an answer that is neither empty nor JSON is none of Datadog's (contract, providers 23.19).
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let is_answer = response.body.is_empty() || serde_json::from_slice::<IgnoredAny>(&response.body).is_ok();
    match judge_with(REFUSALS, response, now, masker) {
        Verdict::Delivered if !is_answer => {
            let what = "but the answer is no JSON; check that the address is one of Datadog's API";
            told(FailureClass::Garbled, what, response, now, masker)
        }
        verdict => verdict,
    }
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "{scheme}://{host}/api/v1/events",
    plain_places: &["/tags"],
    refusals: REFUSALS,
    ..Sample::webhook(
        Markup::Forbids(&[" @channel", " @all", "%%%"]),
        &[
            Limit::text(
                "title",
                "/title",
                100,
                "[Datadog's libraries for API v1](https://github.com/DataDog/datadog-api-client-python), `Event.title`; the page of the API has none",
            ),
            Limit::text(
                "text",
                "/text",
                4_000,
                "[Events API, Post an event](https://docs.datadoghq.com/api/latest/events/#post-an-event)",
            ),
            Limit::of(
                "tag",
                Measure::LongestText("/tags"),
                200,
                "characters",
                "[Getting Started with Tags](https://docs.datadoghq.com/getting_started/tagging/#define-tags)",
            ),
            Limit::of("tags", Measure::Items("/tags"), 100, "", CHOSEN),
        ],
    )
};
