//! The rate limit of a destination as an answer tells it: how long to wait, and whether this was the last request for a
//! while.
//!
//! One table of headers serves all types, since hosts copy each other's names:
//!
//! - `Retry-After`: seconds or a date (RFC 9110, 10.2.3);
//! - `X-RateLimit-Remaining` and `X-RateLimit-Reset`, a Unix time: GitHub (REST API, "Rate limits for the REST API");
//! - `X-RateLimit-Reset-After`, seconds with a fraction: Discord (API reference, "Rate limits", "Header format"). Its
//!   `X-RateLimit-Scope` needs no reading: a Provider is one webhook, so user, shared and global limits all stop it;
//! - `RateLimit-Remaining` and `RateLimit-Reset`, a Unix time: GitLab ("Rate limits", response headers). The draft of the
//!   IETF has the same names with a number of seconds;
//! - `X-Sentry-Rate-Limits`, `seconds:categories:…` in a list, on successes as well: Sentry (Expected features, "Rate
//!   limiting").

use std::time::Duration;

use campanile_domain::Response;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest pause that a destination can ask for. More would let a broken clock at the other end silence a Provider.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// A reset time from here on is a Unix time, below it a number of seconds.
const FIRST_UNIX_TIME: f64 = 1_000_000_000.0;

/// What Sentry calls the two kinds of items that are sent to it.
const SENTRY_CATEGORIES: [&str; 2] = ["error", "transaction"];

/// The pause in which the destination takes nothing more after this answer, successful or not; none if it does not say that the
/// limit is used up. At most an hour. `now` is when the answer came.
pub fn quota_pause(response: &Response, now: Timestamp) -> Option<Duration> {
    let sentry = || SENTRY_CATEGORIES.iter().filter_map(|category| sentry_pause(response, category)).max();
    let asked = if is_exhausted(response) { end_of_limit(response, now) } else { sentry() };
    asked.map(|pause| pause.min(LONGEST_PAUSE)).filter(|pause| !pause.is_zero())
}

/// Whether a refusal is about the number of requests, as far as its headers tell.
pub(crate) fn is_rate_limit(response: &Response) -> bool {
    response.header("retry-after").is_some() || is_exhausted(response)
}

/// The pause that a failure asks for, within [`LONGEST_PAUSE`]: `Retry-After`, or else the end of a limit that is used up.
pub(crate) fn pause(response: &Response, now: Timestamp) -> Option<Duration> {
    let asked = match response.header("retry-after") {
        Some(text) => retry_after(text.trim(), now),
        None if is_exhausted(response) => end_of_limit(response, now),
        None => None,
    };
    asked.map(|pause| pause.min(LONGEST_PAUSE))
}

/// The time until a limit ends, told as a Unix time or a number of seconds, either with a fraction.
pub(crate) fn reset(text: &str, now: Timestamp) -> Option<Duration> {
    let seconds = number(text)?;
    if seconds < FIRST_UNIX_TIME {
        return Some(whole(seconds));
    }
    // What is too large for an integer becomes the largest one, which is no time.
    let time = Timestamp::from_millisecond((seconds * 1000.0).round() as i64);
    Some(time.map_or(LONGEST_PAUSE, |time| until(time, now)))
}

/// The longest of the limits that hold for `category`. Each is written as `seconds:category;category:…`, and one
/// without categories holds for all.
pub(crate) fn sentry_pause(response: &Response, category: &str) -> Option<Duration> {
    let limit = |limit: &str| {
        let mut fields = limit.split(':').map(str::trim);
        let seconds = number(fields.next()?)?;
        let categories = fields.next().unwrap_or_default();
        let holds = categories.is_empty() || categories.split(';').any(|name| name.trim() == category);
        holds.then(|| whole(seconds))
    };
    response.header("x-sentry-rate-limits")?.split(',').filter_map(limit).max()
}

fn is_exhausted(response: &Response) -> bool {
    ["x-ratelimit-remaining", "ratelimit-remaining"]
        .iter()
        .any(|name| response.header(name).is_some_and(|left| left.trim() == "0"))
}

fn end_of_limit(response: &Response, now: Timestamp) -> Option<Duration> {
    let header = |name| response.header(name).map(str::trim);
    if let Some(seconds) = header("x-ratelimit-reset-after").and_then(number) {
        return Some(whole(seconds));
    }
    ["x-ratelimit-reset", "ratelimit-reset"].iter().find_map(|name| reset(header(name)?, now))
}

/// Seconds or an HTTP date; a date that has passed is no pause.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text.parse().map_or(LONGEST_PAUSE, Duration::from_secs));
    }
    let date = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    Some(until(date, now))
}

/// A number that is not negative, without an exponent.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse().ok().filter(|_| plain)
}

fn whole(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_PAUSE)
}

fn until(time: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::answer;
    use campanile_testkit::noon;

    fn after(status: u16, headers: &[(&str, &str)]) -> Option<f64> {
        quota_pause(&answer(status, headers, ""), noon()).map(|pause| pause.as_secs_f64())
    }

    #[test]
    fn a_success_that_was_the_last_one_says_until_when() {
        let github = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1786104045")];
        assert_eq!(after(201, &github), Some(45.0), "noon is 1786104000");
        let gitlab = [("ratelimit-remaining", "0"), ("ratelimit-reset", "1786104030")];
        assert_eq!(after(201, &gitlab), Some(30.0));
        let draft = [("ratelimit-remaining", "0"), ("ratelimit-reset", "30")];
        assert_eq!(after(200, &draft), Some(30.0));
        let discord = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1786104000.470"),
            ("x-ratelimit-reset-after", "0.47"),
        ];
        assert_eq!(after(204, &discord), Some(0.47));
        assert_eq!(after(204, &discord[..2]), Some(0.47), "the time itself has a fraction too");
        let sentry =
            [("x-sentry-rate-limits", "60:attachment:key, 2700:default;error;security:organization")];
        assert_eq!(after(200, &sentry), Some(2700.0));
        assert_eq!(after(200, &[("x-sentry-rate-limits", "60::organization")]), Some(60.0));
    }

    #[test]
    fn a_success_with_something_left_asks_for_no_pause() {
        for headers in [
            &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1786104045")] as &[_],
            &[("x-ratelimit-reset-after", "5")],
            &[("x-ratelimit-remaining", "0")],
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1786103999")],
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")],
            &[("x-sentry-rate-limits", "60:attachment:key")],
            &[("x-sentry-rate-limits", "soon::")],
            &[("retry-after", "5")],
        ] {
            assert_eq!(after(200, headers), None, "{headers:?}");
        }
    }

    #[test]
    fn a_quota_that_ends_in_the_far_future_is_asked_for_again_after_an_hour() {
        for reset in ["99999999999999999999", "1786190400", "7200"] {
            let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)];
            assert_eq!(after(200, &headers), Some(3600.0), "{reset}");
        }
        assert_eq!(after(200, &[("x-sentry-rate-limits", "9999999::")]), Some(3600.0));
    }
}
