//! `rocket`: an incoming webhook of Rocket.Chat (contract, providers 23.6).
//!
//! The payload is the contract's. Foreign text keeps its bold and italics, as there is no escape for them that every
//! version of Rocket.Chat knows; what mentions somebody, hides text or makes a link of other words is broken by a
//! zero-width space.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;

use crate::judgement::with_pause;
use crate::refusal::{Refusal, judge_with};
use crate::render::markup::links;
use crate::render::slack_message::{Attachment, SlackField, SlackMessage};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, characters};
use crate::sample::{CHOSEN, Limit, Markup, Measure, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// Rocket.Chat limits the text of a message (setting `Message_MaxAllowedSize`, 5,000 as it is shipped,
/// <https://docs.rocket.chat/docs/message>); for attachments no limit was found in the documentation. This bound of our own is
/// what an event's sender keeps to, so that one event cannot fill a room.
const LIMITS: MessageLimits = MessageLimits {
    total: 48_000,
    text: 40_000,
    share: 8_000,
    count: 100,
    key: 256,
    value: 4_000,
    overhead: 0,
};

/// Longest name of an object, in characters: two names of Kubernetes and a kind.
const LONGEST_NAME: usize = 600;

const STYLE: Style = Style { escape, width: characters };

/// Only what the grammar of Rocket.Chat's message parser takes for a user, a link, a spoiler or a formula.
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    let is_in_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    match position.c {
        '@' if !position.previous().is_some_and(char::is_alphanumeric) && position.next_is(is_in_name) => {
            Some("@\u{200b}")
        }
        '<' if position.next_is(|next| next.is_ascii_alphabetic()) => Some("<\u{200b}"),
        '|' if position.next_is(|next| next == '|') => Some("|\u{200b}"),
        '\\' if position.next_is(|next| matches!(next, '(' | '[')) => Some("\\\u{200b}"),
        _ => links(position),
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Rocket hook URL")?;
    Ok(Box::new(Rocket {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        channel: settings.channel.clone(),
        username: settings.username.clone(),
    }))
}

struct Rocket {
    target: WebhookTarget,
    channel: String,
    username: String,
}

impl Provider for Rocket {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.target.post(json_headers(0), json_body(&self.message(notification))?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

impl Rocket {
    fn message<'a>(&'a self, notification: &'a Notification<'_>) -> SlackMessage<'a> {
        let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &LIMITS);
        let attachment = Attachment {
            fallback: Cow::Borrowed(""),
            color: if notification.is_error() { "#FF0000" } else { "#0076D7" },
            author_name: Cow::Owned(STYLE.title(notification, LONGEST_NAME)),
            text,
            mrkdwn_in: ["text"],
            fields: entries
                .into_iter()
                .map(|(title, value)| SlackField { title, value, short: false })
                .collect(),
        };
        SlackMessage {
            channel: &self.channel,
            username: Some(Cow::Borrowed(&self.username)),
            icon_url: "",
            icon_emoji: "",
            attachments: [attachment],
        }
    }
}

const INCOMING: &str = "not found in the documentation; [what the server says](https://github.com/RocketChat/Rocket.Chat/blob/develop/apps/meteor/app/integrations/server/api/api.ts)";

/// What is about the integration or its channel, and not about the message; all of it may come as 400.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Gone,
        "no integration has this address; copy the webhook's URL again",
        INCOMING,
    )
    .says(&["invalid integration id or token"]),
    Refusal::means(
        FailureClass::Gone,
        "the channel is not there for the integration; correct spec.channel, or leave it out",
        INCOMING,
    )
    .says(&["invalid-channel"]),
];

/// As everywhere, but words about the integration count, and Rocket.Chat tells the end of a rate limit in milliseconds (REST API, "Rate limiter"), which read as
/// seconds would be a pause of ages.
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(judge_with(REFUSALS, response, now, masker), reset(response, now))
}

fn reset(response: &Response, now: Timestamp) -> Option<Duration> {
    let milliseconds = response.header("x-ratelimit-reset")?.trim().parse().ok()?;
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(Duration::try_from(time.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/username"],
    refusals: REFUSALS,
    may_be_empty: &[
        "/username",
        "/icon_url",
        "/icon_emoji",
        "/attachments/*/fallback",
        "/attachments/*/text",
        "/attachments/*/fields",
    ],
    ..Sample::webhook(
        Markup::Forbids(&["@all", "@here", "@channel", "](https:", "<https:"]),
        &[Limit::of("texts", Measure::Texts("/attachments"), 48_600, "characters", CHOSEN)],
    )
};
