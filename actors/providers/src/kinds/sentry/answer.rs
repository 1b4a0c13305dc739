//! What Sentry's answers mean.

use std::time::Duration;

use campanile_domain::{Masker, Response, Verdict};
use jiff::Timestamp;

use crate::judgement::with_pause;

/// As everywhere, for an event: its rate limit is that of the category `error`.
pub(super) fn judge_event(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge("error", response, now, masker)
}

/// As everywhere, for a transaction.
pub(super) fn judge_transaction(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge("transaction", response, now, masker)
}

/// What `X-Sentry-Rate-Limits` says comes before `Retry-After` (Sentry, "Rate limiting").
fn judge(category: &str, response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let limit = response.header("x-sentry-rate-limits").and_then(|limits| pause(limits, category));
    with_pause(crate::judge(response, now, masker), limit)
}

/// The longest of the limits that hold for `category`. Each is written as `seconds:category;category:…`, and one
/// without categories holds for all.
fn pause(limits: &str, category: &str) -> Option<Duration> {
    let limit = |limit: &str| {
        let mut fields = limit.split(':').map(str::trim);
        let seconds: f64 = fields.next()?.parse().ok()?;
        let categories = fields.next().unwrap_or_default();
        let holds = categories.is_empty() || categories.split(';').any(|name| name.trim() == category);
        if holds { Duration::try_from_secs_f64(seconds).ok() } else { None }
    };
    limits.split(',').filter_map(limit).max()
}
