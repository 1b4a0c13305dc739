//! `discord`: a webhook of Discord in its Slack-compatible form (contract, providers 23.4).
//!
//! Discord makes an embed of the attachment. The payload is the contract's within the limits of embeds, and Markdown in
//! foreign text shows as it was written. Mentions in embeds notify nobody; they are escaped all the same, so that they
//! do not look as if they did.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use campanile_domain::{Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::address::{AddressSource, DestinationAddress, HookUrl};
use crate::exchange::second_try::Amended;
use crate::judgement::with_pause;
use crate::refusal::{Refusal, beginning, contains, judge_with};
use crate::render::markup::{markdown, plain};
use crate::render::slack_message::{Attachment, SlackField, SlackMessage};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, characters, or_blank};
use crate::sample::{Limit, Markup, Measure, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The limits of an embed, in characters (API reference, Message resource, "Embed limits",
/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>).
const TOTAL: usize = 6000;
const AUTHOR: usize = 256;
const DESCRIPTION: usize = 4096;
const LIMITS: MessageLimits = MessageLimits {
    total: TOTAL - AUTHOR,
    text: DESCRIPTION,
    share: TOTAL - AUTHOR - DESCRIPTION,
    count: 25,
    key: 256,
    value: 1024,
    // What stands for an empty key and an empty value.
    overhead: 2,
};

/// The longest name of a webhook's messages, in characters (API reference, Webhook resource, "Create Webhook",
/// <https://discord.com/developers/docs/resources/webhook#create-webhook>).
const LONGEST_NAME: usize = 80;

const STYLE: Style = Style { escape, width: characters };
const NAME: Style = Style { escape: plain, width: characters };

fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    match position.c {
        '@' if ["everyone", "here"].iter().any(|all| position.after.starts_with(all)) => Some("@\u{200b}"),
        _ => markdown(position),
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = slack_compatible(&settings.address)?;
    Ok(Box::new(Discord {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        username: settings.username.clone(),
    }))
}

struct Discord {
    target: WebhookTarget,
    username: String,
}

impl Provider for Discord {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let post = self.target.post(json_headers(0), json_body(&self.message(notification))?);
        Ok(Amended::boxed(post, without_name))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

impl Discord {
    fn message<'a>(&'a self, notification: &'a Notification<'_>) -> SlackMessage<'a> {
        let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &LIMITS);
        let attachment = Attachment {
            fallback: Cow::Borrowed(""),
            color: if notification.is_error() { "danger" } else { "good" },
            author_name: Cow::Owned(NAME.title(notification, AUTHOR)),
            text: or_blank(text),
            mrkdwn_in: ["text"],
            fields: entries
                .into_iter()
                .map(|(title, value)| SlackField {
                    title: or_blank(title),
                    value: or_blank(value),
                    short: false,
                })
                .collect(),
        };
        let name = if self.username.is_empty() { notification.controller() } else { &self.username };
        SlackMessage {
            channel: "",
            // One character at least; without the field the webhook's own name shows.
            username: Some(NAME.fit(name, LONGEST_NAME)).filter(|name| !name.is_empty()),
            icon_url: "",
            icon_emoji: "",
            attachments: [attachment],
        }
    }
}

/// The message without its name, where the name is what was refused: some words must not be in one (API reference, User resource,
/// "Usernames and Nicknames", <https://discord.com/developers/docs/resources/user#usernames-and-nicknames>). The webhook's own
/// name shows then.
fn without_name(body: &[u8], response: &Response) -> Option<Bytes> {
    const NAME: &str = "username";
    if response.status != 400 || !contains(beginning(response), NAME) {
        return None;
    }
    let mut message: serde_json::Value = serde_json::from_slice(body).ok()?;
    message.as_object_mut()?.remove(NAME)?;
    json_body(&message).ok()
}

const CODES: &str = "[Opcodes and Status Codes, JSON Error Codes](https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes)";

/// The codes that are about the webhook or where it leads, and not about the message.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Gone,
        "the webhook leads to a forum; add the thread to the address, as in ?thread_id=42",
        CODES,
    )
    .at("/code", &["220001"]),
    Refusal::means(
        FailureClass::Gone,
        "the thread in the address is archived or locked; open it again, or correct thread_id in the address",
        CODES,
    )
    .at("/code", &["50083", "160005"]),
    Refusal::means(
        FailureClass::Gone,
        "the channel, or the thread in the address, is not there; correct thread_id, or make a new webhook",
        CODES,
    )
    .at("/code", &["10003"]),
    Refusal::means(
        FailureClass::Gone,
        "the webhook was deleted; make a new one and put its address into the Secret",
        CODES,
    )
    .at("/code", &["10015"]),
    Refusal::means(
        FailureClass::Credentials,
        "the end of the address is not the webhook's token; copy the whole address again",
        CODES,
    )
    .at("/code", &["50027"]),
];

/// As everywhere, but the codes of the API tell more, and the pause of a rate limit is exact in the body and whole seconds, if anything, in the header (API
/// reference, "Rate limits", "Exceeding A Rate Limit",
/// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>).
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(judge_with(REFUSALS, response, now, masker), asked(response))
}

#[derive(Deserialize)]
struct RateLimited {
    /// The pause that is asked for, in seconds.
    retry_after: f64,
}

fn asked(response: &Response) -> Option<Duration> {
    let limited: RateLimited = serde_json::from_slice(&response.body).ok()?;
    Duration::try_from_secs_f64(limited.retry_after).ok()
}

const WHAT: &str = "Discord hook URL";
const SUFFIX: &str = "slack";

/// The URL that takes Slack's payloads: `/slack` is appended to the path, unless it ends so already (contract, providers
/// 23.4, with its FIX: the path decides, not the query). Empty and dotted segments are cleaned away.
fn slack_compatible(address: &DestinationAddress) -> Result<HookUrl, ConfigError> {
    let checked = address.hook_url(WHAT)?;
    let url = checked.as_str();
    let (before_query, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    let (scheme, rest) = before_query.split_once("://").unwrap_or(("https", before_query));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut segments = clean(path);
    if segments.last() == Some(&SUFFIX) {
        return Ok(checked);
    }
    segments.push(SUFFIX);
    let compatible = format!("{scheme}://{authority}/{}{query}", segments.join("/"));
    // It has passed the check before it was extended, so where it stands will never be told.
    DestinationAddress::new(compatible, AddressSource::Spec).hook_url(WHAT)
}

/// The segments of a path without the empty and the dotted ones (RFC 3986, 5.2.4).
fn clean(path: &str) -> Vec<&str> {
    let mut clean = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(clean.pop()),
            _ => clean.push(segment),
        }
    }
    clean
}

const EMBEDS: &str = "[Message resource, Embed Limits](https://discord.com/developers/docs/resources/message#embed-object-embed-limits)";
const WEBHOOK: &str = "[Webhook resource, Create Webhook](https://discord.com/developers/docs/resources/webhook#create-webhook)";

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "{scheme}://{host}/services/T0/{secret}/slack?sig={secret}",
    plain_places: &["/attachments/0/author_name", "/username"],
    refusals: REFUSALS,
    may_be_empty: &["/channel", "/icon_url", "/icon_emoji", "/attachments/*/fallback"],
    ..Sample::webhook(
        Markup::Forbids(&["@everyone", "@here", "](https:"]),
        &[
            Limit::text("description of the embed", "/attachments/0/text", 4_096, EMBEDS),
            Limit::of("embed in all", Measure::Texts("/attachments"), 6_000, "characters", EMBEDS),
            Limit::of("fields", Measure::Items("/attachments/0/fields"), 25, "", EMBEDS),
            Limit::text("name of the sender", "/username", 80, WEBHOOK),
        ],
    )
};
