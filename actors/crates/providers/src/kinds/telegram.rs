//! `telegram`: a message of a bot in a chat of Telegram (contract, providers 23.12).
//!
//! Telegram refuses a whole message for one reserved character that is not escaped, so all of them are, in what the Alert
//! adds as well. A name behind `@` is broken by a zero-width space, so that nobody is called. The token is a part of the URL.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, Notification, ObjectRef, Response, Verdict};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::address::{AddressSource, DestinationAddress};
use crate::authorization::token;
use crate::judgement::with_pause;
use crate::refusal::{Refusal, judge_with};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, characters, emoji, or_blank};
use crate::sample::{Limit, LoginForm, Markup, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The longest text, in characters (Bot API, `sendMessage`: 1 to 4,096 "after entities parsing",
/// <https://core.telegram.org/bots/api#sendmessage>). Telegram does not count escapes, here they count too.
const LONGEST_TEXT: usize = 4096;

/// What stands around the object's name and at the end of the message.
const FRAME: usize = "*🚨 *\n\n".len();

/// Longest name of an object: two names of Kubernetes and a kind.
const LONGEST_NAME: usize = 700;

/// What stands around a key and its value, and for an empty key.
const OVERHEAD: usize = "\\- **: \n".len() + 1;

const STYLE: Style = Style { escape, width: characters };

/// What may stand in a token; all else could lead to another path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b':').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The characters that MarkdownV2 reserves (Bot API, "Formatting options",
/// <https://core.telegram.org/bots/api#markdownv2-style>), and mentions.
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    const ESCAPED: &[(char, &str)] = &[
        ('\\', "\\\\"),
        ('.', "\\."),
        ('-', "\\-"),
        ('_', "\\_"),
        ('[', "\\["),
        (']', "\\]"),
        ('(', "\\("),
        (')', "\\)"),
        ('~', "\\~"),
        ('>', "\\>"),
        ('`', "\\`"),
        ('#', "\\#"),
        ('+', "\\+"),
        ('=', "\\="),
        ('|', "\\|"),
        ('{', "\\{"),
        ('}', "\\}"),
        ('!', "\\!"),
        ('*', "\\*"),
    ];
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if position.c == '@' {
        let calls = !position.previous().is_some_and(is_in_name) && position.next_is(is_in_name);
        return calls.then_some("@\u{200b}");
    }
    ESCAPED.iter().find(|(c, _)| *c == position.c).map(|(_, escaped)| *escaped)
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    const NO_CHANNEL: ConfigError = ConfigError::NoChannel("empty Telegram channel");
    let (chat, thread) = settings.channel.split_once(':').unwrap_or((&settings.channel, ""));
    if chat.is_empty() {
        return Err(NO_CHANNEL);
    }
    let token = utf8_percent_encode(token(settings, "empty Telegram token")?, IN_PATH);
    let url = format!("https://api.telegram.org/bot{token}/sendMessage");
    // There is no address that the user could have got wrong.
    let url = DestinationAddress::new(url, AddressSource::Spec).hook_url("Telegram URL")?;
    Ok(Box::new(Telegram {
        target: WebhookTarget { url, judge, masker: settings.masker.clone() },
        chat: chat.to_owned(),
        thread: thread.to_owned(),
    }))
}

struct Telegram {
    target: WebhookTarget,
    chat: String,
    /// Empty if the chat has no threads.
    thread: String,
}

#[derive(Serialize)]
struct Message<'a> {
    chat_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message_thread_id: &'a str,
    text: String,
    parse_mode: &'static str,
}

impl Provider for Telegram {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let message = Message {
            chat_id: &self.chat,
            message_thread_id: &self.thread,
            text: text_of(notification),
            parse_mode: "MarkdownV2",
        };
        Ok(self.target.post(json_headers(0), json_body(&message)?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

fn text_of(notification: &Notification<'_>) -> String {
    let form =
        |object: &ObjectRef| format!("{}/{}/{}", object.kind.to_lowercase(), object.name, object.namespace);
    let name = STYLE.fit_owned(notification.title_as(form), LONGEST_NAME);
    let total = LONGEST_TEXT - FRAME - STYLE.measure(&name);
    let limits = MessageLimits {
        total,
        text: total,
        share: 1_600,
        count: 100,
        key: 200,
        value: 800,
        overhead: OVERHEAD,
    };
    let MessageBody { text, entries } = STYLE.escaped_body(notification, notification.facts(), &limits);
    let mut out = format!("*{} {name}*\n{text}\n", emoji(notification));
    for (key, value) in entries {
        // Writing to a String does not fail.
        writeln!(out, "\\- *{}*: {value}", or_blank(key)).unwrap_or_default();
    }
    out
}

const BOTS: &str = "[Bot API, Making requests](https://core.telegram.org/bots/api#making-requests), for the form; for the words not found";

/// What is about the token or the chat and not about the message. The token is a part of the path, so that a wrong one comes as
/// 404.
const REFUSALS: &[Refusal] = &[
    Refusal::means(FailureClass::Credentials, NO_BOT, BOTS).on(401),
    Refusal::means(FailureClass::Gone, NO_BOT, BOTS).on(404),
    Refusal::means(
        FailureClass::Gone,
        "the bot may not write there; add it to the chat of spec.channel",
        BOTS,
    )
    .on(403),
    Refusal::means(
        FailureClass::Gone,
        "the chat or thread is not there for this bot; correct spec.channel, or add the bot to it",
        BOTS,
    )
    .on(400)
    .says(&[
        "chat not found",
        "upgraded to a supergroup",
        "message thread not found",
        "topic_closed",
        "topic_deleted",
        "not enough rights",
        "have no rights",
        "chat_write_forbidden",
        "peer_id_invalid",
    ]),
];

const NO_BOT: &str = "no bot has this token; renew key 'token' of the Secret";

/// As everywhere, but words about the token or the chat count, and the pause of a rate limit is in the body (Bot API, "Making
/// requests", `ResponseParameters`).
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    let pause = answer.parameters.retry_after.map(Duration::from_secs);
    with_pause(judge_with(REFUSALS, response, now, masker), pause)
}

#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    /// The pause that is asked for, in seconds.
    retry_after: Option<u64>,
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "https://api.telegram.org/bot{token}/sendMessage",
    channel: "-1552289257:1",
    logins: &[LoginForm::Token("123456:{secret}")],
    fixed_host: Some("api.telegram.org"),
    refusals: REFUSALS,
    ..Sample::webhook(
        Markup::Forbids(&["@channel", "@all", "](", "``"]),
        &[Limit::text(
            "text",
            "/text",
            4_096,
            "[Bot API, `sendMessage`](https://core.telegram.org/bots/api#sendmessage)",
        )],
    )
};
