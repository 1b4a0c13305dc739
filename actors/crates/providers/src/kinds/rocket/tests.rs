use crate::BuiltProvider;
use crate::testing::{
    answer, credentials, delivery, failed, info, json, long, request, spec, special, verdict,
};
use campanile_domain::{Event, FailureClass, ProviderSpec};
use campanile_testkit::{event, noon};
use std::time::Duration;

fn rocket(spec: &ProviderSpec) -> BuiltProvider {
    credentials(&[]).build(spec).unwrap()
}

fn text(message: &str) -> String {
    let message =
        json(&rocket(&spec("rocket")), &delivery(Event { message: message.into(), ..event() }, &[]));
    message["attachments"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn s23_6_channel_and_name_are_the_providers_or_nothing() {
    let bare = json(&rocket(&spec("rocket")), &info());
    assert_eq!((&bare["channel"], &bare["username"]), (&"".into(), &"".into()));
    let spec = ProviderSpec { channel: "#general".into(), username: "rocket bot".into(), ..spec("rocket") };
    let full = json(&rocket(&spec), &info());
    assert_eq!((&full["channel"], &full["username"]), (&"#general".into(), &"rocket bot".into()));
    assert_eq!(request(&rocket(&spec), &info()).headers.len(), 1, "no authorization");
}

#[test]
fn s23_6_an_address_that_fails_the_check_is_refused() {
    let spec = ProviderSpec { address: "https://example.com|".into(), ..spec("rocket") };
    assert_eq!(
        credentials(&[]).build(&spec).unwrap_err().to_string(),
        "invalid Rocket hook URL *****: its host is not valid; correct spec.address"
    );
}

#[test]
fn what_an_event_brings_along_calls_nobody_and_hides_no_link() {
    assert_eq!(
        text("@all @here, >@user.name a@b @ x"),
        "@\u{200b}all @\u{200b}here, >@\u{200b}user.name a@b @ x"
    );
    assert_eq!(
        text("[a](http://x) <http://x|a> <b>"),
        "[a]\u{200b}(http://x) <\u{200b}http://x|a> <\u{200b}b>"
    );
    assert_eq!(text("||x|| \\(y\\) \\[z"), "|\u{200b}|x|\u{200b}| \\\u{200b}(y\\) \\\u{200b}[z");
    let special = json(&rocket(&spec("rocket")), &special());
    let attachment = &special["attachments"][0];
    assert_eq!(
        attachment["text"],
        "*bold* _it_ [a]\u{200b}(http://x.example/?q=1&r=2) `code` ~s~ <\u{200b}b>html</b> & \"double\" \
         \\back\\ 100% {{ x }} #1 | a+b=c!\n- item\n> quote\n\ttab\u{1} grüße 🚀"
    );
    assert_eq!(attachment["fields"][0]["value"], "a:b, *c* <\u{200b}d> & [e]\u{200b}(f)");
}

#[test]
fn s24_a_message_of_any_length_is_bounded() {
    let endpoint = rocket(&spec("rocket"));
    let kept =
        |length: usize| json(&endpoint, &long(length))["attachments"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(kept(39_000).chars().count(), 39_000);
    let cut = kept(400_000);
    assert!(cut.chars().count() <= 40_000 && cut.ends_with(" more characters)"));
}

#[test]
fn the_end_of_a_rate_limit_is_told_in_milliseconds() {
    let reset = (noon().as_millisecond() + 42_000).to_string();
    let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
    let limited = verdict(&rocket(&spec("rocket")), answer(429, &headers, r#"{"success":false}"#));
    assert_eq!(failed(limited), (Some(Duration::from_secs(42)), FailureClass::Throttled));
    let past = [("x-ratelimit-reset", "1000")];
    let limited = verdict(&rocket(&spec("rocket")), answer(429, &past, ""));
    assert_eq!(failed(limited), (Some(Duration::ZERO), FailureClass::Throttled));
    let gone =
        verdict(&rocket(&spec("rocket")), answer(404, &[], "Invalid integration id or token provided."));
    assert_eq!(failed(gone), (None, FailureClass::Gone));
}
