use crate::BuiltProvider;
use crate::testing::{
    answer, credentials, delivery, failed, info, json, long, request, spec, special, verdict,
};
use campanile_domain::{Delivery, Event, FailureClass as C, ObjectRef, ProviderSpec, Verdict};
use campanile_testkit::event;
use proptest::prelude::{any, prop_assert, proptest};
use std::time::Duration;

fn in_chat(channel: &str) -> ProviderSpec {
    ProviderSpec { channel: channel.into(), ..spec("telegram") }
}

fn telegram() -> BuiltProvider {
    credentials(&[("token", b"111:one\n")]).build(&in_chat("@flux")).unwrap()
}

fn sent(delivery: &Delivery) -> String {
    json(&telegram(), delivery)["text"].as_str().unwrap().to_owned()
}

/// `text` without its escapes, and the reserved characters in it that have none.
fn read(text: &str) -> (String, String) {
    let (mut plain, mut bare) = (String::new(), String::new());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => plain.extend(characters.next()),
            _ if "_*[]()~`>#+-=|{}.!".contains(c) => bare.push(c),
            _ => plain.push(c),
        }
    }
    (plain, bare)
}

fn without_breaks(text: &str) -> String {
    text.replace('\u{200b}', "")
}

proptest! {
    #[test]
    fn whatever_an_event_says_telegram_can_read_it(message in any::<String>(), key in any::<String>(), value in any::<String>()) {
        let delivery = delivery(Event { message: message.clone(), ..event() }, &[(&key, &value)]);
        let (plain, bare) = read(&sent(&delivery));
        // The name and the key are bold, and nothing else is.
        prop_assert!(bare == "****", "{bare}");
        let is_whole = without_breaks(&plain).contains(&without_breaks(&message));
        prop_assert!(is_whole, "{plain:?}");
    }
}

#[test]
fn s23_12_the_token_is_in_the_path_and_the_channel_names_chat_and_thread() {
    let request = request(&telegram(), &info());
    assert_eq!(request.url, "https://api.telegram.org/bot111:one/sendMessage");
    assert_eq!(request.headers.len(), 1, "no authorization");
    let places = |channel: &str| {
        let endpoint = credentials(&[("token", b"111:one")]).build(&in_chat(channel)).unwrap();
        let message = json(&endpoint, &info());
        (message["chat_id"].as_str().unwrap().to_owned(), message.get("message_thread_id").cloned())
    };
    assert_eq!(places("-155"), ("-155".into(), None));
    assert_eq!(places("-155:"), ("-155".into(), None));
    assert_eq!(places("@flux:17"), ("@flux".into(), Some("17".into())));
}

#[test]
fn s23_12_a_token_can_not_lead_to_another_path() {
    let endpoint = credentials(&[("token", b"1:a/../x?y#z")]).build(&in_chat("1")).unwrap();
    assert_eq!(
        request(&endpoint, &info()).url,
        "https://api.telegram.org/bot1:a%2F..%2Fx%3Fy%23z/sendMessage"
    );
}

#[test]
fn s23_12_without_channel_or_token_it_is_refused_in_this_order() {
    let refusal = |channel: &str, data: &[(&str, &[u8])]| {
        credentials(data).build(&in_chat(channel)).unwrap_err().to_string()
    };
    assert_eq!(refusal("", &[]), "empty Telegram channel: write it in spec.channel");
    assert_eq!(
        refusal("@flux", &[("token", b"\n")]),
        "empty Telegram token: put it in key 'token' of the Secret named by spec.secretRef"
    );
}

#[test]
fn s25_the_lines_of_the_test_vector() {
    let object = ObjectRef {
        kind: "GitRepository".into(),
        namespace: "gitops-system".into(),
        name: "webapp".into(),
        ..ObjectRef::default()
    };
    let event = Event { involved_object: object, message: "message".into(), ..event() };
    assert_eq!(
        sent(&delivery(event, &[("kubernetes.io/somekey", "some.value")])),
        "*💫 gitrepository/webapp/gitops\\-system*\nmessage\n\\- *kubernetes\\.io/somekey*: some\\.value\n"
    );
}

#[test]
fn what_an_event_says_is_escaped_and_calls_nobody() {
    let text = sent(&special());
    assert!(text.contains("\\*bold\\* \\_it\\_ \\[a\\]\\(http://x\\.example/?q\\=1&r\\=2\\)"), "{text}");
    let event = Event { message: "@ops ask @dev_1, not a@b.example or @ all".into(), ..event() };
    let text = sent(&delivery(event, &[("", "x")]));
    assert!(text.contains("\n@\u{200b}ops ask @\u{200b}dev\\_1, not a@b\\.example or @ all\n"), "{text}");
    assert!(text.ends_with("\\- *\u{200b}*: x\n"), "an empty key is no broken markup: {text}");
}

#[test]
fn s24_a_text_keeps_within_4096_characters_and_its_mark_is_escaped() {
    for length in [10, 3_000, 5_000, 400_000] {
        let text = sent(&long(length));
        assert!(text.encode_utf16().count() <= 4_096, "{length}");
        assert_eq!(read(&text).1, "********", "{length}: four bold texts");
    }
    let cut = sent(&long(5_000));
    assert!(cut.contains(" more characters\\)\n\\- *cluster*: prod\\-eu\n"), "{cut}");
    assert!(cut.encode_utf16().count() > 4_000, "no less than possible");
}

#[test]
fn answers_about_token_and_chat_say_so() {
    let judged = |status, body: &str| match verdict(&telegram(), answer(status, &[], body)) {
        Verdict::Failed(failure) => failure,
        other => panic!("no failure: {other:?}"),
    };
    let gone = judged(400, r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#);
    assert_eq!(gone.class, C::Gone);
    assert!(
        gone.message.contains("correct spec.channel") && gone.message.contains("chat not found"),
        "{gone}"
    );
    let moved = r#"{"ok":false,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100}}"#;
    assert_eq!(judged(400, moved).class, C::Gone);
    assert_eq!(judged(400, r#"{"description":"Bad Request: message is too long"}"#).class, C::Rejected);
    assert_eq!(judged(403, r#"{"description":"Forbidden: bot was kicked"}"#).class, C::Gone);
    assert!(judged(404, r#"{"description":"Not Found"}"#).message.contains("'token'"));
    assert_eq!(judged(401, "").class, C::Credentials);
}

#[test]
fn a_rate_limit_has_the_pause_of_the_body() {
    let body =
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":35}}"#;
    let limited = verdict(&telegram(), answer(429, &[], body));
    assert_eq!(failed(limited), (Some(Duration::from_secs(35)), C::Throttled));
}
