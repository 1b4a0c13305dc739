use super::*;
use crate::testing::{answer, credentials, delivery, error, header, info, request, spec};
use campanile_domain::{Delivery, Event, ProviderSpec, Request};
use campanile_testkit::event;
use serde_json::Value;

fn slack() -> ProviderSpec {
    ProviderSpec { channel: "general".into(), ..spec("slack") }
}

fn sent(spec: &ProviderSpec, data: &[(&str, &[u8])], delivery: &Delivery) -> Request {
    request(&credentials(data).build(spec).unwrap(), delivery)
}

fn json(delivery: &Delivery) -> Value {
    serde_json::from_slice(&sent(&slack(), &[], delivery).body).unwrap()
}

#[test]
fn s23_3_the_token_is_sent_only_if_there_is_one() {
    let authorization =
        |data: &[(&str, &[u8])]| header(&sent(&slack(), data, &info()), "authorization").map(str::to_owned);
    assert_eq!(authorization(&[("token", b"xoxb-1234\r\n")]).as_deref(), Some("Bearer xoxb-1234"));
    for blank in [b"" as &[u8], b"\n"] {
        assert_eq!(authorization(&[("token", blank)]), None);
    }
}

#[test]
fn s23_3_the_name_is_the_users_or_else_the_controllers() {
    let name = |spec: &ProviderSpec, data: &[(&str, &[u8])]| {
        let body: Value = serde_json::from_slice(&sent(spec, data, &info()).body).unwrap();
        body["username"].as_str().unwrap().to_owned()
    };
    let named = ProviderSpec { username: "flux bot".into(), ..slack() };
    assert_eq!(name(&slack(), &[]), "kustomize-controller");
    assert_eq!(name(&named, &[]), "flux bot");
    assert_eq!(name(&named, &[("username", b"secret bot")]), "secret bot");
}

#[test]
fn s23_3_the_fallback_has_the_first_line_and_the_color_tells_errors() {
    let attachment = &json(&error())["attachments"][0];
    assert_eq!(attachment["fallback"], "kustomization/podinfo.apps: Deployment/apps/podinfo: timeout <30s>");
    assert_eq!(attachment["color"], "danger");
    assert_eq!(json(&info())["attachments"][0]["color"], "good");
    assert_eq!(json(&delivery(event(), &[]))["attachments"][0]["fields"], Value::Array(Vec::new()));
}

#[test]
fn s23_3_an_address_that_fails_the_check_is_refused() {
    let spec = ProviderSpec { address: "https://example.com|".into(), ..slack() };
    assert_eq!(
        credentials(&[]).build(&spec).unwrap_err().to_string(),
        "invalid Slack hook URL *****: its host is not valid; correct spec.address"
    );
}

#[test]
fn n01_an_address_is_all_that_it_needs() {
    let spec = ProviderSpec { secret_ref: None, channel: String::new(), ..slack() };
    assert_eq!(json(&info())["channel"], "general");
    let body: Value = serde_json::from_slice(&sent(&spec, &[], &info()).body).unwrap();
    assert_eq!(body["channel"], "");
}

#[test]
fn s23_3_the_api_is_recognised_whatever_the_spelling_of_its_address() {
    let is_api = |address: &str| {
        let spec = ProviderSpec { address: address.into(), ..slack() };
        is_api(&credentials(&[]).resolve(&spec).unwrap().address.hook_url("URL").unwrap())
    };
    assert!(is_api("https://slack.com/api/chat.postMessage"));
    assert!(is_api("https://slack.com/api/chat.postMessage/?pretty=1"));
    assert!(is_api("https://slack-gov.com/api/chat.postMessage"));
    assert!(!is_api("https://hooks.slack.com/services/T0/B0/abc"));
    assert!(!is_api("https://slack.com.evil.example/api/chat.postMessage"));
}

#[test]
fn what_an_event_brings_along_can_not_call_anybody() {
    let mut event = event();
    event.message = "<!channel> <@U123> <#C1> <!subteam^S1|ops> <b>&".into();
    event.involved_object.name = "<!here>".into();
    event.metadata = [("event.toolkit.fluxcd.io/team".to_owned(), "<!everyone>".to_owned())].into();
    let body = json(&delivery(event, &[("team", "<!everyone>"), ("on-call", "<@U777>")]));
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["text"], "&lt;!channel> &lt;@U123> &lt;#C1> &lt;!subteam^S1|ops> <b>&");
    assert_eq!(attachment["author_name"], "kustomization/&lt;!here>.apps");
    assert!(!attachment["fallback"].as_str().unwrap().contains("<!"));
    assert_eq!(attachment["fields"][0]["value"], "<@U777>", "what the Alert adds still calls");
    assert_eq!(attachment["fields"][1]["value"], "&lt;!everyone>");
}

#[test]
fn a_text_beyond_the_limit_is_cut_and_says_so() {
    let text_of = |length: usize| {
        let body = json(&delivery(Event { message: "ä".repeat(length), ..event() }, &[]));
        body["attachments"][0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text_of(LONGEST_TEXT), "ä".repeat(LONGEST_TEXT));
    let cut = text_of(LONGEST_TEXT + 1);
    assert!(cut.chars().count() <= LONGEST_TEXT, "{}", cut.chars().count());
    assert!(cut.ends_with("more characters)"));
}

#[test]
fn i16_7_too_long_is_known_in_the_words_of_the_api_of_webhooks_and_of_mattermost() {
    let endpoint = credentials(&[]).build(&slack()).unwrap();
    let said = [
        (200, r#"{"ok":false,"error":"msg_too_long"}"#),
        (400, "attachment_payload_limit_exceeded"),
        (413, "<html>"),
        (
            400,
            r#"{"id":"web.incoming_webhook.attachment.app_error","message":"Maximum attachments length is 7900"}"#,
        ),
    ];
    for (status, body) in said {
        assert!(endpoint.provider.is_too_long(&answer(status, &[], body)), "{status} {body}");
    }
    for (status, body) in [(200, r#"{"ok":true,"message":"msg_too_long"}"#), (400, "invalid_payload")] {
        assert!(!endpoint.provider.is_too_long(&answer(status, &[], body)), "{status} {body}");
    }
}

#[test]
fn a_link_whose_target_hides_shows_as_it_is_written() {
    let message = "<https://evil.example|docs> <mailto:a@b|x> <30s> <none> a<b <app.kubernetes.io/name>";
    let body = json(&delivery(Event { message: message.into(), ..event() }, &[]));
    assert_eq!(
        body["attachments"][0]["text"],
        "&lt;https://evil.example|docs> &lt;mailto:a@b|x> <30s> <none> a<b <app.kubernetes.io/name>"
    );
}

#[test]
fn item_13_the_api_needs_a_channel_and_a_webhook_does_not() {
    let built = |address: &str, channel: &str| {
        let spec = ProviderSpec { address: address.into(), channel: channel.into(), ..slack() };
        credentials(&[("token", b"xoxb")]).build(&spec).map(drop).map_err(|error| error.to_string())
    };
    let api = "https://slack.com/api/chat.postMessage";
    assert!(built(api, "").unwrap_err().starts_with("chat.postMessage needs a channel"));
    assert_eq!(built(api, "general"), Ok(()));
    assert_eq!(built("https://hooks.slack.com/services/T0/B0/x", ""), Ok(()));
}
