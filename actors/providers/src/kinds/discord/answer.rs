//! What Discord's answers mean.

use std::time::Duration;

use campanile_domain::{Masker, Response, Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::judgement::with_pause;

/// As everywhere, but the pause of a rate limit is exact in the body and whole seconds, if anything, in the header (API
/// reference, "Rate limits", "Exceeding A Rate Limit",
/// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>).
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(crate::judge(response, now, masker), asked(response))
}

#[derive(Deserialize)]
struct RateLimited {
    /// In seconds.
    retry_after: f64,
}

fn asked(response: &Response) -> Option<Duration> {
    let limited: RateLimited = serde_json::from_slice(&response.body).ok()?;
    Duration::try_from_secs_f64(limited.retry_after).ok()
}
