//! Judgement of Google's answers to a publication.

use std::fmt;

use campanile_domain::{Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::{classify, quote, verdict};

/// The step that was tried.
pub(super) enum Doing<'a> {
    LogIn,
    /// To the topic of this name.
    Publish(&'a str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    message_ids: Vec<String>,
}

impl fmt::Display for Doing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogIn => f.write_str("failed to get token for the service account"),
            Self::Publish(topic) => write!(f, "error publishing to GCP Pub/Sub topic {topic}"),
        }
    }
}

/// Whether the message has a number now.
pub(super) fn is_published(response: &Response) -> bool {
    let published = || serde_json::from_slice::<Published>(&response.body);
    matches!(response.status, 200..=299) && published().is_ok_and(|it| !it.message_ids.is_empty())
}

/// The verdict on anything else.
pub(super) fn failed(doing: &Doing<'_>, response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let class = class(doing, response);
    let (status, remedy, quote) = (response.status, remedy(doing, class), quote(response.quotable(), masker));
    let text = format!("{doing}: google answered {status}, {remedy}: {quote}");
    verdict(response, now, Failure::masked(class, &text, masker))
}

/// The shared table, and what Pub/Sub says otherwise: aborted and cancelled calls are to be repeated (contract, providers
/// 23.8; `google.rpc.Code`). A key that is not taken, whatever the status, is a matter of credentials.
fn class(doing: &Doing<'_>, response: &Response) -> FailureClass {
    use FailureClass as C;
    match (doing, classify(response)) {
        (Doing::LogIn, Some(C::Rejected | C::Gone)) => C::Credentials,
        (Doing::Publish(_), _) if matches!(response.status, 409 | 499) => C::Server,
        (_, Some(class)) => class,
        (_, None) => C::Garbled,
    }
}

fn remedy(doing: &Doing<'_>, class: FailureClass) -> &'static str {
    use FailureClass as C;
    match (doing, class) {
        (Doing::LogIn, C::Credentials) => "the key is not accepted; renew it in key 'token' of the Secret",
        (Doing::Publish(_), C::Credentials) => {
            "the service account may not publish; give it the role Pub/Sub Publisher on the topic"
        }
        (_, C::Gone) => "the topic is not there; create it, or correct spec.address and spec.channel",
        (_, C::Rejected) => "it refuses this message",
        (_, C::Throttled) => "too many requests",
        (_, C::Garbled) => "that is no answer of its API",
        _ => "it has a problem",
    }
}
