//! What Lark's answers mean: the outcome is a code in the body, mostly with status 200.

use campanile_domain::{Disposition, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::{classify, told};

/// The class of a code, and what it means (Lark, "Custom bot usage guide", error codes). What is not here is the fault of
/// the one message.
const CODES: &[(i64, FailureClass, &str)] = &[
    (9499, FailureClass::Rejected, "the bot refuses this message"),
    (11232, FailureClass::Throttled, "too many messages to the bot"),
    (11233, FailureClass::Throttled, "too many messages to the bot"),
    (19001, FailureClass::Gone, "the bot's webhook is not there; correct the address"),
    (
        19021,
        FailureClass::Credentials,
        "the bot wants signatures, which are not supported; switch them off and use another of its security settings",
    ),
    (
        19022,
        FailureClass::Credentials,
        "the bot does not take messages from here; add the sender's IP to its list",
    ),
    (
        19024,
        FailureClass::Rejected,
        "the message has none of the bot's keywords; add one to spec.eventMetadata of the Alert",
    ),
    (99_991_400, FailureClass::Throttled, "too many messages to the bot"),
];

/// A code that means two things says in words when it means this.
const TOO_MANY: &str = "too many request";

/// As everywhere, but a code other than 0 is a failure whatever the status (contract, providers 23.13, FIX).
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let by_status = classify(response);
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = answer.code.filter(|code| *code != 0).or(answer.status_code).unwrap_or_default();
    let passes = by_status.is_some_and(|class| class.disposition() == Disposition::Retry);
    if code == 0 || passes {
        return crate::judge(response, now, masker);
    }
    let (class, what) = if answer.msg.to_lowercase().contains(TOO_MANY) {
        (FailureClass::Throttled, "too many messages to the bot")
    } else {
        let known = CODES.iter().find(|(known, _, _)| *known == code);
        known.map_or((FailureClass::Rejected, "the bot refuses this message"), |(_, class, what)| {
            (*class, *what)
        })
    };
    told(class, what, response, now, masker)
}

#[derive(Default, Deserialize)]
struct Answer {
    code: Option<i64>,
    /// What older bots call it.
    #[serde(rename = "StatusCode")]
    status_code: Option<i64>,
    #[serde(default)]
    msg: String,
}
