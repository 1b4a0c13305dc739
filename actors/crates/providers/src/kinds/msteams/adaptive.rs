//! The Adaptive Card that a webhook of Workflows takes.

use std::borrow::Cow;

use bytes::Bytes;
use campanile_domain::{Failure, Notification};
use serde::Serialize;

use super::LONGEST_NAME;
use crate::render::markup::links;
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, json_bytes, or_blank};
use crate::webhook::json_body;

/// The metadata key that comes first.
const FIRST: &str = "summary";

const STYLE: Style = Style { escape, width: json_bytes };

/// Links, mentions, and the functions for dates (Adaptive Cards, "Text features"; Teams, "Format cards").
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    let begins = |texts: &[&str]| texts.iter().any(|text| position.after.starts_with(text));
    match position.c {
        '<' if begins(&["at>", "/at>"]) => Some("<\u{200b}"),
        '{' if begins(&["{DATE(", "{TIME("]) => Some("{\u{200b}"),
        _ => links(position),
    }
}

#[derive(Serialize)]
struct Message<'a> {
    r#type: &'static str,
    attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
struct Attachment<'a> {
    #[serde(rename = "contentType")]
    content_type: &'static str,
    content: Card<'a>,
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    r#type: &'static str,
    version: &'static str,
    body: [Container<'a>; 1],
    msteams: Teams,
}

#[derive(Serialize)]
struct Teams {
    width: &'static str,
}

#[derive(Serialize)]
struct Container<'a> {
    r#type: &'static str,
    items: (TextBlock<'a>, TextBlock<'a>, FactSet<'a>),
}

#[derive(Default, Serialize)]
struct TextBlock<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'static str>,
    wrap: bool,
}

#[derive(Serialize)]
struct FactSet<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<Fact<'a>>,
}

#[derive(Serialize)]
struct Fact<'a> {
    title: Cow<'a, str>,
    value: Cow<'a, str>,
}

pub(super) fn render(notification: &Notification<'_>, limits: &MessageLimits) -> Result<Bytes, Failure> {
    let first = notification.facts().filter(|fact| fact.key == FIRST);
    let ordered = first.chain(notification.facts().filter(|fact| fact.key != FIRST));
    let MessageBody { text, entries } = STYLE.body(notification, ordered, limits);
    let name = STYLE.title(notification, LONGEST_NAME);
    let title = TextBlock { size: Some("large"), weight: Some("bolder"), ..TextBlock::of(Cow::Owned(name)) };
    let message = TextBlock { color: notification.is_error().then_some("attention"), ..TextBlock::of(text) };
    let facts = entries
        .into_iter()
        .map(|(title, value)| Fact { title: or_blank(title), value: or_blank(value) })
        .collect();
    json_body(&Message::of((title, message, FactSet { r#type: "FactSet", facts })))
}

impl<'a> Message<'a> {
    fn of(items: (TextBlock<'a>, TextBlock<'a>, FactSet<'a>)) -> Self {
        let content = Card {
            schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            r#type: "AdaptiveCard",
            version: "1.4",
            body: [Container { r#type: "Container", items }],
            msteams: Teams { width: "Full" },
        };
        let content_type = "application/vnd.microsoft.card.adaptive";
        Self { r#type: "message", attachments: [Attachment { content_type, content }] }
    }
}

impl<'a> TextBlock<'a> {
    fn of(text: Cow<'a, str>) -> Self {
        Self { r#type: "TextBlock", text, wrap: true, ..Self::default() }
    }
}
