//! What Zulip's answers mean: the status, and for some the code in the body.

use std::time::Duration;

use campanile_domain::{FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::{told, with_pause};

/// As everywhere, but an unknown channel comes as 400, and the pause of a rate limit is in the body too (REST API, "Error
/// handling", <https://zulip.com/api/rest-error-handling>).
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    if answer.code == "STREAM_DOES_NOT_EXIST" {
        let what = "the channel is not there for this bot; correct spec.channel, or subscribe the bot to it";
        return told(FailureClass::Gone, what, response, now, masker);
    }
    let pause = answer.retry_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let pause = pause.filter(|_| response.header("retry-after").is_none());
    with_pause(crate::judge(response, now, masker), pause)
}

#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    code: String,
    /// In seconds.
    #[serde(rename = "retry-after")]
    retry_after: Option<f64>,
}
