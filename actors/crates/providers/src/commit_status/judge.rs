//! Judgement of the answers of Git hosts.
//!
//! Beyond the table that all types share: a status that cannot be found or is refused is given up alone, and a 403 or
//! 429 that speaks of a rate limit is one whatever its headers say.

use std::time::Duration;

use campanile_domain::{Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;

use super::listing::is_json;
use crate::judgement::{classify, quote};
use crate::quota::{LONGEST_PAUSE, pause, reset};

/// The least pause after a limit whose end is not told, or of which GitHub asks for a minute at least (REST API, best
/// practices, secondary rate limits).
const MINUTE: Duration = Duration::from_secs(60);

/// The rule for the body of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyRule {
    /// The body may be anything.
    Any,
    /// JSON, unless the status says that there is none.
    Json,
    /// The body is JSON, or there is none.
    JsonOrNothing,
}

impl BodyRule {
    pub(crate) fn allows(self, response: &Response) -> bool {
        match self {
            Self::Any => true,
            Self::Json => matches!(response.status, 204 | 304) || is_json(&response.body),
            Self::JsonOrNothing => response.body.is_empty() || is_json(&response.body),
        }
    }
}

/// The words of a type's failures for what it writes.
pub(crate) struct About {
    /// The thing that is written.
    pub(crate) thing: &'static str,
    /// The place where it is written.
    pub(crate) place: &'static str,
}

/// The words of types that write commit statuses.
pub(super) static STATUS: About = About { thing: "status", place: "repository or commit" };

/// An answer, and what is needed to judge it.
pub(crate) struct HostAnswer<'a> {
    /// The step that was tried.
    pub(crate) doing: &'static str,
    pub(crate) about: &'static About,
    pub(crate) response: &'a Response,
    pub(crate) now: Timestamp,
    pub(crate) masker: &'a Masker,
}

impl HostAnswer<'_> {
    /// The verdict on an answer that is no success.
    pub(crate) fn failed(&self) -> Verdict {
        self.failed_as(class(self.response))
    }

    /// The verdict on an answer that is no success, where a type knows better of which class it is.
    pub(crate) fn failed_as(&self, class: FailureClass) -> Verdict {
        let failure = self.failure(class);
        match pause_of(class, self.response, self.now) {
            Some(pause) => Verdict::RetryAfter(pause, failure),
            None => Verdict::Failed(failure),
        }
    }

    /// The verdict on a success whose body is not of this API.
    pub(crate) fn garbled(&self) -> Verdict {
        Verdict::Failed(self.failure(FailureClass::Garbled))
    }

    fn failure(&self, class: FailureClass) -> Failure {
        let (doing, status) = (self.doing, self.response.status);
        let remedy = remedy(class, status, self.about);
        let quote = quote(self.response.quotable(), self.masker);
        let colon = if quote.is_empty() { "" } else { ": " };
        Failure::new(class, format!("{doing}: the host answered {status}, {remedy}{colon}{quote}"))
    }
}

fn class(response: &Response) -> FailureClass {
    use FailureClass as C;
    if matches!(response.status, 403 | 429) && speaks_of(response, b"rate limit") {
        return C::Throttled;
    }
    match classify(response) {
        Some(C::Gone) => C::Rejected,
        Some(C::Credentials) if response.status == 402 => C::Rejected,
        Some(class) => class,
        // Azure DevOps answers so with its sign-in page.
        None if response.status == 203 => C::Credentials,
        None => C::Garbled,
    }
}

/// How long the whole Provider must wait.
fn pause_of(class: FailureClass, response: &Response, now: Timestamp) -> Option<Duration> {
    let told = pause(response, now);
    match class {
        FailureClass::Server => told,
        FailureClass::Throttled => {
            let told = told.or_else(|| further_headers(response, now));
            let secondary = speaks_of(response, b"secondary rate limit");
            Some(told.map_or(MINUTE, |pause| if secondary { pause.max(MINUTE) } else { pause }))
        }
        _ => None,
    }
}

/// GitLab tells the end of a limit with every 429; Azure DevOps tells for how long it delays requests.
fn further_headers(response: &Response, now: Timestamp) -> Option<Duration> {
    let header = |name: &str| response.header(name).map(str::trim);
    if let Some(end) = header("ratelimit-reset").filter(|_| response.status == 429) {
        return reset(end, now);
    }
    let delay: f64 = header("x-ratelimit-delay")?.parse().ok()?;
    Duration::try_from_secs_f64(delay.ceil()).ok().map(|delay| delay.min(LONGEST_PAUSE))
}

/// Whether the body has these words, whatever their case.
pub(crate) fn speaks_of(response: &Response, words: &[u8]) -> bool {
    response.body.windows(words.len()).any(|window| window.eq_ignore_ascii_case(words))
}

fn remedy(class: FailureClass, status: u16, about: &About) -> String {
    use FailureClass as C;
    let About { thing, place } = about;
    let text = match class {
        C::Redirected => "the repository has moved; set the Provider's address to its new location",
        C::Credentials => "the token is not accepted or lacks a right; renew it in the Secret",
        C::Rejected | C::Gone if matches!(status, 404 | 410) => {
            return format!("the {place} is not there, or the token may not see it");
        }
        C::Rejected => return format!("the host refuses this {thing}"),
        C::Timeout => "the host gave up waiting",
        C::Throttled => "too many requests",
        C::Garbled => "that is no answer of its API; check the Provider's address",
        _ => "the host has a problem",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::answer;
    use FailureClass as C;
    use campanile_testkit::noon;

    fn judge(response: &Response) -> (FailureClass, Option<u64>, String) {
        let masker = Masker::new(["ghp_token"]);
        let answer =
            HostAnswer { doing: "could not write", about: &STATUS, response, now: noon(), masker: &masker };
        match answer.failed() {
            Verdict::Failed(failure) => (failure.class, None, failure.message),
            Verdict::RetryAfter(pause, failure) => (failure.class, Some(pause.as_secs()), failure.message),
            other => panic!("no failure: {other:?}"),
        }
    }

    fn limited(status: u16, headers: &[(&str, &str)], body: &str) -> Option<u64> {
        let (class, pause, _) = judge(&answer(status, headers, body));
        assert_eq!(class, C::Throttled, "{status} {headers:?} {body}");
        pause
    }

    #[test]
    fn s17_statuses_have_their_classes() {
        let table = [
            (301, C::Redirected),
            (400, C::Rejected),
            (401, C::Credentials),
            (402, C::Rejected),
            (403, C::Credentials),
            (404, C::Rejected),
            (405, C::Rejected),
            (415, C::Rejected),
            (501, C::Rejected),
            (408, C::Timeout),
            (410, C::Rejected),
            (422, C::Rejected),
            (500, C::Server),
            (503, C::Server),
            (202, C::Garbled),
            (203, C::Credentials),
        ];
        for (status, class) in table {
            let (found, pause, _) = judge(&answer(status, &[], ""));
            assert_eq!((found, pause), (class, None), "{status}");
        }
        assert_eq!(judge(&answer(503, &[("retry-after", "9")], "")).1, Some(9));
    }

    #[test]
    fn the_primary_limit_of_github_ends_at_its_reset() {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1786104045")];
        for status in [403, 429] {
            assert_eq!(limited(status, &headers, ""), Some(45), "noon is 1786104000");
        }
    }

    #[test]
    fn a_secondary_limit_takes_a_minute_or_what_the_host_asks() {
        let body = r#"{"message":"You have exceeded a secondary rate limit. Please wait"}"#;
        assert_eq!(limited(403, &[], body), Some(60));
        assert_eq!(limited(403, &[("retry-after", "5")], body), Some(60));
        assert_eq!(limited(429, &[("retry-after", "90")], body), Some(90));
        assert_eq!(
            limited(403, &[("retry-after", "5")], "{}"),
            Some(5),
            "a limit that does not say of what kind"
        );
        assert_eq!(limited(403, &[], r#"{"message":"API rate limit exceeded for 192.0.2.1."}"#), Some(60));
    }

    #[test]
    fn the_limits_of_gitlab_and_azure_are_kept() {
        assert_eq!(limited(429, &[("ratelimit-reset", "1786104030")], "Retry later"), Some(30));
        assert_eq!(limited(429, &[("retry-after", "7"), ("ratelimit-reset", "1786104030")], ""), Some(7));
        assert_eq!(limited(429, &[("x-ratelimit-delay", "1.2")], ""), Some(2));
        assert_eq!(limited(429, &[("x-ratelimit-delay", "soon")], ""), Some(60));
        assert_eq!(limited(429, &[("x-ratelimit-delay", "99999999")], ""), Some(3600));
        assert_eq!(limited(429, &[], ""), Some(60));
    }

    #[test]
    fn the_text_says_what_was_tried_and_what_to_do_and_no_secret() {
        let (_, _, text) = judge(&answer(401, &[], "{\"message\":\n\"bad ghp_token\"}"));
        assert_eq!(
            text,
            "could not write: the host answered 401, the token is not accepted or lacks a right; renew it in the \
             Secret: {\"message\": \"bad *****\"}"
        );
        assert_eq!(
            judge(&answer(404, &[], "")).2,
            "could not write: the host answered 404, the repository or commit is not there, or the token may not see it"
        );
    }

    #[test]
    fn a_body_is_checked_where_the_contract_asks_for_it() {
        let allows = |rule: BodyRule, status, body| rule.allows(&answer(status, &[], body));
        assert!(allows(BodyRule::Any, 200, "<html>"));
        assert!(allows(BodyRule::Json, 201, "{}") && allows(BodyRule::Json, 204, ""));
        assert!(!allows(BodyRule::Json, 201, "") && !allows(BodyRule::Json, 200, "<html>"));
        assert!(allows(BodyRule::JsonOrNothing, 201, "") && !allows(BodyRule::JsonOrNothing, 201, "<html>"));
    }
}
