//! The card that an Office 365 connector takes.

use std::borrow::Cow;

use bytes::Bytes;
use campanile_domain::{Failure, Notification};
use serde::Serialize;

use super::LONGEST_NAME;
use crate::render::markup::{html, links, plain};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, json_bytes};
use crate::webhook::json_body;

const STYLE: Style = Style { escape, width: json_bytes };
const PLAIN: Style = Style { escape: plain, width: json_bytes };

/// A connector's card reads both Markdown and HTML (Teams, "Format cards", connector cards).
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    html(position).or_else(|| links(position))
}

#[derive(Serialize)]
struct MessageCard<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "themeColor")]
    theme_color: &'static str,
    summary: &'a str,
    sections: [Section<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Section<'a> {
    activity_title: Cow<'a, str>,
    activity_subtitle: Cow<'a, str>,
    facts: Vec<Fact<'a>>,
}

#[derive(Serialize)]
struct Fact<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

pub(super) fn render(notification: &Notification<'_>, limits: &MessageLimits) -> Result<Bytes, Failure> {
    let name = notification.title();
    let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), limits);
    json_body(&MessageCard {
        kind: "MessageCard",
        context: "http://schema.org/extensions",
        theme_color: if notification.is_error() { "FF0000" } else { "0076D7" },
        // The summary is the text of the notification, which is plain.
        summary: &PLAIN.fit(&name, LONGEST_NAME),
        sections: [Section {
            activity_title: text,
            activity_subtitle: STYLE.fit(&name, LONGEST_NAME),
            facts: entries.into_iter().map(|(name, value)| Fact { name, value }).collect(),
        }],
    })
}
