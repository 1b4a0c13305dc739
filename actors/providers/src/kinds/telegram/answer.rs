//! What Telegram's answers mean.

use std::time::Duration;

use campanile_domain::{FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::{told, with_pause};

/// What the description of a 400 says, in lower case, if it is about the chat and not about the message.
const PLACES: [&str; 9] = [
    "chat not found",
    "upgraded to a supergroup",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "not enough rights",
    "have no rights",
    "chat_write_forbidden",
    "peer_id_invalid",
];

/// As everywhere, but 404 is about the token, which is a part of the path, 400 and 403 can be about the chat, and the
/// pause of a rate limit is in the body (Bot API, "Making requests", `ResponseParameters`).
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    let (class, what) = match response.status {
        401 | 404 => (
            if response.status == 401 { FailureClass::Credentials } else { FailureClass::Gone },
            "no bot has this token; renew key 'token' of the Secret",
        ),
        403 => (FailureClass::Gone, "the bot may not write there; add it to the chat of spec.channel"),
        400 if answer.is_about_the_place() => (
            FailureClass::Gone,
            "the chat or thread is not there for this bot; correct spec.channel, or add the bot to it",
        ),
        _ => {
            let pause = answer.parameters.retry_after.map(Duration::from_secs);
            return with_pause(crate::judge(response, now, masker), pause);
        }
    };
    told(class, what, response, now, masker)
}

#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    /// In seconds.
    retry_after: Option<u64>,
}

impl Answer {
    fn is_about_the_place(&self) -> bool {
        let description = self.description.to_lowercase();
        PLACES.iter().any(|place| description.contains(place))
    }
}
