//! `slack`: a message through `chat.postMessage` or an incoming webhook (contract, providers 23.3).
//!
//! The payload is the contract's, with two limits. What an event brings along cannot become a mention or a link whose
//! target hides: the `<` of `<!…>`, `<@…>`, `<#…>` and `<https://…>` is escaped as Slack's page "Formatting message text"
//! asks; values that the Alert itself adds keep theirs, since operators use them to call people. Texts beyond Slack's
//! limit are cut and say so.

mod answer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use campanile_domain::{Failure, Notification, Response};

use crate::address::HookUrl;
use crate::render::markup::plain;
use crate::render::slack_message::{Attachment, SlackField, SlackMessage};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, characters};
use crate::sample::{Limit, Markup, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// Slack cuts longer texts, in characters (API method `chat.postMessage`, "Truncating content",
/// <https://docs.slack.dev/reference/methods/chat.postMessage>; incoming webhooks too, by the changelog of August 2018,
/// "Truncating really long messages"). That page speaks of `text`; for attachments it only names the error
/// `attachment_payload_limit_exceeded`.
const LONGEST_TEXT: usize = 40_000;

/// Longest name of a sender, in characters. None was found in the documentation; this is ours.
const LONGEST_NAME: usize = 256;

/// What stands around a key and its value.
const OVERHEAD: usize = 2;

const STYLE: Style = Style { escape, width: characters };
const PLAIN: Style = Style { escape: plain, width: characters };

/// The sequences that call people, name channels or hide where a link leads (Slack, "Formatting message text", "Advanced
/// formatting"). Any other `<` stays as the contract has it.
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    if position.c != '<' {
        return None;
    }
    let is_special = position.next_is(|next| matches!(next, '!' | '@' | '#')) || begins_link(position.after);
    is_special.then_some("&lt;")
}

/// Whether the text behind a `<` is a URL: a scheme and a colon.
fn begins_link(text: &str) -> bool {
    /// Longer than the schemes that programs open.
    const LONGEST_SCHEME: usize = 16;
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let end = text.chars().take(LONGEST_SCHEME).position(|c| !is_scheme(c));
    end.is_some_and(|end| end > 0 && text.chars().nth(end) == Some(':'))
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

const LIMITS: MessageLimits = MessageLimits {
    total: LONGEST_TEXT,
    text: LONGEST_TEXT,
    share: LONGEST_TEXT / 4,
    count: 100,
    key: 300,
    value: LONGEST_TEXT,
    overhead: OVERHEAD,
};

/// Hosts of the Web API: Slack, and Slack for the US government.
const API_HOSTS: [&str; 2] = ["slack.com", "slack-gov.com"];

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Slack hook URL")?;
    let token = settings.header_token()?;
    if is_api(&url) && settings.channel.trim().is_empty() {
        return Err(ConfigError::NoChannel(
            "chat.postMessage needs a channel, which only incoming webhooks know themselves",
        ));
    }
    let judge = if is_api(&url) { answer::judge } else { answer::judge_webhook };
    Ok(Box::new(Slack {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        authorization: token.map(|token| format!("Bearer {token}")),
        channel: settings.channel.clone(),
        username: settings.username.clone(),
    }))
}

/// The API answers 200 to everything and tells the outcome in the body; webhooks tell it by the status.
fn is_api(url: &HookUrl) -> bool {
    API_HOSTS.iter().any(|host| url.is_https(host, "/api/chat.postMessage"))
}

struct Slack {
    target: WebhookTarget,
    authorization: Option<String>,
    channel: String,
    username: String,
}

impl Provider for Slack {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.post(json_body(&self.message(notification))?))
    }

    fn is_too_long(&self, response: &Response) -> bool {
        answer::is_too_long(response)
    }
}

impl Slack {
    fn post(&self, body: Bytes) -> Box<dyn Exchange> {
        let mut headers = json_headers(1);
        if let Some(authorization) = &self.authorization {
            headers.push(("Authorization".to_owned(), authorization.clone()));
        }
        self.target.post(headers, body)
    }

    fn message<'a>(&'a self, notification: &'a Notification<'_>) -> SlackMessage<'a> {
        let title = notification.title();
        let first_line = notification.text().split('\n').next().unwrap_or_default();
        let fallback = format!("{title}: {first_line}");
        let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &LIMITS);
        let field = |(title, value)| SlackField { title, value, short: false };
        let attachment = Attachment {
            fallback: Cow::Owned(STYLE.fit_owned(fallback, LONGEST_TEXT)),
            color: if notification.is_error() { "danger" } else { "good" },
            author_name: Cow::Owned(STYLE.fit_owned(title, LONGEST_TEXT)),
            text,
            mrkdwn_in: ["text"],
            fields: entries.into_iter().map(field).collect(),
        };
        let name = if self.username.is_empty() { notification.controller() } else { &self.username };
        SlackMessage {
            channel: &self.channel,
            username: Some(PLAIN.fit(name, LONGEST_NAME)),
            icon_url: "",
            icon_emoji: "",
            attachments: [attachment],
        }
    }
}

const TRUNCATING: &str = "[`chat.postMessage`, Truncating content](https://docs.slack.dev/reference/methods/chat.postMessage#truncating), for `text`; for attachments not found";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    also_at: &["https://slack.com/api/chat.postMessage?x=/services/T0/{secret}&sig={secret}"],
    plain_places: &["/username"],
    refusals: answer::REFUSALS,
    may_be_empty: &[
        "/username",
        "/icon_url",
        "/icon_emoji",
        "/attachments/*/text",
        "/attachments/*/fields",
        "/channel",
    ],
    ..Sample::webhook(
        Markup::Forbids(&["<!", "<@", "<#", "<https:"]),
        &[Limit::text("text", "/attachments/0/text", 40_000, TRUNCATING)],
    )
};
