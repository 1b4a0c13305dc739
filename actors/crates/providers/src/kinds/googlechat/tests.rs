use crate::BuiltProvider;
use crate::testing::{answer, credentials, delivery, failed, json, long, request, spec, special, verdict};
use campanile_domain::{Event, FailureClass, ProviderSpec};
use campanile_testkit::event;

fn chat() -> BuiltProvider {
    credentials(&[]).build(&spec("googlechat")).unwrap()
}

#[test]
fn s23_7_without_metadata_there_is_one_section() {
    let message = json(&chat(), &delivery(event(), &[]));
    let sections = message["cards"][0]["sections"].as_array().unwrap();
    assert_eq!(sections.len(), 1);
    assert_eq!(
        sections[0]["widgets"][0]["textParagraph"]["text"],
        "Reconciliation finished in 1.2s, next run in 10m0s"
    );
}

#[test]
fn s23_7_an_address_that_fails_the_check_is_refused() {
    let spec = ProviderSpec { address: String::new(), ..spec("googlechat") };
    assert_eq!(
        credentials(&[]).build(&spec).unwrap_err().to_string(),
        "invalid Google Chat hook URL '': it is empty; correct spec.address"
    );
}

#[test]
fn s23_7_html_in_foreign_text_shows_as_text() {
    let message = json(&chat(), &special());
    let sections = &message["cards"][0]["sections"];
    assert_eq!(
        sections[0]["widgets"][0]["textParagraph"]["text"],
        "<font color=\"#ff0000\">*bold* _it_ [a](http://x.example/?q=1&r=2) `code` ~s~ &lt;b>html&lt;/b> & \
         \"double\" \\back\\ 100% {{ x }} #1 | a+b=c!\n- item\n> quote\n\ttab\u{1} grüße 🚀</font>"
    );
    assert_eq!(sections[1]["widgets"][0]["keyValue"]["content"], "a:b, *c* &lt;d> & [e](f)");
    let forged = Event { message: "</font><a href=\"http://x\">y</a>&lt;".into(), ..event() };
    let message = json(&chat(), &delivery(forged, &[("runbook", "<a href=\"http://y\">z</a>")]));
    let sections = &message["cards"][0]["sections"];
    assert_eq!(
        sections[0]["widgets"][0]["textParagraph"]["text"],
        "&lt;/font>&lt;a href=\"http://x\">y&lt;/a>&amp;lt;"
    );
    let added = &sections[1]["widgets"][0]["keyValue"]["content"];
    assert_eq!(added, "<a href=\"http://y\">z</a>", "what the Alert adds works");
}

#[test]
fn s24_a_message_keeps_within_32000_bytes_and_100_widgets() {
    let value = "<".repeat(5000);
    let keys: Vec<String> = (0..300).map(|n| format!("key-{n:03}")).collect();
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), value.as_str())).collect();
    for metadata in [&metadata[..0], &metadata[..5], &metadata] {
        for message in [long(10).event, long(400_000).event] {
            let delivery =
                delivery(Event { reporting_controller: value.clone(), ..Event::clone(&message) }, metadata);
            assert!(request(&chat(), &delivery).body.len() <= 32_000);
        }
    }
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    let message = json(&chat(), &delivery(event(), &metadata));
    let widgets = message["cards"][0]["sections"][1]["widgets"].as_array().unwrap();
    assert_eq!(widgets.len(), 99);
    assert_eq!(widgets[98]["keyValue"]["content"], "202 more left out");
    let text = json(&chat(), &long(50_000))["cards"][0]["sections"][0]["widgets"][0]["textParagraph"]["text"]
        .clone();
    assert!(text.as_str().unwrap().ends_with(" more characters)</font>"), "the font ends after a cut");
}

#[test]
fn no_content_is_empty_since_it_is_required() {
    let message = json(&chat(), &delivery(event(), &[("k", "")]));
    assert_eq!(message["cards"][0]["sections"][1]["widgets"][0]["keyValue"]["content"], "\u{200b}");
}

#[test]
fn a_bad_key_and_an_old_rate_limit_are_told_by_their_reason() {
    use FailureClass as C;
    let table = [
        (403, r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#, C::Credentials),
        (403, r#"{"error":{"code":403,"errors":[{"reason":"userRateLimitExceeded"}]}}"#, C::Throttled),
        (403, r#"{"error":{"code":403,"status":"RESOURCE_EXHAUSTED"}}"#, C::Throttled),
        (429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#, C::Throttled),
        (
            400,
            r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"@type":"x","reason":"API_KEY_INVALID"}]}}"#,
            C::Credentials,
        ),
        (400, r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"@type":"x"}]}}"#, C::Rejected),
        (400, "<html>", C::Rejected),
        (404, r#"{"error":{"code":404,"status":"NOT_FOUND"}}"#, C::Gone),
    ];
    for (status, body, class) in table {
        assert_eq!(failed(verdict(&chat(), answer(status, &[], body))).1, class, "{status} {body}");
    }
}
