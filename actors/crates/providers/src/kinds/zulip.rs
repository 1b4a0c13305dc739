//! `zulip`: a message in a topic of a Zulip channel (contract, providers 23.21).
//!
//! The text is the contract's. Zulip's Markdown has no escapes, so bold and italics of foreign text stay, as the contract
//! has it. What calls somebody, swallows the rest of the message or hides where a link leads is broken by a zero-width
//! space.

#[cfg(test)]
mod tests;

use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::authorization::basic;
use crate::encoding::form;
use crate::judgement::with_pause;
use crate::refusal::{Refusal, judge_with};
use crate::render::markup::links;
use crate::render::{MarkupContext, Style, characters, markdown_post};
use crate::sample::{BodyForm, Limit, LoginForm, Markup, Measure, Sample};
use crate::webhook::WebhookTarget;
use crate::{ConfigError, Exchange, Provider, Settings, authorization};

/// The longest message, in code points; what is longer Zulip cuts (REST API, "Register an event queue",
/// `max_message_length`, <https://zulip.com/api/register-queue>; the number itself, that of the setting `MAX_MESSAGE_LENGTH`
/// as it is shipped, was not found there).
const LONGEST_MESSAGE: usize = 10_000;

const STYLE: Style = Style { escape, width: characters };

/// Mentions, links to channels, times, formulas and fences (Zulip, "Message formatting").
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    match position.c {
        '@' if position.next_is(|next| matches!(next, '*' | '_')) => Some("@\u{200b}"),
        '#' if position.after.starts_with("**") => Some("#\u{200b}"),
        '<' if position.after.starts_with("time:") => Some("<\u{200b}"),
        '$' if position.next_is(|next| next == '$') => Some("$\u{200b}"),
        '`' if position.after.starts_with("``") => Some("`\u{200b}"),
        '~' if position.after.starts_with("~~") => Some("~\u{200b}"),
        _ => links(position),
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let address = settings.address.hook_url("Zulip endpoint URL")?;
    let (channel, topic) = settings
        .channel
        .split_once('/')
        .filter(|(channel, topic)| !channel.is_empty() && !topic.is_empty())
        .ok_or_else(|| ConfigError::ZulipChannel(settings.channel.clone()))?;
    let (name, password) = (settings.username.as_str(), settings.password.as_deref().unwrap_or_default());
    let has_login = !name.is_empty() || !password.is_empty();
    let url = address.moved("/api/v1/messages", address.parts().2);
    Ok(Box::new(Zulip {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        authorization: has_login.then(|| basic(name, password)),
        channel: channel.to_owned(),
        topic: topic.to_owned(),
    }))
}

struct Zulip {
    target: WebhookTarget,
    authorization: Option<String>,
    channel: String,
    topic: String,
}

impl Provider for Zulip {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let kind = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        let headers =
            [kind].into_iter().chain(self.authorization.clone().map(authorization::header)).collect();
        let content = markdown_post::render(notification, &STYLE, LONGEST_MESSAGE);
        let fields = [
            ("content", content.as_str()),
            ("to", &self.channel),
            ("topic", &self.topic),
            ("type", "stream"),
        ];
        Ok(self.target.post(headers, form::encode(fields).into()))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

const ERRORS: &str = "[REST API, Error handling](https://zulip.com/api/rest-error-handling)";
const SEND: &str = "[REST API, Send a message](https://zulip.com/api/send-message)";

/// What is about the bot or the channel, and not about the message; all of it may come as 400.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Gone,
        "the channel is not there for this bot; correct spec.channel, or subscribe the bot to it",
        SEND,
    )
    .at("/code", &["STREAM_DOES_NOT_EXIST"]),
    Refusal::means(
        FailureClass::Credentials,
        "the bot's API key is not accepted; renew key 'password' of the Secret",
        ERRORS,
    )
    .at("/code", &["INVALID_API_KEY"]),
    Refusal::means(
        FailureClass::Credentials,
        "the bot or its organization is deactivated; activate it again, or take another bot",
        ERRORS,
    )
    .at("/code", &["USER_DEACTIVATED", "REALM_DEACTIVATED"]),
    Refusal::means(
        FailureClass::Gone,
        "the bot may not write to the channel; subscribe it, or correct spec.channel",
        ERRORS,
    )
    .says(&["not authorized"]),
];

/// As everywhere, but words about the bot or the channel count, and the pause of a rate limit is in the body too (REST API, "Error
/// handling", <https://zulip.com/api/rest-error-handling>).
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    let pause = answer.retry_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let pause = pause.filter(|_| response.header("retry-after").is_none());
    with_pause(judge_with(REFUSALS, response, now, masker), pause)
}

#[derive(Default, Deserialize)]
struct Answer {
    /// The pause that is asked for, in seconds.
    #[serde(rename = "retry-after")]
    retry_after: Option<f64>,
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "{scheme}://{host}/api/v1/messages?sig={secret}",
    channel: "general/alerts",
    refusals: REFUSALS,
    logins: &[LoginForm::Pair],
    body: BodyForm::Form(4),
    ..Sample::webhook(
        Markup::Forbids(&["@**", "@*", "](https:", "```", "~~~", "$$"]),
        &[Limit::of(
            "message",
            Measure::Field("content"),
            10_000,
            "characters",
            "[REST API, `max_message_length`](https://zulip.com/api/register-queue), as it is shipped",
        )],
    )
};
