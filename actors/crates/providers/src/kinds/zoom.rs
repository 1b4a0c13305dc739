//! `zoom`: a message in Zoom Team Chat through the app "Incoming Webhook" (contract, providers 23.23).
//!
//! The payload is the contract's. Zoom shows its texts as they are; what would call somebody where an account has Markdown
//! switched on is broken by a zero-width space.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use campanile_domain::{Failure, FailureClass, Masker, Notification, Response, Verdict};
use jiff::Timestamp;
use serde::Serialize;
use url::form_urlencoded;

use crate::address::HookUrl;
use crate::authorization::{self, token};
use crate::encoding::form;
use crate::refusal::{Refusal, judge_with};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, characters, or_blank};
use crate::sample::{CHOSEN, Limit, Markup, Sample};
use crate::webhook::{WebhookTarget, json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The longest text of a message, in characters. In the documentation of the app "Incoming Webhook" none was found; chosen
/// because it is what other chats take, and bounds what one event can put into a channel.
const LONGEST_TEXT: usize = 4_096;

/// Longest head: two names of Kubernetes and a kind.
const HEAD: usize = 600;

/// Longest severity that is shown.
const SEVERITY: usize = 100;

const LIMITS: MessageLimits = MessageLimits {
    total: 3 * LONGEST_TEXT,
    text: LONGEST_TEXT,
    share: 2 * LONGEST_TEXT,
    count: 100,
    key: 256,
    value: 1_024,
    // What stands for an empty key and an empty value.
    overhead: 2,
};

const STYLE: Style = Style { escape, width: characters };

fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    (position.c == '<' && position.next_is(|next| next == '!')).then_some("<\u{200b}")
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let address = settings.address.hook_url("Zoom incoming webhook URL")?;
    let authorization = token(settings, "empty Zoom verification token")?.to_owned();
    Ok(Box::new(Zoom {
        target: WebhookTarget { url: with_format(&address), judge, masker: settings.masker.clone() },
        authorization,
    }))
}

/// The address with a `format` in its query: Zoom takes this payload only in the full one.
fn with_format(address: &HookUrl) -> HookUrl {
    const FORMAT: &str = "format";
    let (_, path, query) = address.parts();
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = pairs.collect();
    if pairs.iter().any(|(key, value)| key == FORMAT && !value.is_empty()) {
        return address.clone();
    }
    pairs.retain(|(key, _)| key != FORMAT);
    pairs.push((Cow::Borrowed(FORMAT), Cow::Borrowed("full")));
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let path = if path.is_empty() { "/" } else { path };
    address.moved(path, Some(&form::encode(pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref())))))
}

const ERRORS: &str = "[Error Codes](https://developers.zoom.us/docs/api/errors), of Zoom's API; of the app \"Incoming Webhook\" none was found";

/// What is about the token or the webhook, and not about the message.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Credentials,
        "the verification token is not accepted; copy it again into key 'token' of the Secret",
        ERRORS,
    )
    .at("/code", &["4700"]),
    Refusal::means(
        FailureClass::Credentials,
        "the verification token is not that of this webhook; copy it again into key 'token' of the Secret",
        ERRORS,
    )
    .on(401),
];

/// As everywhere, but words about the token count.
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge_with(REFUSALS, response, now, masker)
}

struct Zoom {
    target: WebhookTarget,
    authorization: String,
}

impl Provider for Zoom {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let mut headers = json_headers(1);
        headers.push(authorization::header(self.authorization.clone()));
        Ok(self.target.post(headers, json_body(&Message::of(notification))?))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

#[derive(Serialize)]
struct Message<'a> {
    content: Content<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    head: Head<'a>,
    body: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Head<'a> {
    text: String,
    sub_head: SubHead<'a>,
}

#[derive(Serialize)]
struct SubHead<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Part<'a> {
    Message {
        #[serde(skip_serializing_if = "str::is_empty")]
        text: Cow<'a, str>,
    },
    Fields {
        items: Vec<Item<'a>>,
    },
}

#[derive(Serialize)]
struct Item<'a> {
    key: Cow<'a, str>,
    value: Cow<'a, str>,
}

impl<'a> Message<'a> {
    fn of(notification: &'a Notification<'_>) -> Self {
        let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &LIMITS);
        let head = Head {
            text: STYLE.title(notification, HEAD),
            sub_head: SubHead { text: STYLE.fit(notification.severity().as_str(), SEVERITY) },
        };
        let mut body = vec![Part::Message { text }];
        if !entries.is_empty() {
            let item = |(key, value)| Item { key: or_blank(key), value: or_blank(value) };
            body.push(Part::Fields { items: entries.into_iter().map(item).collect() });
        }
        Self { content: Content { head, body } }
    }
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "{scheme}://{host}/services/T0/{secret}?format=full&sig={secret}",
    refusals: REFUSALS,
    ..Sample::webhook(Markup::Forbids(&["<!"]), &[Limit::text("text", "/content/body/0/text", 4_096, CHOSEN)])
};
