//! What Rocket.Chat's answers mean.

use std::time::Duration;

use campanile_domain::{Masker, Response, Verdict};
use jiff::Timestamp;

use crate::judgement::with_pause;

/// As everywhere, but Rocket.Chat tells the end of a rate limit in milliseconds (REST API, "Rate limiter"), which read as
/// seconds would be a pause of ages.
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    with_pause(crate::judge(response, now, masker), reset(response, now))
}

fn reset(response: &Response, now: Timestamp) -> Option<Duration> {
    let milliseconds = response.header("x-ratelimit-reset")?.trim().parse().ok()?;
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(Duration::try_from(time.duration_since(now)).unwrap_or(Duration::ZERO))
}
