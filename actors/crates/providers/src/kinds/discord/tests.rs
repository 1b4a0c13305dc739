use super::slack_compatible;
use crate::testing::{
    answer, credentials, delivery, failed, info, json, long, request, spec, special, verdict,
};
use crate::{BuiltProvider, HookUrl, Step};
use campanile_domain::{Delivery, Event, FailureClass, ProviderSpec, Verdict};
use campanile_testkit::{event, noon};
use std::time::Duration;

fn discord(spec: &ProviderSpec) -> BuiltProvider {
    credentials(&[("token", b"ignored")]).build(spec).unwrap()
}

fn plain_spec() -> ProviderSpec {
    ProviderSpec { channel: "ignored".into(), ..spec("discord") }
}

/// The parts of the embed that count.
fn parts(delivery: &Delivery) -> Vec<String> {
    let message = json(&discord(&plain_spec()), delivery);
    let attachment = &message["attachments"][0];
    let mut parts = vec![attachment["author_name"].to_string(), attachment["text"].to_string()];
    for field in attachment["fields"].as_array().unwrap() {
        parts.extend([field["title"].to_string(), field["value"].to_string()]);
    }
    // Without the quotes of JSON; these texts have nothing else to escape.
    parts.iter().map(|part| part.trim_matches('"').to_owned()).collect()
}

#[test]
fn s23_4_the_path_is_made_slack_compatible_once_and_the_query_stays() {
    let table = [
        ("https://discord.com/api/webhooks/1/abc", "https://discord.com/api/webhooks/1/abc/slack"),
        ("https://discord.com/api/webhooks/1/abc/", "https://discord.com/api/webhooks/1/abc/slack"),
        (
            "https://discord.com/api/webhooks/1/abc?wait=true",
            "https://discord.com/api/webhooks/1/abc/slack?wait=true",
        ),
        ("https://discord.com/api/webhooks/1/abc/slack", "https://discord.com/api/webhooks/1/abc/slack"),
        ("https://discord.com/a/slack?thread_id=1/2", "https://discord.com/a/slack?thread_id=1/2"),
        (
            "https://discord.com//api/./x/../webhooks/1/a%20b",
            "https://discord.com/api/webhooks/1/a%20b/slack",
        ),
        ("https://u:p@discord.com:8443", "https://u:p@discord.com:8443/slack"),
        ("https://discord.com?x=1", "https://discord.com/slack?x=1"),
    ];
    for (address, url) in table {
        let spec = ProviderSpec { address: address.into(), ..plain_spec() };
        let settings = credentials(&[]).resolve(&spec).unwrap();
        assert_eq!(slack_compatible(&settings.address).as_ref().map(HookUrl::as_str), Ok(url), "{address}");
    }
}

#[test]
fn s23_4_an_address_that_fails_the_check_is_refused() {
    let spec = ProviderSpec { address: "not a url".into(), ..plain_spec() };
    assert_eq!(
        credentials(&[]).build(&spec).unwrap_err().to_string(),
        "invalid Discord hook URL *****: it does not begin with http:// or https://; correct spec.address"
    );
}

#[test]
fn s23_4_the_channel_and_the_token_do_not_show_and_the_name_falls_back() {
    let request = request(&discord(&plain_spec()), &info());
    assert_eq!(request.headers.len(), 1, "no authorization");
    let name = |spec: &ProviderSpec| json(&discord(spec), &info())["username"].clone();
    assert_eq!(json(&discord(&plain_spec()), &info())["channel"], "");
    assert_eq!(name(&plain_spec()), "kustomize-controller");
    assert_eq!(name(&ProviderSpec { username: "flux".into(), ..plain_spec() }), "flux");
    let long = ProviderSpec { username: "n".repeat(200), ..plain_spec() };
    assert_eq!(name(&long).as_str().unwrap().chars().count(), 80);
}

#[test]
fn what_an_event_brings_along_shows_as_it_was_written() {
    let message = &json(&discord(&plain_spec()), &special())["attachments"][0];
    assert_eq!(
        message["text"],
        "\\*bold* \\_it\\_ [a]\\(http://x.example/?q=1&r=2) \\`code\\` \\~s~ \\<b>html\\</b> & \"double\" \
         \\back\\ 100% {{ x }} #1 | a+b=c!\n- item\n\\> quote\n\ttab\u{1} grüße 🚀"
    );
    assert_eq!(message["fields"][0]["value"], "a:b, \\*c* \\<d> & [e]\\(f)");
    let calling = Event { message: "@everyone x@here @user <@123> <@&4> <#5> <:e:6>".into(), ..event() };
    assert_eq!(
        parts(&delivery(calling, &[]))[1],
        "@\u{200b}everyone x@\u{200b}here @user <\u{200b}@123> <\u{200b}@&4> <\u{200b}#5> \\\\<:e:6>",
        "the backslash is doubled by JSON"
    );
}

#[test]
fn s24_an_embed_keeps_within_each_limit_of_discord() {
    let many: Vec<String> = (0..60).map(|n| format!("key-{n:02}-{}", "k".repeat(300))).collect();
    let value = "v".repeat(3000);
    let metadata: Vec<(&str, &str)> = many.iter().map(|key| (key.as_str(), value.as_str())).collect();
    for message in [long(10).event, long(5_000).event, long(400_000).event] {
        let parts = parts(&delivery(Event::clone(&message), &metadata));
        let count = |text: &String| text.encode_utf16().count();
        assert!(parts.iter().map(count).sum::<usize>() <= 6000);
        assert!(count(&parts[0]) <= 256 && count(&parts[1]) <= 4096);
        assert!(parts.len() <= 2 + 2 * 25);
        assert!(parts[2..].chunks(2).all(|field| count(&field[0]) <= 256 && count(&field[1]) <= 1024));
        assert!(parts.last().unwrap().ends_with(" more left out"));
    }
    let text = &parts(&long(10_000))[1];
    assert!(text.contains("… (cut, ") && text.ends_with(" more characters)"), "{text}");
    assert_eq!(parts(&long(4_000))[1].chars().count(), 4_000);
}

#[test]
fn no_field_is_empty_since_discord_refuses_those() {
    assert_eq!(parts(&delivery(event(), &[("", "")]))[2..], ["\u{200b}", "\u{200b}"]);
}

#[test]
fn the_pause_of_a_rate_limit_is_read_from_the_body() {
    let endpoint = discord(&plain_spec());
    let body = r#"{"message":"You are being rate limited.","retry_after":0.75,"global":false}"#;
    let limited = verdict(&endpoint, answer(429, &[("retry-after", "1")], body));
    assert_eq!(failed(limited), (Some(Duration::from_millis(750)), FailureClass::Throttled));
    let by_header = verdict(&endpoint, answer(429, &[("retry-after", "3")], "error code: 1015"));
    assert_eq!(failed(by_header), (Some(Duration::from_secs(3)), FailureClass::Throttled));
    let odd = verdict(&endpoint, answer(429, &[], r#"{"retry_after":-1e300}"#));
    assert_eq!(failed(odd), (None, FailureClass::Throttled));
    let unknown = verdict(&endpoint, answer(404, &[], r#"{"message":"Unknown Webhook","code":10015}"#));
    assert_eq!(failed(unknown), (None, FailureClass::Gone));
}

#[test]
fn i16_7_a_name_that_is_refused_is_left_out_once() {
    let endpoint = credentials(&[("address", b"https://discord.com/api/webhooks/1/abc")])
        .build(&spec("discord"))
        .unwrap();
    let refused = answer(400, &[], r#"{"username":["Username cannot contain \"discord\""]}"#);
    let mut exchange = endpoint.provider.begin(&info()).unwrap();
    let Step::Send(first) = exchange.next(None, noon()) else { panic!("it sends") };
    let Step::Send(second) = exchange.next(Some(refused.clone()), noon()) else { panic!("it sends again") };
    let read = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap();
    let (mut first, second) = (read(&first.body), read(&second.body));
    assert_eq!(first.as_object_mut().unwrap().remove("username").unwrap(), "kustomize-controller");
    assert_eq!(first, second);
    let Step::Done(Verdict::Failed(failure)) = exchange.next(Some(refused), noon()) else {
        panic!("it ends")
    };
    assert_eq!(failure.class, FailureClass::Rejected);
}
