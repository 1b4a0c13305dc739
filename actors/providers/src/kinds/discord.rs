//! `discord`: a webhook of Discord in its Slack-compatible form (contract, providers 23.4).
//!
//! Discord makes an embed of the attachment. The payload is the contract's within the limits of embeds, and Markdown in
//! foreign text shows as it was written. Mentions in embeds notify nobody; they are escaped all the same, so that they
//! do not look as if they did.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use campanile_domain::{Failure, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::address::{Address, AddressSource, HookUrl};
use crate::judgement::with_pause;
use crate::render::markup::{markdown, plain};
use crate::render::slack_message::{Attachment, Field, Message};
use crate::render::{Body, Limits, Position, Style, characters, or_blank};
use crate::sample::{Limit, Markup, Measure, Sample};
use crate::webhook::{Target, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The limits of an embed, in characters (API reference, Message resource, "Embed limits",
/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>).
const TOTAL: usize = 6000;
const AUTHOR: usize = 256;
const DESCRIPTION: usize = 4096;
const LIMITS: Limits = Limits {
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

fn escape(position: &Position<'_>) -> Option<&'static str> {
    match position.c {
        '@' if ["everyone", "here"].iter().any(|all| position.after.starts_with(all)) => Some("@\u{200b}"),
        _ => markdown(position),
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = slack_compatible(&settings.address)?;
    Ok(Box::new(Discord {
        target: Target { url, judge, masker: settings.masker.clone() },
        username: settings.username.clone(),
    }))
}

struct Discord {
    target: Target,
    username: String,
}

impl Provider for Discord {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.target.post(json_headers(0), json_body(&self.message(notification))?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

impl Discord {
    fn message<'a>(&'a self, notification: &'a Notification<'_>) -> Message<'a> {
        let Body { text, entries } = STYLE.body(notification, notification.facts(), &LIMITS);
        let attachment = Attachment {
            fallback: Cow::Borrowed(""),
            color: if notification.is_error() { "danger" } else { "good" },
            author_name: Cow::Owned(NAME.title(notification, AUTHOR)),
            text,
            mrkdwn_in: ["text"],
            fields: entries
                .into_iter()
                .map(|(title, value)| Field { title: or_blank(title), value: or_blank(value), short: false })
                .collect(),
        };
        let name = if self.username.is_empty() { notification.controller() } else { &self.username };
        Message {
            channel: "",
            username: NAME.fit(name, LONGEST_NAME),
            icon_url: "",
            icon_emoji: "",
            attachments: [attachment],
        }
    }
}

/// As everywhere, but the pause of a rate limit is exact in the body and whole seconds, if anything, in the header (API
/// reference, "Rate limits", "Exceeding A Rate Limit",
/// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>).
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(crate::judge(response, now, masker), asked(response))
}

#[derive(Deserialize)]
struct RateLimited {
    /// In seconds.
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
fn slack_compatible(address: &Address) -> Result<HookUrl, ConfigError> {
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
    Address::new(compatible, AddressSource::Spec).hook_url(WHAT)
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
