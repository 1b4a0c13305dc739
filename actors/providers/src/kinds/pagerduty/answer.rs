//! What PagerDuty's answers mean.

use campanile_domain::{FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::told;

/// As everywhere, but a 400 about the routing key is not the fault of the event.
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let answer: Answer = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status == 400 && answer.is_about_the_key() {
        let what = "no integration has this routing key; correct spec.channel";
        return told(FailureClass::Credentials, what, response, now, masker);
    }
    crate::judge(response, now, masker)
}

#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<String>,
}

impl Answer {
    fn is_about_the_key(&self) -> bool {
        let names = ["routing_key", "routing key", "invalid key", "integration key"];
        let mut texts = self.errors.iter().chain([&self.message]).map(|text| text.to_lowercase());
        texts.any(|text| names.iter().any(|name| text.contains(name)))
    }
}
