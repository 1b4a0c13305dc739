use crate::BuiltProvider;
use crate::testing::{
    answer, credentials, delivery, error, failed, info, json, long, request, spec, special, verdict,
};
use campanile_domain::{Delivery, Event, FailureClass, ObjectRef, ProviderSpec, Verdict};
use campanile_testkit::event;
use serde_json::Value;
use std::time::Duration;

const CONNECTOR: &str = "https://xxx.webhook.office.com/webhookb2/abc";

fn teams(address: &str) -> BuiltProvider {
    credentials(&[]).build(&ProviderSpec { address: address.into(), ..spec("msteams") }).unwrap()
}

fn workflow() -> BuiltProvider {
    teams("https://prod-28.northeurope.logic.azure.com:443/workflows/abc?sig=x%2By")
}

fn items(delivery: &Delivery) -> Value {
    json(&workflow(), delivery)["attachments"][0]["content"]["body"][0]["items"].take()
}

fn section(delivery: &Delivery) -> Value {
    json(&teams(CONNECTOR), delivery)["sections"][0].take()
}

#[test]
fn s25_the_host_decides_the_format() {
    let is_connector = |address: &str| json(&teams(address), &info()).get("@type").is_some();
    assert!(is_connector("https://xxx.webhook.office.com"));
    assert!(is_connector("https://XXX.webhook.office.com:443/webhookb2/abc"));
    assert!(!is_connector("https://xxx-webhook.office.com"));
    assert!(!is_connector("https://prod-28.northeurope.logic.azure.com:443/workflows/abc"));
    assert!(!is_connector("https://evil.example/.webhook.office.com"));
}

#[test]
fn s23_5_the_connectors_examples_are_rendered_byte_for_byte() {
    let sent =
        |delivery: &Delivery| String::from_utf8(request(&teams(CONNECTOR), delivery).body.to_vec()).unwrap();
    let fixture = |text: &'static str| text.trim_end_matches('\n');
    assert_eq!(sent(&error()), fixture(include_str!("../../../fixtures/msteams/connector-error.json")));
    assert_eq!(sent(&info()), fixture(include_str!("../../../fixtures/msteams/connector-info.json")));
}

#[test]
fn s23_5_empty_texts_and_facts_are_left_out() {
    let items = items(&delivery(Event { message: String::new(), ..event() }, &[]));
    assert_eq!(items[1], serde_json::json!({"type": "TextBlock", "wrap": true}));
    assert_eq!(items[2], serde_json::json!({"type": "FactSet"}));
    assert_eq!(section(&delivery(event(), &[]))["facts"], Value::Array(Vec::new()));
}

#[test]
fn s23_5_an_address_that_fails_the_check_is_refused() {
    let spec = ProviderSpec { address: "/hook".into(), ..spec("msteams") };
    assert_eq!(
        credentials(&[]).build(&spec).unwrap_err().to_string(),
        "invalid MS Teams webhook URL *****: it does not begin with http:// or https://; correct spec.address"
    );
}

#[test]
fn links_and_mentions_of_an_event_show_what_they_are() {
    let items = items(&special());
    assert_eq!(
        items[1]["text"],
        "*bold* _it_ [a]\u{200b}(http://x.example/?q=1&r=2) `code` ~s~ <b>html</b> & \"double\" \\back\\ 100% \
         {{ x }} #1 | a+b=c!\n- item\n> quote\n\ttab\u{1} grüße 🚀"
    );
    assert_eq!(items[2]["facts"][0]["value"], "a:b, *c* <d> & [e]\u{200b}(f)");
    let message = "<at>all</at> {{DATE(2017-02-14T06:00:00Z, SHORT)}} {{TIME(x)}}";
    let items = super::tests::items(&delivery(
        Event { message: message.into(), ..event() },
        &[("l", "[a](http://y)")],
    ));
    assert_eq!(
        items[1]["text"],
        "<\u{200b}at>all<\u{200b}/at> {\u{200b}{DATE(2017-02-14T06:00:00Z, SHORT)}} {\u{200b}{TIME(x)}}"
    );
    assert_eq!(items[2]["facts"][0]["value"], "[a](http://y)", "what the Alert adds works");
}

#[test]
fn html_of_an_event_shows_as_text_in_a_connectors_card() {
    let section = section(&special());
    assert_eq!(
        section["activityTitle"],
        "*bold* _it_ [a]\u{200b}(http://x.example/?q=1&r=2) `code` ~s~ &lt;b>html&lt;/b> & \"double\" \\back\\ \
         100% {{ x }} #1 | a+b=c!\n- item\n> quote\n\ttab\u{1} grüße 🚀"
    );
    assert_eq!(section["facts"][0]["value"], "a:b, *c* &lt;d> & [e]\u{200b}(f)");
}

#[test]
fn s24_a_card_keeps_within_28_kilobytes_and_is_known_to_be_too_large_all_the_same() {
    let huge = ObjectRef { name: "<".repeat(5_000), ..event().involved_object };
    let value = "ü<".repeat(4_000);
    let keys: Vec<String> = (0..300).map(|n| format!("key-{n:03}")).collect();
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), value.as_str())).collect();
    let delivery = delivery(Event { involved_object: huge, ..Event::clone(&long(400_000).event) }, &metadata);
    let told = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with \
                ContextId tcid=1,server=x..";
    for (address, refusal) in
        [(CONNECTOR, answer(200, &[], told)), ("https://flow.example/x", answer(413, &[], ""))]
    {
        let endpoint = teams(address);
        let sent = request(&endpoint, &delivery).body.len();
        assert!(sent <= 28_000 && sent > 20_000);
        assert!(endpoint.provider.is_too_long(&refusal), "{address}");
        let second = request(&endpoint, &crate::shorter(&delivery, sent)).body.len();
        assert!(second <= 15_000, "{second}");
        assert_eq!(failed(verdict(&endpoint, refusal)).1, FailureClass::Rejected);
    }
}

#[test]
fn s24_what_fits_is_not_cut() {
    let text = items(&long(15_000))[1]["text"].as_str().unwrap().chars().count();
    assert_eq!(text, 15_000);
    let cut = items(&long(100_000))[1]["text"].as_str().unwrap().to_owned();
    assert!(cut.ends_with(" more characters)"));
    assert_eq!(verdict(&workflow(), answer(202, &[], "")), Verdict::Delivered, "a workflow says 202");
}

#[test]
fn a_connector_tells_failures_in_words() {
    use FailureClass as C;
    let told = |status: &str| {
        format!(
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status}"
        )
    };
    let table = [
        (told("429 with ContextId tcid=1"), C::Throttled),
        (told("403 with ContextId tcid=1"), C::Credentials),
        (told("404 with ContextId tcid=1"), C::Gone),
        (told("500 with ContextId tcid=1"), C::Server),
        (told("soon"), C::Server),
        ("Webhook message delivery failed".to_owned(), C::Server),
    ];
    for (body, class) in table {
        assert_eq!(failed(verdict(&teams(CONNECTOR), answer(200, &[], &body))).1, class, "{body}");
    }
    let paused = verdict(&teams(CONNECTOR), answer(200, &[("retry-after", "9")], &told("429")));
    assert_eq!(failed(paused), (Some(Duration::from_secs(9)), C::Throttled));
    assert_eq!(verdict(&teams(CONNECTOR), answer(200, &[], "1")), Verdict::Delivered);
}
