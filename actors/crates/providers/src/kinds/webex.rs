//! `webex`: a message to a room of Webex (contract, providers 23.9).
//!
//! The message is Markdown, so Markdown in foreign text is escaped, and mentions in it are broken. Without a token the
//! request goes out as the contract has it, and Webex refuses it.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use campanile_domain::{Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::Serialize;

use crate::refusal::{Refusal, SEEN, judge_with};
use crate::render::markup::markdown;
use crate::render::{MessageBody, MessageLimits, Style, bytes};
use crate::sample::{Limit, Markup, Measure, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The longest message, in bytes (Webex API, "Create a Message", `markdown`,
/// <https://developer.webex.com/docs/api/v1/messages/create-a-message>).
const LONGEST_MESSAGE: usize = 7439;

/// What stands around the object's name and at the end of the text.
const FRAME: usize = "💣 ****\n\n".len();

/// Longest name of an object, in bytes.
const LONGEST_NAME: usize = 600;

/// What stands around a key and its value.
const OVERHEAD: usize = ">****: \n".len();

const STYLE: Style = Style { escape: markdown, width: bytes };

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Webex hook URL")?;
    let authorization =
        settings.header_token()?.map_or_else(|| "Bearer".to_owned(), |token| format!("Bearer {token}"));
    Ok(Box::new(Webex {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        authorization,
        room: settings.channel.clone(),
    }))
}

struct Webex {
    target: WebhookTarget,
    authorization: String,
    room: String,
}

impl Provider for Webex {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let message = Message { room_id: &self.room, markdown: markdown_of(notification) };
        let mut headers = json_headers(1);
        headers.push(("Authorization".to_owned(), self.authorization.clone()));
        Ok(self.target.post(headers, json_body(&message)?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    room_id: &'a str,
    markdown: String,
}

fn markdown_of(notification: &Notification<'_>) -> String {
    let name = STYLE.title(notification, LONGEST_NAME);
    let total = LONGEST_MESSAGE - FRAME - name.len();
    let limits = MessageLimits {
        total,
        text: total,
        share: 3_000,
        count: 100,
        key: 200,
        value: 1_000,
        overhead: OVERHEAD,
    };
    let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &limits);
    let emoji = if notification.is_error() { '💣' } else { '✅' };
    let mut out = format!("{emoji} **{name}**\n{text}\n");
    for (key, value) in entries {
        // Writing to a String cannot fail.
        writeln!(out, ">**{key}**: {value}").unwrap_or_default();
    }
    out
}

const BASICS: &str = "[REST API Basics, API Errors](https://developer.webex.com/docs/basics)";

/// What is about the room and not about the address or the message, and a room that is locked for the moment.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Gone,
        "the room is not there for this token; correct spec.channel, or add the bot to the room",
        BASICS,
    )
    .on(404),
    Refusal::means(FailureClass::Server, "the room is locked for the moment", BASICS).on(423),
    Refusal::means(FailureClass::Gone, "that is no id of a room; correct spec.channel", SEEN)
        .on(400)
        .says(&["roomId"]),
];

/// As everywhere, but words about the room count.
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge_with(REFUSALS, response, now, masker)
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    refusals: REFUSALS,
    ..Sample::webhook(
        Markup::Forbids(&["<@", " <a href", "](https:"]),
        &[Limit::of(
            "message",
            Measure::TextBytes("/markdown"),
            7_439,
            "bytes",
            "[Create a Message](https://developer.webex.com/docs/api/v1/messages/create-a-message)",
        )],
    )
};
