//! What Sentry's answers mean.

use campanile_domain::{Masker, Response, Verdict};
use jiff::Timestamp;

use crate::judgement::with_pause;
use crate::quota::sentry_pause;

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
    with_pause(crate::judge(response, now, masker), sentry_pause(response, category))
}
