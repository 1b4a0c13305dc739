//! What Datadog's answers mean.

use campanile_domain::{FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::de::IgnoredAny;

use crate::judgement::told;

/// As everywhere, but an answer that is neither empty nor JSON is none of Datadog's (contract, providers 23.19).
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let is_answer = response.body.is_empty() || serde_json::from_slice::<IgnoredAny>(&response.body).is_ok();
    match crate::judge(response, now, masker) {
        Verdict::Delivered if !is_answer => {
            let what = "but the answer is no JSON; check that the address is one of Datadog's API";
            told(FailureClass::Garbled, what, response, now, masker)
        }
        verdict => verdict,
    }
}
