use crate::testing::{
    answer, credentials, delivery, failed, header, info, json, long, request, spec, special, verdict,
};
use crate::{BuiltProvider, ConfigError, Step};
use campanile_domain::{Delivery, Event, FailureClass as C, Notification, ProviderSpec, Verdict};
use campanile_testkit::event;
use jiff::SignedDuration;
use serde_json::Value;

fn datadog() -> BuiltProvider {
    let address = "https://user:pass@api.example:8443/dropped?x=1";
    let spec = ProviderSpec { address: address.into(), ..spec("datadog") };
    credentials(&[("token", b"dd-key\n")]).build(&spec).unwrap()
}

fn sent(delivery: &Delivery) -> Value {
    json(&datadog(), delivery)
}

fn text(message: &str) -> String {
    sent(&delivery(Event { message: message.into(), ..event() }, &[]))["text"].as_str().unwrap().to_owned()
}

#[test]
fn s23_19_only_the_host_of_the_address_counts() {
    let request = request(&datadog(), &info());
    assert_eq!(request.url, "https://api.example:8443/api/v1/events");
    assert_eq!(header(&request, "dd-api-key"), Some("dd-key"));
    assert_eq!(header(&request, "accept"), Some("application/json"));
    assert_eq!(header(&request, "authorization"), None);
}

#[test]
fn s23_19_the_token_is_looked_for_first_and_an_address_needs_scheme_and_host() {
    let refusal = |address: &str, data: &[(&str, &[u8])]| {
        credentials(data).build(&ProviderSpec { address: address.into(), ..spec("datadog") }).unwrap_err()
    };
    assert_eq!(refusal("", &[]), ConfigError::NoToken("token cannot be empty"));
    for address in ["", "api.datadoghq.eu", "/api", "https://"] {
        let text = refusal(address, &[("token", b"k")]).to_string();
        assert!(text.starts_with("invalid Datadog address "), "{text}");
    }
}

#[test]
fn s23_19_tags_are_in_lower_case_and_within_200_characters() {
    let keys: Vec<String> = (0..150).map(|n| format!("Key{n:03}")).collect();
    let long = "V".repeat(400);
    let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), long.as_str())).collect();
    let alert = sent(&delivery(event(), &metadata));
    let tags: Vec<&str> = alert["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    assert_eq!(tags[1], "flux_reason:reconciliationsucceeded");
    assert_eq!(tags.len(), 100);
    assert_eq!(tags[99], "metadata_left_out:56 more left out");
    for tag in &tags {
        assert!(tag.chars().count() <= 200 && !tag.contains(char::is_uppercase), "{tag}");
    }
    assert!(tags[5].ends_with(" more characters)"), "{}", tags[5]);
}

#[test]
fn what_an_event_says_calls_nobody_and_is_no_markdown() {
    let calls = "@ops @slack-general (@user@b.example) a@b.example @ x";
    assert_eq!(text(calls), "@\u{200b}ops @\u{200b}slack-general (@\u{200b}user@b.example) a@b.example @ x");
    assert_eq!(text("%%% \n# head\n %%%"), "%\u{200b}%% \n# head\n %\u{200b}%%");
    let everyday = special();
    assert_eq!(sent(&everyday)["text"], everyday.event.message.as_str());
}

#[test]
fn s24_texts_keep_within_datadogs_limits() {
    let mut event = Event::clone(&long(9_000).event);
    event.involved_object.name = "n".repeat(300);
    let alert = sent(&delivery(event, &[]));
    let text = alert["text"].as_str().unwrap();
    assert!(text.encode_utf16().count() <= 4_000 && text.ends_with(" more characters)"), "{text}");
    assert!(alert["title"].as_str().unwrap().chars().count() <= 100);
    assert_eq!(sent(&long(4_000))["text"].as_str().unwrap().chars().count(), 4_000);
}

#[test]
fn s24_an_event_that_is_too_old_for_datadog_is_posted_without_its_time() {
    let dates_after = |hours: i64| {
        let mut exchange = datadog().provider.begin(&info()).unwrap();
        let (mut response, mut dates) = (None, Vec::new());
        let now = Notification::of(&info()).happened_at() + SignedDuration::from_hours(hours);
        while let Step::Send(request) = exchange.next(response.take(), now) {
            let sent: Value = serde_json::from_slice(&request.body).unwrap();
            dates.push(sent.get("date_happened").and_then(Value::as_i64));
            response = Some(answer(400, &[], r#"{"errors":["refused"]}"#));
        }
        dates
    };
    let happened = Some(Notification::of(&info()).happened_at().as_second());
    assert_eq!(dates_after(18), [happened]);
    assert_eq!(dates_after(19), [happened, None]);
}

#[test]
fn s23_19_an_answer_that_is_no_json_is_none_of_datadogs() {
    let judged = |status, body: &str| verdict(&datadog(), answer(status, &[], body));
    assert_eq!(judged(202, r#"{"status":"ok"}"#), Verdict::Delivered);
    assert_eq!(judged(202, ""), Verdict::Delivered);
    assert_eq!(failed(judged(200, "<html>sign in</html>")).1, C::Garbled);
    assert_eq!(failed(judged(403, r#"{"errors":["Forbidden"]}"#)).1, C::Credentials);
}
