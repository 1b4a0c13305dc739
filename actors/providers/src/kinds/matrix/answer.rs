//! What a homeserver's answers mean.

use std::time::Duration;

use campanile_domain::{FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::{told, with_pause};

/// As everywhere, but 403 is about the room, and the pause of a rate limit is exact in the body (Client-Server API,
/// "Standard error response", "Rate limiting").
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    let (class, what) = match (response.status, answer.errcode.as_str()) {
        (403, "M_FORBIDDEN") => (
            FailureClass::Gone,
            "the account may not write to the room; invite it to the room of spec.channel, and join",
        ),
        (404, "M_NOT_FOUND") => (FailureClass::Gone, "the room is not there; correct spec.channel"),
        _ => {
            let pause = answer.retry_after_ms.map(Duration::from_millis);
            return with_pause(crate::judge(response, now, masker), pause);
        }
    };
    told(class, what, response, now, masker)
}

#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    errcode: String,
    retry_after_ms: Option<u64>,
}
