//! Judgement of a webhook's answer: the table that all such types share.

use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;

use crate::quota::{LONGEST_PAUSE, is_rate_limit, pause};
use crate::text::{excerpt, one_line};

/// How much of an answer's body is quoted, in bytes.
const QUOTED: usize = 256;

/// The verdict on a webhook's answer. `now` is when it came; dates in its headers are measured against that.
///
/// 2xx is success whatever the body says. Of the failures the text names the status, the remedy, and the beginning of
/// the body on one line, with the secrets of `masker` blotted out.
pub fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    match classify(response) {
        None => Verdict::Delivered,
        Some(class) => verdict(response, now, failure(class, response, masker)),
    }
}

/// The failure that an answer's status tells of; none for 2xx.
pub(crate) fn classify(response: &Response) -> Option<FailureClass> {
    use FailureClass as C;
    match response.status {
        200..=299 => None,
        300..=399 => Some(C::Redirected),
        403 if is_rate_limit(response) => Some(C::Throttled),
        401..=403 | 407 => Some(C::Credentials),
        404 | 405 | 410 | 415 | 501 => Some(C::Gone),
        408 => Some(C::Timeout),
        425 | 429 => Some(C::Throttled),
        400..=499 => Some(C::Rejected),
        500..=599 => Some(C::Server),
        _ => Some(C::Garbled),
    }
}

/// `failure` with the pause that the destination asks for, where it is one that passes by itself.
pub(crate) fn verdict(response: &Response, now: Timestamp, failure: Failure) -> Verdict {
    let passes = matches!(failure.class, FailureClass::Throttled | FailureClass::Server);
    match pause(response, now).filter(|_| passes) {
        Some(pause) => Verdict::RetryAfter(pause, failure),
        None => Verdict::Failed(failure),
    }
}

/// `verdict` with the pause that a type finds where the shared rules do not look; none keeps what they found.
pub(crate) fn with_pause(verdict: Verdict, pause: Option<Duration>) -> Verdict {
    match (verdict, pause) {
        (Verdict::Failed(failure) | Verdict::RetryAfter(_, failure), Some(pause))
            if failure.class == FailureClass::Throttled =>
        {
            Verdict::RetryAfter(pause.min(LONGEST_PAUSE), failure)
        }
        (verdict, _) => verdict,
    }
}

/// The verdict on an answer that a type knows to be of `class`, with what that means there and what to do about it.
pub(crate) fn told(
    class: FailureClass,
    what: &str,
    response: &Response,
    now: Timestamp,
    masker: &Masker,
) -> Verdict {
    verdict(response, now, failure_of(class, what, response, masker))
}

/// The failure of a response in words.
fn failure(class: FailureClass, response: &Response, masker: &Masker) -> Failure {
    failure_of(class, remedy(class, response.status), response, masker)
}

fn failure_of(class: FailureClass, what: &str, response: &Response, masker: &Masker) -> Failure {
    let status = response.status;
    let quote = quote(response.quotable(), masker);
    let colon = if quote.is_empty() { "" } else { ": " };
    Failure::new(class, format!("request failed with status code {status}, {what}{colon}{quote}"))
}

/// The beginning of `body` on one line. Secrets go first: cut in half they would no longer be recognised.
pub(crate) fn quote(body: &[u8], masker: &Masker) -> String {
    let line = one_line(&masker.mask(&String::from_utf8_lossy(body)));
    excerpt(masker.mask(&line), QUOTED)
}

fn remedy(class: FailureClass, status: u16) -> &'static str {
    use FailureClass as C;
    match class {
        C::Redirected => "the address has moved; set it to the new location",
        C::Credentials if status == 402 => "it wants to be paid; settle that with the destination",
        C::Credentials => "the credentials are not accepted; renew them in the Secret",
        C::Gone if matches!(status, 405 | 415 | 501) => {
            "there is no webhook that takes messages; correct the address"
        }
        C::Gone => "the webhook is not there; correct the address",
        C::Timeout => "the destination gave up waiting",
        C::Throttled => "too many requests",
        C::Rejected => "the destination refuses this message",
        C::Garbled => "that is no status of HTTP; check the address",
        _ => "the destination has a problem",
    }
}

#[cfg(test)]
mod tests;
