//! Judgement of the answers of Teams' webhooks.

use campanile_domain::{FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;

use crate::refusal::{Refusal, SEEN, judge_with};
use crate::too_long;

/// How a connector begins the tale of a failure that it answers 200 to (Teams, "Create and send messages",
/// rate limiting for connectors: they "do not throw 429s").
const FAILED: &str = "Webhook message delivery failed";

/// What stands before the status that Teams had answered to the connector.
const STATUS: &str = "returned HTTP error ";

/// The status where the text gives none that could be a failure.
const UNKNOWN: u16 = 502;

/// The longest text that is looked through, in bytes.
const LONGEST_TEXT: usize = 1024;

/// What Power Automate, which runs Workflows, says of a workflow and not of the message.
pub(super) const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Gone,
        "the workflow is switched off or was deleted; switch it on in Power Automate, or make a new one and put its address \
         into the Secret",
        SEEN,
    )
    .at("/error/code", &["WorkflowTriggerIsNotEnabled"]),
    Refusal::means(
        FailureClass::Gone,
        "the workflow is not there; make a new one and put its address into the Secret",
        SEEN,
    )
    .at("/error/code", &["WorkflowNotFound"]),
    Refusal::means(
        FailureClass::Credentials,
        "the address has no valid signature, or the trigger does not let anyone in; set it to Anyone and copy the whole address \
         again",
        SEEN,
    )
    .at("/error/code", &["DirectApiAuthorizationRequired"]),
];

/// As everywhere, but words about the workflow count, and the status of a failure that a connector only tells in words counts as if it were the answer's.
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    match told_status(response) {
        Some(status) => judge_with(REFUSALS, &Response { status, ..response.clone() }, now, masker),
        None => judge_with(REFUSALS, response, now, masker),
    }
}

/// Whether the message has to be shorter.
pub(super) fn is_too_long(response: &Response) -> bool {
    too_long::is_said(response) || told_status(response) == Some(413)
}

/// The status of a failure in the text of an answer that claims success.
fn told_status(response: &Response) -> Option<u16> {
    if !(200..=299).contains(&response.status) {
        return None;
    }
    let text = String::from_utf8_lossy(response.body.get(..LONGEST_TEXT).unwrap_or(&response.body));
    if !text.contains(FAILED) {
        return None;
    }
    let (_, rest) = text.split_once(STATUS).unwrap_or_default();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).take(3).collect();
    Some(digits.parse().ok().filter(|status| *status >= 400).unwrap_or(UNKNOWN))
}
