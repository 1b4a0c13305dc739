//! `googlechat`: a card in a space of Google Chat, through an incoming webhook (contract, providers 23.7).
//!
//! The payload is the contract's, with its FIX: what is HTML in foreign text is escaped where Chat would read it. A
//! header is plain text there and stays as it is.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use campanile_domain::{Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::judgement::told;
use crate::refusal::{Refusal, judge_with};
use crate::render::markup::{html, plain};
use crate::render::{FactEntry, MessageBody, MessageLimits, Style, json_bytes, or_blank};
use crate::sample::{Limit, Markup, Measure, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// A message with its cards, in bytes (API reference, `spaces.messages.create`: 32,000 bytes,
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>).
const LONGEST_MESSAGE: usize = 32_000;

/// What is in it beside the texts, the ends of a `font` included.
const FRAME: usize = 400;

/// Longest title or subtitle, in bytes. An object's name has half of it.
const HEADING: usize = 1_000;

/// Widgets of a section (Apps Script reference of the same cards, `CardSection.addWidget`: no more than 100,
/// <https://developers.google.com/apps-script/reference/card-service/card-section>).
const WIDGETS: usize = 100;

const LIMITS: MessageLimits = MessageLimits {
    total: LONGEST_MESSAGE - FRAME - 2 * HEADING,
    text: LONGEST_MESSAGE - FRAME - 2 * HEADING,
    share: 12_000,
    count: WIDGETS - 1,
    key: 300,
    value: 4_000,
    overhead: 130,
};

const STYLE: Style = Style { escape: html, width: json_bytes };
const PLAIN: Style = Style { escape: plain, width: json_bytes };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Google Chat hook URL")?;
    Ok(Box::new(GoogleChat { target: WebhookTarget { url, judge, masker: settings.masker.clone() } }))
}

struct GoogleChat {
    target: WebhookTarget,
}

impl Provider for GoogleChat {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.target.post(json_headers(0), json_body(&Message::of(notification))?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

/// Reasons of a 403 that is a rate limit (Google Workspace, "Resolve errors", usage limits).
const RATE_LIMITS: [&str; 4] =
    ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"];

const MODEL: &str = "[Google APIs, error model](https://google.aip.dev/193), and its `ErrorReason`; of Chat's webhooks none was found";

/// What is about the webhook and not about the message.
const REFUSALS: &[Refusal] = &[
    Refusal::means(FailureClass::Credentials, "the webhook's key is not valid; renew the address", MODEL)
        .on(400)
        .says(&["API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED"]),
    Refusal::means(
        FailureClass::Credentials,
        "the address has no valid key or token; copy the whole address of the webhook again",
        MODEL,
    )
    .at("/error/status", &["UNAUTHENTICATED"]),
    Refusal::means(
        FailureClass::Credentials,
        "the webhook may not write to the space; make a new one there and put its address into the Secret",
        MODEL,
    )
    .at("/error/status", &["PERMISSION_DENIED"]),
    Refusal::means(
        FailureClass::Gone,
        "the space or the webhook is not there; make a new webhook and put its address into the Secret",
        MODEL,
    )
    .at("/error/status", &["NOT_FOUND"]),
];

/// As everywhere, but words about the webhook count, and an old form of rate limit comes as 403.
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    if response.status == 403 && has_reason(response, &RATE_LIMITS) {
        return told(FailureClass::Throttled, "too many requests", response, now, masker);
    }
    judge_with(REFUSALS, response, now, masker)
}

/// Google's error model (AIP-193), in its new and its old form.
#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    error: Error,
}

#[derive(Default, Deserialize)]
struct Error {
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Detail>,
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    reason: String,
}

fn has_reason(response: &Response, reasons: &[&str]) -> bool {
    let Answer { error } = serde_json::from_slice(&response.body).unwrap_or_default();
    let is_exhausted = response.status == 403 && error.status == "RESOURCE_EXHAUSTED";
    let mut details = error.details.iter().chain(&error.errors);
    is_exhausted || details.any(|detail| reasons.contains(&detail.reason.as_str()))
}

#[derive(Serialize)]
struct Message<'a> {
    cards: [Card<'a>; 1],
}

#[derive(Serialize)]
struct Card<'a> {
    header: Header<'a>,
    sections: Vec<Section<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    title: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    subtitle: Cow<'a, str>,
    image_url: Option<()>,
    image_style: Option<()>,
}

#[derive(Serialize)]
struct Section<'a> {
    header: &'static str,
    widgets: Vec<Widget<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Widget<'a> {
    text_paragraph: Option<TextParagraph<'a>>,
    key_value: Option<KeyValue<'a>>,
}

#[derive(Serialize)]
struct TextParagraph<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyValue<'a> {
    top_label: Cow<'a, str>,
    content: Cow<'a, str>,
    content_multiline: bool,
    bottom_label: Option<()>,
    icon: Option<()>,
}

impl<'a> Message<'a> {
    fn of(notification: &'a Notification<'_>) -> Self {
        let header = Header {
            title: PLAIN.title(notification, HEADING),
            subtitle: PLAIN.fit(notification.controller(), HEADING),
            image_url: None,
            image_style: None,
        };
        let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &LIMITS);
        let has_text = !text.is_empty();
        let text = or_blank(text);
        let text = if notification.is_error() {
            Cow::Owned(format!("<font color=\"#ff0000\">{text}</font>"))
        } else {
            text
        };
        // Chat wants a section at least, and no empty text in it.
        let mut sections = Vec::with_capacity(2);
        if has_text || entries.is_empty() {
            sections.push(Section::of(vec![Widget::paragraph(text)]));
        }
        if !entries.is_empty() {
            sections.push(Section::of(entries.into_iter().map(Widget::entry).collect()));
        }
        Self { cards: [Card { header, sections }] }
    }
}

impl<'a> Section<'a> {
    fn of(widgets: Vec<Widget<'a>>) -> Self {
        Self { header: "", widgets }
    }
}

impl<'a> Widget<'a> {
    fn paragraph(text: Cow<'a, str>) -> Self {
        Self { text_paragraph: Some(TextParagraph { text }), key_value: None }
    }

    fn entry((key, value): FactEntry<'a>) -> Self {
        let key_value = KeyValue {
            top_label: or_blank(key),
            content: or_blank(value),
            content_multiline: false,
            bottom_label: None,
            icon: None,
        };
        Self { text_paragraph: None, key_value: Some(key_value) }
    }
}

const CHAT: &str = "[`spaces.messages.create`](https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create)";
const CARDS: &str = "[`CardSection.addWidget`](https://developers.google.com/apps-script/reference/card-service/card-section)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/cards/0/header"],
    refusals: REFUSALS,
    may_be_empty: &["/cards/*/sections/*/header"],
    ..Sample::webhook(
        Markup::Forbids(&["<users/", "<a href", "<!"]),
        &[
            Limit::body("message with its card", 32_000, CHAT),
            Limit::of(
                "widgets of a section",
                Measure::MostItems("/cards/0/sections", "widgets"),
                100,
                "",
                CARDS,
            ),
        ],
    )
};
