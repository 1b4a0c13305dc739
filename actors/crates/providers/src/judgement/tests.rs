use super::*;
use crate::testing::answer;
use FailureClass as C;
use campanile_testkit::noon;

fn class(status: u16) -> Option<FailureClass> {
    match judge(&answer(status, &[], ""), noon(), &Masker::default()) {
        Verdict::Failed(failure) | Verdict::RetryAfter(_, failure) => Some(failure.class),
        Verdict::Delivered | Verdict::Skipped => None,
    }
}

fn pause_of(status: u16, headers: &[(&str, &str)]) -> Option<u64> {
    match judge(&answer(status, headers, ""), noon(), &Masker::default()) {
        Verdict::RetryAfter(pause, _) => Some(pause.as_secs()),
        _ => None,
    }
}

#[test]
fn s08_i16_6_every_status_has_its_class() {
    let table: &[(&[u16], Option<FailureClass>)] = &[
        (&[200, 201, 202, 204, 299], None),
        (&[300, 301, 302, 303, 304, 307, 308], Some(C::Redirected)),
        (&[401, 402, 403, 407], Some(C::Credentials)),
        (&[404, 405, 410, 415, 501], Some(C::Gone)),
        (&[408], Some(C::Timeout)),
        (&[425, 429], Some(C::Throttled)),
        (&[400, 406, 409, 413, 421, 422, 431, 451, 499], Some(C::Rejected)),
        (&[500, 502, 503, 504, 505, 507, 520, 599], Some(C::Server)),
        (&[0, 100, 199, 600, 999], Some(C::Garbled)),
    ];
    for (statuses, expected) in table {
        for status in *statuses {
            assert_eq!(class(*status), *expected, "{status}");
        }
    }
}

#[test]
fn s08_retry_after_is_seconds_or_a_date_and_bounded() {
    for status in [425, 429, 503] {
        assert_eq!(pause_of(status, &[("retry-after", "17")]), Some(17));
    }
    let date = |text: &str| pause_of(503, &[("retry-after", text)]);
    assert_eq!(date("Fri, 07 Aug 2026 12:00:30 GMT"), Some(30));
    assert_eq!(date("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0), "a date that has passed is no pause");
    assert_eq!(date("Sat, 08 Aug 2026 12:00:00 GMT"), Some(3600), "an hour is the most");
    assert_eq!(date("7200"), Some(3600));
    assert_eq!(date("99999999999999999999999"), Some(3600));
    assert_eq!(date("0"), Some(0));
    for nonsense in ["", "-1", "+5", "1.5", "soon"] {
        assert_eq!(date(nonsense), None, "{nonsense:?}");
    }
}

#[test]
fn s08_a_failure_that_does_not_pass_by_itself_has_no_pause() {
    for status in [400, 401, 404, 501] {
        assert_eq!(pause_of(status, &[("retry-after", "5")]), None, "{status}");
    }
}

#[test]
fn a_403_of_an_exhausted_rate_limit_is_no_question_of_credentials() {
    let class = |headers: &[(&str, &str)]| classify(&answer(403, headers, ""));
    assert_eq!(class(&[("x-ratelimit-remaining", "0")]), Some(C::Throttled));
    assert_eq!(class(&[("ratelimit-remaining", "0")]), Some(C::Throttled));
    assert_eq!(class(&[("retry-after", "60")]), Some(C::Throttled));
    assert_eq!(class(&[("x-ratelimit-remaining", "4999")]), Some(C::Credentials));
}

#[test]
fn the_reset_time_of_an_exhausted_limit_is_a_pause() {
    let reset = |value: &str| pause_of(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", value)]);
    assert_eq!(reset("1786104045"), Some(45), "noon is 1786104000");
    assert_eq!(reset("1786103000"), Some(0));
    assert_eq!(reset("45"), Some(45));
    assert_eq!(reset("18446744073709551615"), Some(3600));
    assert_eq!(reset("soon"), None);
    assert_eq!(pause_of(429, &[("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "45")]), None);
}

#[test]
fn the_text_has_status_remedy_and_one_short_masked_line_of_the_body() {
    let masker = Masker::new(["hunter2"]);
    let text = |status, body: &str| match judge(&answer(status, &[], body), noon(), &masker) {
        Verdict::Failed(failure) => failure.message,
        other => format!("{other:?}"),
    };
    assert_eq!(
        text(401, "{\n\t\"error\": \"bad token hunter2\"\r\n}"),
        "request failed with status code 401, the credentials are not accepted; renew them in the Secret: \
         { \"error\": \"bad token *****\" }"
    );
    assert_eq!(text(400, " \n"), "request failed with status code 400, the destination refuses this message");
    let long = text(400, &format!("{}hunter2{}", "x".repeat(QUOTED - 10), "ü".repeat(1000)));
    let quoted = long.split_once(": ").unwrap().1;
    assert!(quoted.len() <= QUOTED && quoted.ends_with('…'), "{quoted}");
    assert!(!quoted.contains("hun"), "a secret at the cut is not shown in part: {quoted}");
}
