//! Judgement of the answers of Slack's Web API: the outcome is in the body, whatever the status.

use std::fmt;

use campanile_domain::{Disposition, Failure, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::judgement::{classify, quote, verdict};
use crate::refusal::{Refusal, SEEN, beginning, contains, judge_with};
use crate::too_long;

const CHAT: &str =
    "[`chat.postMessage`, Errors](https://docs.slack.dev/reference/methods/chat.postMessage#errors)";
const WEBHOOKS: &str = "[Improving error conditions for Incoming Webhooks](https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks)";

/// The errors by their names; webhooks tell them as text. What is not here is the fault of the one message.
pub(super) const REFUSALS: &[Refusal] = &[
    Refusal::means(
        FailureClass::Credentials,
        "no webhook has this address any more; make a new one and put its address into the Secret",
        SEEN,
    )
    .says(&["invalid_token", "no_service"]),
    Refusal::means(
        FailureClass::Gone,
        "the user of spec.channel is not there; correct spec.channel",
        WEBHOOKS,
    )
    .says(&["user_not_found"]),
    Refusal::means(
        FailureClass::Gone,
        "the workspace does not let the webhook write there; correct spec.channel, or ask its administrators",
        WEBHOOKS,
    )
    .says(&["action_prohibited"]),
    Refusal::means(
        FailureClass::Gone,
        "the channel is archived; correct spec.channel, or make a new webhook",
        WEBHOOKS,
    )
    .says(&["channel_is_archived", "is_archived"]),
    Refusal::means(
        FailureClass::Credentials,
        "renew key 'token' of the Secret, or the app's permissions",
        CHAT,
    )
    .says(&[
        "access_denied",
        "accesslimited",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    ]),
    Refusal::means(FailureClass::Gone, "correct spec.channel, or let the app write to it", CHAT).says(&[
        "channel_not_found",
        "messages_tab_disabled",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "team_not_found",
    ]),
    Refusal::means(FailureClass::Throttled, "too many messages", CHAT).says(&[
        "message_limit_exceeded",
        "rate_limited",
        "ratelimited",
    ]),
    Refusal::means(FailureClass::Server, "Slack has a problem", CHAT).says(&[
        "fatal_error",
        "internal_error",
        "service_unavailable",
        "team_added_to_org",
    ]),
    Refusal::means(FailureClass::Timeout, "Slack gave up waiting", CHAT).says(&["request_timeout"]),
];

/// The verdict on an answer of a webhook.
pub(super) fn judge_webhook(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    judge_with(REFUSALS, response, now, masker)
}

/// The verdict on an answer of the API. Statuses that mean "try again" are judged as everywhere; else the body counts,
/// and only where it says nothing, the status again.
pub(super) fn judge(response: &Response, now: Timestamp, masker: &Masker) -> Verdict {
    let by_status = classify(response);
    if by_status.is_some_and(|class| class.disposition() == Disposition::Retry) {
        return crate::judge(response, now, masker);
    }
    let answer = Answer::read(&response.body);
    match (answer.ok, by_status) {
        (Some(true), _) => Verdict::Delivered,
        (Some(false), _) => verdict(response, now, refusal(&answer.error, masker)),
        (None, Some(_)) => crate::judge(response, now, masker),
        (None, None) => Verdict::Failed(unreadable(response, masker)),
    }
}

/// How the API begins a refusal, which it answers 200 to.
const REFUSED: &[u8] = br#"{"ok":false"#;

/// Names of the errors that a shorter message mends (API method `chat.postMessage`, "Errors"); webhooks tell them as text.
const TOO_LONG: &[&str] = &["attachment_payload_limit_exceeded", "msg_too_long", "msg_blocks_too_long"];

/// Whether the message has to be shorter.
pub(super) fn is_too_long(response: &Response) -> bool {
    let is_api = matches!(response.status, 200..=299) && response.body.starts_with(REFUSED);
    let is_named = || TOO_LONG.iter().any(|name| contains(beginning(response), name));
    too_long::is_said(response) || is_api && is_named()
}

fn refusal(error: &str, masker: &Masker) -> Failure {
    let known = REFUSALS.iter().find(|known| known.is_called(error));
    let class = known.map_or(FailureClass::Rejected, |known| known.class);
    let remedy = known.filter(|known| known.class.disposition() == Disposition::Park);
    let remedy = remedy.map(|known| format!("; {}", known.remedy)).unwrap_or_default();
    let error = quote(error.as_bytes(), masker);
    Failure::new(class, format!("Slack responded with error: {error}{remedy}"))
}

fn unreadable(response: &Response, masker: &Masker) -> Failure {
    let quote = quote(response.quotable(), masker);
    let text =
        format!("unable to unmarshal response body: it is no JSON with 'ok'; check the address: {quote}");
    Failure::new(FailureClass::Garbled, text)
}

/// The part of an answer that tells the outcome.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    ok: Option<bool>,
    error: String,
}

impl Answer {
    /// Reads as much as there is. The API repeats the message in its answer, so a long one may come cut off by the
    /// transport's cap; `ok` stands at the beginning, and taking such an answer for a failure would send twice.
    fn read(body: &[u8]) -> Self {
        let mut answer = Self::default();
        let mut json = serde_json::Deserializer::from_slice(body);
        // An error at the end does not unsay what was read before it.
        json.deserialize_map(Reader(&mut answer)).unwrap_or_default();
        answer
    }
}

struct Reader<'a>(&'a mut Answer);

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of the Web API")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "ok" => self.0.ok = Some(map.next_value()?),
                "error" => self.0.error = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::answer;
    use FailureClass as C;
    use campanile_testkit::noon;
    use std::time::Duration;

    fn verdict_on(status: u16, body: &str) -> Verdict {
        judge(&answer(status, &[], body), noon(), &Masker::new(["xoxb-1234"]))
    }

    fn failure(status: u16, body: &str) -> Failure {
        match verdict_on(status, body) {
            Verdict::Failed(failure) => failure,
            other => panic!("no failure: {other:?}"),
        }
    }

    #[test]
    fn s23_3_the_body_counts_whatever_the_status() {
        assert_eq!(verdict_on(200, r#"{"ok":true,"channel":"C1"}"#), Verdict::Delivered);
        assert_eq!(verdict_on(404, r#"{"ok":true}"#), Verdict::Delivered);
        let refused = failure(200, r#"{"ok":false,"error":"msg_too_long"}"#);
        assert_eq!(refused.message, "Slack responded with error: msg_too_long");
        assert_eq!(refused.class, C::Rejected);
    }

    #[test]
    fn s23_3_errors_have_the_class_of_their_cause() {
        let table = [
            (C::Credentials, &["invalid_auth", "token_revoked", "account_inactive", "not_authed"] as &[_]),
            (C::Credentials, &["team_access_not_granted", "two_factor_setup_required"]),
            (C::Gone, &["channel_not_found", "not_in_channel", "is_archived"]),
            (C::Gone, &["restricted_action", "restricted_action_read_only_channel", "messages_tab_disabled"]),
            (C::Throttled, &["ratelimited", "rate_limited", "message_limit_exceeded"]),
            (C::Server, &["internal_error", "fatal_error", "service_unavailable", "team_added_to_org"]),
            (C::Rejected, &["msg_too_long", "no_text", ""]),
        ];
        for (class, errors) in table {
            for error in errors {
                let body = format!(r#"{{"ok":false,"error":"{error}"}}"#);
                assert_eq!(failure(200, &body).class, class, "{error}");
            }
        }
    }

    #[test]
    fn s23_3_a_body_that_is_no_answer_is_an_error() {
        let garbled = failure(200, "<html>maintenance</html>");
        assert_eq!(garbled.class, C::Garbled);
        assert!(garbled.message.starts_with("unable to unmarshal response body: "), "{garbled}");
        assert_eq!(failure(200, "[]").class, C::Garbled);
        assert_eq!(failure(200, "").class, C::Garbled);
        assert_eq!(failure(403, "<html>").class, C::Credentials, "then the status tells");
    }

    #[test]
    fn s23_3_a_status_that_means_try_again_is_not_overruled() {
        assert_eq!(failure(503, r#"{"ok":true}"#).class, C::Server);
        let limited = answer(429, &[("retry-after", "30")], r#"{"ok":false,"error":"ratelimited"}"#);
        let verdict = judge(&limited, noon(), &Masker::default());
        assert!(
            matches!(verdict, Verdict::RetryAfter(pause, _) if pause == Duration::from_secs(30)),
            "{verdict:?}"
        );
    }

    #[test]
    fn a_limit_told_in_the_body_takes_the_headers_pause() {
        let limited = answer(200, &[("retry-after", "30")], r#"{"ok":false,"error":"ratelimited"}"#);
        let verdict = judge(&limited, noon(), &Masker::default());
        assert!(
            matches!(verdict, Verdict::RetryAfter(pause, _) if pause == Duration::from_secs(30)),
            "{verdict:?}"
        );
    }

    #[test]
    fn an_answer_that_was_cut_off_is_still_a_success() {
        assert_eq!(verdict_on(200, r#"{"ok":true,"message":{"text":"very lo"#), Verdict::Delivered);
    }

    #[test]
    fn what_slack_says_is_masked_and_bounded() {
        let body = format!(r#"{{"ok":false,"error":"bad xoxb-1234 {}"}}"#, "x".repeat(5000));
        let text = failure(200, &body).message;
        assert!(text.contains("bad *****") && text.len() < 400, "{text}");
    }
}
