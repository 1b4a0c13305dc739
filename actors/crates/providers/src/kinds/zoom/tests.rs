use crate::testing::{credentials, delivery, error, header, info, json, long, request, spec, special};
use crate::{BuiltProvider, ConfigError};
use campanile_domain::{Delivery, Event, ProviderSpec, Severity};
use campanile_testkit::event;
use serde_json::Value;

fn at(address: &str) -> BuiltProvider {
    let spec = ProviderSpec { address: address.into(), ..spec("zoom") };
    credentials(&[("token", b"zoom-token\n")]).build(&spec).unwrap()
}

fn zoom() -> BuiltProvider {
    at("https://zoom.example/incoming/hook/abc")
}

fn body(delivery: &Delivery) -> Value {
    json(&zoom(), delivery)["content"]["body"].clone()
}

#[test]
fn s23_23_the_format_is_full_unless_the_address_says_which() {
    let url = |query: &str| request(&at(&format!("https://zoom.example/hook{query}")), &info()).url;
    assert_eq!(url(""), "https://zoom.example/hook?format=full");
    assert_eq!(url("?format=&z=1&a=b%20c"), "https://zoom.example/hook?a=b+c&format=full&z=1");
    assert_eq!(url("?z=1&format=fields&a=2"), "https://zoom.example/hook?z=1&format=fields&a=2");
    assert_eq!(
        request(&at("https://zoom.example?x=1"), &info()).url,
        "https://zoom.example/?format=full&x=1"
    );
}

#[test]
fn s23_23_the_token_is_needed_and_sent_as_it_is() {
    assert_eq!(header(&request(&zoom(), &info()), "authorization"), Some("zoom-token"));
    let refused = credentials(&[]).build(&spec("zoom")).unwrap_err();
    assert_eq!(refused, ConfigError::NoToken("empty Zoom verification token"));
    let spec = ProviderSpec { address: "ftp://x".into(), ..spec("zoom") };
    let text = credentials(&[("token", b"t")]).build(&spec).unwrap_err().to_string();
    assert!(text.starts_with("invalid Zoom incoming webhook URL "), "{text}");
}

#[test]
fn s23_23_fields_are_there_only_with_metadata_and_the_text_only_if_there_is_one() {
    assert_eq!(
        body(&delivery(Event { message: String::new(), ..event() }, &[])),
        serde_json::json!([{"type": "message"}])
    );
    assert_eq!(body(&info())[1]["items"].as_array().unwrap().len(), 3);
    let odd = Event { severity: Severity::Other("odd".into()), ..Event::clone(&error().event) };
    assert_eq!(json(&zoom(), &delivery(odd, &[]))["content"]["head"]["sub_head"]["text"], "odd");
}

#[test]
fn what_an_event_says_calls_nobody() {
    let event = Event { message: "<!all> <!jid|x> <b>".into(), ..event() };
    assert_eq!(body(&delivery(event, &[]))[0]["text"], "<\u{200b}!all> <\u{200b}!jid|x> <b>");
    let everyday = special();
    assert_eq!(body(&everyday)[0]["text"], everyday.event.message.as_str());
}

#[test]
fn a_text_keeps_within_4096_characters_and_fields_are_counted() {
    let value = "v".repeat(2_000);
    let keys: Vec<String> = (0..150).map(|n| format!("key{n:03}")).collect();
    let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), value.as_str())).collect();
    let body = body(&delivery(Event::clone(&long(9_000).event), &many));
    let text = body[0]["text"].as_str().unwrap();
    assert!(text.encode_utf16().count() <= 4_096 && text.ends_with(" more characters)"), "{text}");
    let items = body[1]["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["value"].as_str().unwrap().chars().count() <= 1_024));
    assert_eq!(items.last().unwrap()["key"], "…");
}
