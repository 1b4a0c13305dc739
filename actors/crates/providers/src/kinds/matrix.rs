//! `matrix`: a text message in a room of Matrix (contract, providers 23.14).
//!
//! The payload is the contract's. Its FIXes are taken: the room's id is escaped in the path, a slash at the end of the
//! address does no harm, and a Provider without token or room is refused. The transaction id is a hash of the event, so a
//! homeserver posts a repeated delivery once. The text is plain; only `@room`, which calls everybody, is broken.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, Method, Notification, Request, Response, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::authorization::{self, token};
use crate::encoding::hash::sha1;
use crate::encoding::segment;
use crate::exchange::Post;
use crate::judgement::with_pause;
use crate::refusal::{Refusal, judge_with};
use crate::render::{MarkupContext, MessageBody, MessageLimits, Style, emoji, event_body, json_bytes};
use crate::sample::{KeyPlace, KeyScope, Limit, Markup, RepeatKey, Sample};
use crate::webhook::{json_body, json_headers};
use crate::{ConfigError, Exchange, Provider, Settings};

/// The largest event, in bytes (Client-Server API, "Size limits",
/// <https://spec.matrix.org/latest/client-server-api/#size-limits>).
const LARGEST_EVENT: usize = 65_536;

/// What homeservers add to a message, and what counts too: ids, hashes, signatures, references.
const ENVELOPE: usize = 8_192;

/// What stands around the object's name and at the end of the message.
const FRAME: usize = 64;

/// Longest name of an object, in bytes.
const LONGEST_NAME: usize = 1_200;

/// What stands around a key and its value in JSON.
const OVERHEAD: usize = "- : \\n".len();

const STYLE: Style = Style { escape, width: json_bytes };

/// The word that notifies a whole room (Client-Server API, push rule `.m.rule.roomnotif`).
fn escape(position: &MarkupContext<'_>) -> Option<&'static str> {
    (position.c == '@' && position.after.starts_with("room")).then_some("@\u{200b}")
}

pub(crate) fn build(settings: &Settings) -> Result<Box<dyn Provider>, ConfigError> {
    let address = settings.address.hook_url("Matrix homeserver URL")?;
    if settings.channel.is_empty() {
        return Err(ConfigError::NoChannel("empty Matrix room ID"));
    }
    let authorization = format!("Bearer {}", token(settings, "empty Matrix access token")?);
    let room = segment(&settings.channel);
    let path = format!(
        "{}/_matrix/client/r0/rooms/{room}/send/m.room.message/",
        address.parts().1.trim_end_matches('/')
    );
    Ok(Box::new(Matrix {
        transactions: address.moved(&path, None).as_str().to_owned(),
        authorization,
        masker: settings.masker.clone(),
    }))
}

struct Matrix {
    /// What a transaction's id is appended to.
    transactions: String,
    authorization: String,
    masker: Arc<Masker>,
}

#[derive(Serialize)]
struct Message {
    body: String,
    msgtype: &'static str,
}

impl Provider for Matrix {
    fn exchange(&self, notification: &Notification<'_>) -> Result<Box<dyn Exchange>, Failure> {
        let mut headers = json_headers(1);
        headers.push(authorization::header(self.authorization.clone()));
        let request = Request {
            method: Method::Put,
            url: format!("{}{}", self.transactions, transaction(notification)?),
            headers,
            body: json_body(&Message { body: text_of(notification), msgtype: "m.text" })?,
        };
        Ok(Box::new(Post::new(request, judge, self.masker.clone())))
    }

    fn reads_success(&self) -> bool {
        false
    }
}

/// The same for the same event, whatever delivers it, Flux's notification-controller included. That one knows no other fields.
fn transaction(notification: &Notification<'_>) -> Result<String, Failure> {
    Ok(sha1(&event_body::known(notification)?))
}

fn text_of(notification: &Notification<'_>) -> String {
    let name = STYLE.title(notification, LONGEST_NAME);
    let total = LARGEST_EVENT - ENVELOPE - FRAME - STYLE.measure(&name);
    let limits = MessageLimits {
        total,
        text: total,
        share: 16_000,
        count: 200,
        key: 300,
        value: 8_000,
        overhead: OVERHEAD,
    };
    let MessageBody { text, entries } = STYLE.body(notification, notification.facts(), &limits);
    let mut out = format!("{} {name}\n{text}\n", emoji(notification));
    for (key, value) in entries {
        // Writing to a String does not fail.
        writeln!(out, "- {key}: {value}").unwrap_or_default();
    }
    out
}

const ERRORS: &str = "[Client-Server API, Standard error response](https://spec.matrix.org/latest/client-server-api/#standard-error-response)";

/// What is about the account or the room, and not about the message.
const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Gone,
        "the account may not write to the room; invite it to the room of spec.channel, and join",
        ERRORS,
    )
    .on(403)
    .at("/errcode", &["M_FORBIDDEN"]),
    Refusal::means(FailureClass::Gone, "the room is not there; correct spec.channel", ERRORS)
        .on(404)
        .at("/errcode", &["M_NOT_FOUND"]),
    Refusal::means(
        FailureClass::Credentials,
        "the access token is not accepted; renew key 'token' of the Secret",
        ERRORS,
    )
    .at("/errcode", &["M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"]),
];

/// As everywhere, but words about the account or the room count, and the pause of a rate limit is exact in the body
/// (Client-Server API, "Standard error response", "Rate limiting").
fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    with_pause(judge_with(REFUSALS, response, now, masker), answer.retry_after_ms.map(Duration::from_millis))
}

#[derive(Default, Deserialize)]
struct Answer {
    retry_after_ms: Option<u64>,
}

/// A Provider of this type for tests.
pub(crate) const SAMPLE: Sample = Sample {
    url: "{scheme}://{host}/services/T0/{secret}/_matrix/client/r0/rooms/general/send/m.room.message/",
    refusals: REFUSALS,
    key: Some(RepeatKey { place: KeyPlace::Url, scope: KeyScope::Delivery }),
    ..Sample::webhook(
        Markup::Forbids(&["@room"]),
        &[Limit::body(
            "event",
            65_536,
            "[Client-Server API, Size limits](https://spec.matrix.org/latest/client-server-api/#size-limits)",
        )],
    )
};
