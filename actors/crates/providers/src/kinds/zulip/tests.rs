use crate::BuiltProvider;
use crate::testing::{answer, credentials, delivery, failed, header, info, long, request, spec, verdict};
use campanile_domain::{Delivery, Event, FailureClass as C, ProviderSpec};
use campanile_testkit::event;
use std::time::Duration;
use url::form_urlencoded;

fn to(channel: &str) -> ProviderSpec {
    ProviderSpec {
        channel: channel.into(),
        address: "https://zulip.example/some/path?x=1".into(),
        ..spec("zulip")
    }
}

fn zulip() -> BuiltProvider {
    credentials(&[("username", b"bot@zulip.example"), ("password", b"api-key")])
        .build(&to("general/alerts/prod"))
        .unwrap()
}

fn field(delivery: &Delivery, name: &str) -> String {
    let body = request(&zulip(), delivery).body;
    form_urlencoded::parse(&body).find(|(key, _)| key == name).unwrap().1.into_owned()
}

fn content(message: &str, metadata: &[(&str, &str)]) -> String {
    field(&delivery(Event { message: message.into(), ..event() }, metadata), "content")
}

#[test]
fn s23_21_a_form_is_posted_to_the_api_of_the_addresss_host() {
    let request = request(&zulip(), &info());
    assert_eq!(request.url, "https://zulip.example/api/v1/messages?x=1");
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&request, "authorization"), Some("Basic Ym90QHp1bGlwLmV4YW1wbGU6YXBpLWtleQ=="));
    assert_eq!((field(&info(), "to"), field(&info(), "topic")), ("general".into(), "alerts/prod".into()));
}

#[test]
fn s23_21_half_a_login_is_sent_and_none_is_not() {
    let authorization = |name: &str| {
        let spec = ProviderSpec { username: name.into(), ..to("a/b") };
        header(&request(&credentials(&[]).build(&spec).unwrap(), &info()), "authorization").map(str::to_owned)
    };
    assert_eq!(authorization("not-used").as_deref(), Some("Basic bm90LXVzZWQ6"));
    assert_eq!(authorization(""), None);
}

#[test]
fn s23_21_address_and_channel_are_checked() {
    let refusal = |spec: &ProviderSpec| credentials(&[]).build(spec).unwrap_err().to_string();
    for channel in ["", "general", "/topic", "general/"] {
        assert_eq!(
            refusal(&to(channel)),
            format!(
                "invalid Zulip channel format, expected <channel>/<topic>, got '{channel}'; correct spec.channel"
            )
        );
    }
    let text = refusal(&ProviderSpec { address: String::new(), ..to("a/b") });
    assert!(text.starts_with("invalid Zulip endpoint URL ''"), "{text}");
}

#[test]
fn s19_the_line_for_metadata_is_there_without_any_and_the_change_request_is_not() {
    assert!(content("m", &[]).ends_with("\n\nm\n\nMetadata:\n"));
    assert!(content("m", &[("change_request", "42"), ("a", "b")]).ends_with("\n\nMetadata:\n* `a`: b\n"));
}

#[test]
fn what_an_event_says_calls_nobody_and_swallows_nothing() {
    let text = content(
        "@**all** @_*ops* #**general>x** [a](http://x) <time:1> $$x$$ *b* a@b",
        &[("on-call", "@**ops**")],
    );
    let expected = "@\u{200b}**all** @\u{200b}_*ops* #\u{200b}**general>x** [a]\u{200b}(http://x) <\u{200b}time:1> \
                    $\u{200b}$x$\u{200b}$ *b* a@b\n\nMetadata:\n* `on-call`: @**ops**\n";
    assert!(text.ends_with(expected), "{text}");
    for fence in ["```", "~~~~", "````spoiler"] {
        let text = content(&format!("{fence}\nx"), &[("a`b", "c")]);
        assert!(!text.contains("```") && !text.contains("~~~"), "{text}");
        assert!(text.ends_with("* `a'b`: c\n"), "{text}");
    }
}

#[test]
fn s24_a_message_keeps_within_10_000_characters() {
    let value = "ü".repeat(5_000);
    let many = [("a", value.as_str()), ("b", &value), ("c", &value)];
    for length in [10, 9_000, 11_000, 400_000] {
        for metadata in [&many[..0], &many] {
            let text = field(&delivery(Event::clone(&long(length).event), metadata), "content");
            assert!(text.chars().count() <= 10_000, "{length}");
        }
    }
    let cut = field(&long(11_000), "content");
    assert!(cut.contains(" more characters)\n\nMetadata:\n* `cluster`: prod-eu\n"), "{cut}");
    assert!(field(&long(400_000), "content").chars().count() > 9_700, "no less than possible");
}

#[test]
fn answers_about_the_channel_say_so_and_a_rate_limit_has_its_pause() {
    let gone =
        r#"{"result":"error","msg":"Channel 'general' does not exist","code":"STREAM_DOES_NOT_EXIST"}"#;
    assert_eq!(failed(verdict(&zulip(), answer(400, &[], gone))).1, C::Gone);
    let limited = r#"{"result":"error","code":"RATE_LIMIT_HIT","retry-after":28.5}"#;
    let paused = verdict(&zulip(), answer(429, &[], limited));
    assert_eq!(failed(paused), (Some(Duration::from_millis(28_500)), C::Throttled));
    assert_eq!(failed(verdict(&zulip(), answer(400, &[], r#"{"code":"BAD_REQUEST"}"#))).1, C::Rejected);
}
