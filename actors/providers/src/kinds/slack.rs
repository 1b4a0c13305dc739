//! `slack`: a message through `chat.postMessage` or an incoming webhook (contract, providers 23.3).
//!
//! The payload is the contract's, with two limits. What an event brings along can not become a mention: the `<` of
//! `<!…>`, `<@…>` and `<#…>` is escaped as Slack's page "Formatting message text" asks; values that the Alert itself
//! adds keep theirs, since operators use them to call people. Texts beyond Slack's limit are cut and say so.

mod answer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use campanile_domain::{Delivery, Event, Failure};
use serde::Serialize;

use super::webhook::{Target, json_body, json_headers};
use crate::address::HookUrl;
use crate::text::limited;
use crate::{ConfigError, Exchange, Provider, Settings, judge};

/// Slack cuts longer messages without a word (API method `chat.postMessage`, "Truncating content"), in characters.
const LONGEST_TEXT: usize = 40_000;

/// Hosts of the Web API: Slack, and Slack for the US government.
const API_HOSTS: [&str; 2] = ["slack.com", "slack-gov.com"];

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Slack hook URL")?;
    let token = settings.header_token()?;
    let judge = if is_api(&url) { answer::judge } else { judge };
    Ok(Box::new(Slack {
        target: Target { url, judge, masker: settings.masker.clone() },
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
    target: Target,
    authorization: Option<String>,
    channel: String,
    username: String,
}

impl Provider for Slack {
    fn exchange(&self, delivery: &Delivery) -> Result<Box<dyn Exchange>, Failure> {
        let body = json_body(&self.message(delivery))?;
        let mut headers = json_headers(1);
        if let Some(authorization) = &self.authorization {
            headers.push(("Authorization".to_owned(), authorization.clone()));
        }
        Ok(self.target.post(headers, body))
    }
}

#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub(super) channel: &'a str,
    pub(super) username: Cow<'a, str>,
    pub(super) icon_url: &'static str,
    pub(super) icon_emoji: &'static str,
    pub(super) attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
pub(super) struct Attachment<'a> {
    pub(super) fallback: Cow<'a, str>,
    pub(super) color: &'static str,
    pub(super) author_name: Cow<'a, str>,
    pub(super) text: Cow<'a, str>,
    pub(super) mrkdwn_in: [&'static str; 1],
    pub(super) fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
pub(super) struct Field<'a> {
    pub(super) title: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    pub(super) short: bool,
}

impl Slack {
    fn message<'a>(&'a self, delivery: &'a Delivery) -> Message<'a> {
        let event = &*delivery.event;
        let object = event.involved_object.display_name();
        let first_line = event.message.split('\n').next().unwrap_or_default();
        let fallback = format!("{object}: {first_line}");
        let attachment = Attachment {
            fallback: foreign(Cow::Owned(fallback)),
            color: if event.is_error() { "danger" } else { "good" },
            author_name: foreign(Cow::Owned(object)),
            text: foreign(Cow::Borrowed(&event.message)),
            mrkdwn_in: ["text"],
            fields: delivery.plan.metadata.iter().map(|entry| field(event, entry)).collect(),
        };
        let controller = event.reporting_controller.as_str();
        Message {
            channel: &self.channel,
            username: Cow::Borrowed(if self.username.is_empty() { controller } else { &self.username }),
            icon_url: "",
            icon_emoji: "",
            attachments: [attachment],
        }
    }
}

fn field<'a>(event: &Event, (title, value): (&'a String, &'a String)) -> Field<'a> {
    let is_foreign = event.metadata.values().any(|brought| brought == value);
    let value = Cow::Borrowed(value.as_str());
    let value = if is_foreign { foreign(value) } else { limited(value, LONGEST_TEXT) };
    Field { title: Cow::Borrowed(title), value, short: false }
}

/// A text that comes with the event, whoever wrote it: without mentions, and within the limit.
fn foreign(text: Cow<'_, str>) -> Cow<'_, str> {
    limited(without_mentions(text), LONGEST_TEXT)
}

/// The sequences that call people or name channels, made plain text. Any other `<` stays as the contract has it.
fn without_mentions(text: Cow<'_, str>) -> Cow<'_, str> {
    const MENTIONS: [(&str, &str); 3] = [("<!", "&lt;!"), ("<@", "&lt;@"), ("<#", "&lt;#")];
    if !text.contains('<') {
        return text;
    }
    MENTIONS.iter().fold(text, |text, (mention, plain)| {
        if text.contains(mention) { Cow::Owned(text.replace(mention, plain)) } else { text }
    })
}
