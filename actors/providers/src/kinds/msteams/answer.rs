//! What the answers of Teams' webhooks mean.

use campanile_domain::{Masker, Response, Verdict};
use jiff::Timestamp;

/// How a connector begins the tale of a failure that it answers 200 to (Teams, "Create and send messages",
/// rate limiting for connectors: they "do not throw 429s").
const FAILED: &str = "Webhook message delivery failed";

/// What stands before the status that Teams had answered to the connector.
const STATUS: &str = "returned HTTP error ";

/// The status where the text gives none that could be a failure.
const UNKNOWN: u16 = 502;

/// The longest text that is looked through, in bytes.
const LONGEST_TEXT: usize = 1024;

/// As everywhere, but the status of a failure that a connector only tells in words counts as if it were the answer's.
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    match told_status(response) {
        Some(status) => crate::judge(&Response { status, ..response.clone() }, now, masker),
        None => crate::judge(response, now, masker),
    }
}

/// Whether the message has to be shorter.
pub(super) fn is_too_large(response: &Response) -> bool {
    told_status(response).unwrap_or(response.status) == 413
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
