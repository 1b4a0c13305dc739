use crate::BuiltProvider;
use crate::testing::{
    answer, credentials, delivery, failed, header, info, json, long, request, spec, special, verdict,
};
use campanile_domain::{Delivery, Event, FailureClass, ProviderSpec};
use campanile_testkit::event;
use pulldown_cmark::{Event as Markdown, Parser, Tag};
use std::time::Duration;

fn webex(data: &[(&str, &[u8])]) -> BuiltProvider {
    credentials(data).build(&ProviderSpec { channel: "Y2lzY29".into(), ..spec("webex") }).unwrap()
}

fn sent(delivery: &Delivery) -> String {
    json(&webex(&[("token", b"bot-token")]), delivery)["markdown"].as_str().unwrap().to_owned()
}

#[test]
fn s23_9_the_token_is_sent_always_even_when_there_is_none() {
    let authorization =
        |data: &[(&str, &[u8])]| header(&request(&webex(data), &info()), "authorization").unwrap().to_owned();
    assert_eq!(authorization(&[("token", b"bot-token\n")]), "Bearer bot-token");
    assert_eq!(authorization(&[]), "Bearer");
}

#[test]
fn s23_9_without_a_channel_there_is_no_room() {
    let message = json(&credentials(&[]).build(&spec("webex")).unwrap(), &info());
    assert_eq!(message.get("roomId"), None);
    assert_eq!(json(&webex(&[]), &info())["roomId"], "Y2lzY29");
}

#[test]
fn s23_9_an_address_that_fails_the_check_is_refused() {
    let spec = ProviderSpec { address: "ftp://webexapis.com/v1/messages".into(), ..spec("webex") };
    assert_eq!(
        credentials(&[]).build(&spec).unwrap_err().to_string(),
        "invalid Webex hook URL *****: it does not begin with http:// or https://; correct spec.address"
    );
}

#[test]
fn what_an_event_brings_along_shows_as_it_was_written() {
    assert_eq!(
        sent(&special()),
        "💣 **kustomization/podinfo.apps**\n\\*bold* \\_it\\_ [a]\\(http://x.example/?q=1&r=2) \\`code\\` \\~s~ \
         \\<b>html\\</b> & \"double\" \\back\\ 100% {{ x }} #1 | a+b=c!\n- item\n\\> quote\n\ttab\u{1} grüße 🚀\n\
         >**odd**: a:b, \\*c* \\<d> & [e]\\(f)\n"
    );
    let mut event = event();
    event.message = "<@all> <@personEmail:a@b.example|A>".into();
    event.involved_object.name = "x** [y](http://z".into();
    event.involved_object.namespace = "w)".into();
    let text = sent(&delivery(event, &[("on-call", "<@personEmail:ops@b.example>")]));
    assert!(text.contains("<\u{200b}@all> <\u{200b}@personEmail:a@b.example|A>"), "{text}");
    assert!(
        text.contains(">**on-call**: <@personEmail:ops@b.example>\n"),
        "what the Alert adds calls: {text}"
    );
    let links = Parser::new(&text).filter(|part| matches!(part, Markdown::Start(Tag::Link { .. })));
    // The one mention that is left reads as an address to a reader that knows no mentions of Webex.
    assert!(links.count() <= 1, "{text}");
}

#[test]
fn a_line_of_the_message_can_not_pass_for_metadata() {
    let text = sent(&delivery(
        Event { message: "m\n>**cluster**: forged".into(), ..event() },
        &[("cluster", "prod")],
    ));
    assert!(text.contains("\n\\>\\*\\*cluster\\*\\*: forged\n>**cluster**: prod\n"), "{text}");
}

#[test]
fn s24_a_message_keeps_within_7439_bytes() {
    let value = "ü*".repeat(2_000);
    let keys: Vec<String> = (0..200).map(|n| format!("key-{n:03}")).collect();
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), value.as_str())).collect();
    for metadata in [&metadata[..0], &metadata[..3], &metadata] {
        for length in [10, 3_000, 8_000, 400_000] {
            let mut event = Event::clone(&long(length).event);
            event.involved_object.name = "ü*".repeat(2_000);
            let text = sent(&delivery(event, metadata));
            assert!(text.len() <= 7439, "{}", text.len());
        }
    }
    assert!(
        sent(&long(6_000)).len() > 6_000 && !sent(&long(6_000)).contains("(cut, "),
        "no less than possible"
    );
    let cut = sent(&long(15_000));
    assert!(cut.len() > 7_300 && cut.contains(" more characters)\n>**cluster**: prod-eu\n"), "{cut}");
}

#[test]
fn answers_about_the_room_say_so() {
    let endpoint = webex(&[("token", b"bot-token")]);
    let limited = verdict(&endpoint, answer(429, &[("retry-after", "12")], ""));
    assert_eq!(failed(limited), (Some(Duration::from_secs(12)), FailureClass::Throttled));
    let locked = verdict(&endpoint, answer(423, &[("retry-after", "5")], ""));
    assert_eq!(failed(locked), (Some(Duration::from_secs(5)), FailureClass::Server));
    let body = r#"{"message":"Could not find a room with provided ID."}"#;
    let campanile_domain::Verdict::Failed(gone) = verdict(&endpoint, answer(404, &[], body)) else {
        panic!("no failure")
    };
    assert_eq!(gone.class, FailureClass::Gone);
    assert!(
        gone.message.contains("correct spec.channel") && gone.message.contains("Could not find"),
        "{gone}"
    );
}
