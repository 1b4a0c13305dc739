//! What Google Chat's answers mean: the status, and for two of them the reason in the body.

use campanile_domain::{Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::{quote, verdict};

/// Reasons of a 403 that is a rate limit (Google Workspace, "Resolve errors", usage limits).
const RATE_LIMITS: [&str; 4] =
    ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"];

/// Reasons of a 400 that is about the webhook's key, not about the message (Google APIs, `ErrorReason`).
const KEY_REASONS: [&str; 2] = ["API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED"];

/// As everywhere, but a bad `key` of the webhook comes as 400, and an old form of rate limit as 403.
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let (class, what) = match response.status {
        403 if has_reason(response, &RATE_LIMITS) => (FailureClass::Throttled, "too many requests"),
        400 if has_reason(response, &KEY_REASONS) => {
            (FailureClass::Credentials, "the webhook's key is not valid; renew the address")
        }
        _ => return crate::judge(response, now, masker),
    };
    let (status, quote) = (response.status, quote(&response.body, masker));
    let text = format!("request failed with status code {status}, {what}: {quote}");
    verdict(response, now, Failure::new(class, text))
}

/// Google's error model (AIP-193), in its new and its old form.
#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    error: Error,
}

#[derive(Default, Deserialize)]
struct Error {
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Detail>,
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    reason: String,
}

fn has_reason(response: &Response, reasons: &[&str]) -> bool {
    let Answer { error } = serde_json::from_slice(&response.body).unwrap_or_default();
    let is_exhausted = response.status == 403 && error.status == "RESOURCE_EXHAUSTED";
    let mut details = error.details.iter().chain(&error.errors);
    is_exhausted || details.any(|detail| reasons.contains(&detail.reason.as_str()))
}
