//! What Opsgenie's answers mean.

use std::time::Duration;

use campanile_domain::{Masker, Response, Verdict};
use jiff::Timestamp;

use crate::judgement::with_pause;

/// As everywhere, but the pause of a rate limit is its period, unless the answer says more (API rate limiting).
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(crate::judge(response, now, masker), period(response))
}

fn period(response: &Response) -> Option<Duration> {
    if response.header("retry-after").is_some() {
        return None;
    }
    let seconds = response.header("x-ratelimit-period-in-sec")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
