//! `lark`: a card of a custom bot in Lark or Feishu (contract, providers 23.13).
//!
//! The payload is the contract's, with its FIXes: proxy and TLS settings hold, and a failure that is told with status 200
//! counts. What foreign text brings along as Markdown or tags of cards becomes character references, which Lark shows as
//! the characters. The object's name is plain text there.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use campanile_domain::{Disposition, Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::judgement::{classify, told};
use crate::refusal::{Refusal, find};
use crate::render::markup::{markdown, plain};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, emoji, json_bytes};
use crate::sample::{Limit, Markup, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The longest body of a request, in bytes (Lark, "Custom bot usage guide": 20 K,
/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>).
const LONGEST_BODY: usize = 20_000;

/// What is in a body beside the texts.
const FRAME: usize = 400;

/// Longest name of an object, in bytes.
const LONGEST_NAME: usize = 1_200;

/// What stands around a key and its value in JSON.
const OVERHEAD: usize = ": \\n".len();

const STYLE: Style = Style { escape, width: json_bytes };
const PLAIN: Style = Style { escape: plain, width: json_bytes };

/// Where Markdown would take a backslash, cards take character references (Lark, "Rich text (Markdown)", escapes).
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    markdown(position)?;
    match position.c {
        '\\' => Some("&#92;"),
        '*' => Some("&#42;"),
        '~' => Some("&#126;"),
        '_' => Some("&#95;"),
        '`' => Some("&#96;"),
        '|' => Some("&#124;"),
        ']' => Some("&#93;"),
        '<' => Some("&lt;"),
        '&' => Some("&amp;"),
        '>' => Some("&gt;"),
        '#' => Some("&#35;"),
        '=' => Some("&#61;"),
        '-' => Some("&#45;"),
        _ => None,
    }
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let url = settings.address.hook_url("Lark hook URL")?;
    Ok(Box::new(Lark { target: WebhookTarget { url, judge, masker: settings.masker.clone() } }))
}

struct Lark {
    target: WebhookTarget,
}

impl Provider for Lark {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        Ok(self.target.post(json_headers(0), json_body(&Message::of(notification))?))
    }
}

#[derive(Serialize)]
struct Message {
    msg_type: &'static str,
    card: Card,
}

#[derive(Serialize)]
struct Card {
    config: Config,
    header: Header,
    elements: [Element; 1],
}

#[derive(Serialize)]
struct Config {
    wide_screen_mode: bool,
}

#[derive(Serialize)]
struct Header {
    title: Text,
    template: &'static str,
}

#[derive(Serialize)]
struct Element {
    tag: &'static str,
    text: Text,
}

#[derive(Serialize)]
struct Text {
    tag: &'static str,
    content: String,
}

impl Message {
    fn of(notification: &Notification<'_>) -> Self {
        let name = PLAIN.title(notification, LONGEST_NAME);
        let room = LONGEST_BODY - FRAME - PLAIN.measure(&name);
        let title = Text { tag: "plain_text", content: format!("{} {name}", emoji(notification)) };
        let template = if notification.is_error() { "red" } else { "turquoise" };
        let text = Text { tag: "lark_md", content: content(notification, room) };
        Self {
            msg_type: "interactive",
            card: Card {
                config: Config { wide_screen_mode: true },
                header: Header { title, template },
                elements: [Element { tag: "div", text }],
            },
        }
    }
}

/// Message and metadata within `total` bytes of JSON.
fn content(notification: &Notification<'_>, total: usize) -> String {
    let limits = MessageLimits {
        total,
        text: total,
        share: 8_000,
        count: 100,
        key: 300,
        value: 4_000,
        overhead: OVERHEAD,
    };
    let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &limits);
    let mut out = format!("**{text}**\n\n");
    for (key, value) in entries {
        // Writing to a String does not fail.
        writeln!(out, "{key}: {value}").unwrap_or_default();
    }
    out
}

const GUIDE: &str = "[Custom bot usage guide](https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot), error codes";

/// The codes and what they mean; a code that means two things says in words when it means too many messages. What is not here is
/// the fault of the one message.
const REFUSALS: &[Refusal] = &[
    Refusal::means(FailureClass::Throttled, TOO_MANY, GUIDE).says(&["too many request"]),
    Refusal::means(FailureClass::Throttled, TOO_MANY, GUIDE).at("/code", &["11232", "11233", "99991400"]),
    Refusal::means(FailureClass::Rejected, REFUSED, GUIDE).at("/code", &["9499"]),
    Refusal::means(FailureClass::Gone, "the bot's webhook is not there; correct the address", GUIDE)
        .at("/code", &["19001"]),
    Refusal::means(
        FailureClass::Credentials,
        "the bot wants signatures, which are not supported; switch them off and use another of its security settings",
        GUIDE,
    )
    .at("/code", &["19021"]),
    Refusal::means(
        FailureClass::Credentials,
        "the bot does not take messages from here; add the sender's IP to its list",
        GUIDE,
    )
    .at("/code", &["19022"]),
    Refusal::means(
        FailureClass::Credentials,
        "the message has none of the bot's keywords; give the bot a keyword that every message has, or add one to \
         spec.eventMetadata of the Alert",
        GUIDE,
    )
    .at("/code", &["19024"]),
];

const TOO_MANY: &str = "too many messages to the bot";
const REFUSED: &str = "the bot refuses this message";

/// As everywhere, but a code other than 0 is a failure whatever the status (contract, providers 23.13, FIX).
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let by_status = classify(response);
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = answer.code.filter(|code| *code != 0).or(answer.status_code).unwrap_or_default();
    let passes = by_status.is_some_and(|class| class.disposition() == Disposition::Retry);
    if code == 0 || passes {
        return crate::judge(response, now, masker);
    }
    let (class, what) = find(REFUSALS, response)
        .map_or((FailureClass::Rejected, REFUSED), |refusal| (refusal.class, refusal.remedy));
    told(class, what, response, now, masker)
}

#[derive(Default, Deserialize)]
struct Answer {
    code: Option<i64>,
    /// What older bots call it.
    #[serde(rename = "StatusCode")]
    status_code: Option<i64>,
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    plain_places: &["/card/header"],
    refusals: REFUSALS,
    ..Sample::webhook(
        Markup::Forbids(&["<at ", "](https:", "<a href"]),
        &[Limit::body(
            "request",
            20_000,
            "[Custom bot usage guide](https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot)",
        )],
    )
};
