//! What Webex's answers mean.

use campanile_domain::{Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;

use crate::judgement::{quote, verdict};

/// As everywhere, but 404 is about the room and not the address, and 423 is a room that is locked for the moment (Webex
/// REST API basics, "HTTP status codes").
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let (class, what) = match response.status {
        404 => (
            FailureClass::Gone,
            "the room is not there for this token; correct spec.channel, or add the bot to the room",
        ),
        423 => (FailureClass::Server, "the room is locked for the moment"),
        _ => return crate::judge(response, now, masker),
    };
    let (status, quote) = (response.status, quote(&response.body, masker));
    let colon = if quote.is_empty() { "" } else { ": " };
    verdict(
        response,
        now,
        Failure::new(class, format!("request failed with status code {status}, {what}{colon}{quote}")),
    )
}
