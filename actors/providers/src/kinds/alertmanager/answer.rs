//! What Alertmanager's answers mean.

use campanile_domain::{FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;

use crate::judgement::told;

/// Whether the name of a label was refused: `"app-version" is not a valid label name`, `invalid label set …`.
pub(super) fn refuses_a_label(response: &Response) -> bool {
    /// The longest text that is looked through, in bytes.
    const LONGEST_TEXT: usize = 4096;
    let text = response.body.get(..LONGEST_TEXT).unwrap_or(&response.body);
    response.status == 400 && text.windows(b"label".len()).any(|word| word == b"label")
}

/// As everywhere, but where there is no API the path is wrong: versions before 0.27 answer 410 for the first one.
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    match response.status {
        404 | 405 | 410 => {
            let what = "there is no API for alerts at this path; the address should end with /api/v2/alerts/";
            told(FailureClass::Gone, what, response, now, masker)
        }
        _ => crate::judge(response, now, masker),
    }
}
