use crate::BuiltProvider;
use crate::testing::{
    answer, credentials, delivery, failed, info, json, long, request, spec, special, verdict,
};
use campanile_domain::{Delivery, Event, FailureClass as C, ProviderSpec, Verdict};
use campanile_testkit::event;
use proptest::prelude::{prop_assert_eq, proptest};

fn lark() -> BuiltProvider {
    credentials(&[]).build(&spec("lark")).unwrap()
}

fn sent(delivery: &Delivery) -> String {
    json(&lark(), delivery)["card"]["elements"][0]["text"]["content"].as_str().unwrap().to_owned()
}

/// `text` with its character references read.
fn read(text: &str) -> String {
    let references = [("&#92;", "\\"), ("&#42;", "*"), ("&#126;", "~"), ("&#95;", "_"), ("&#96;", "`")];
    let more = [
        ("&#124;", "|"),
        ("&#93;", "]"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#35;", "#"),
        ("&#61;", "="),
        ("&#45;", "-"),
    ];
    let text =
        references.iter().chain(&more).fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("&amp;", "&")
}

proptest! {
    #[test]
    fn a_message_shows_as_it_was_written(message in "[a-c *_~`<>&;#|=\\[\\]()\\\\-]{0,40}") {
        let sent = sent(&delivery(Event { message: message.clone(), ..event() }, &[]));
        let inner = sent.strip_prefix("**").unwrap().strip_suffix("**\n\n").unwrap();
        prop_assert_eq!(read(inner), message);
    }
}

#[test]
fn s23_13_an_address_that_fails_the_check_is_refused_by_the_right_name() {
    let spec = ProviderSpec { address: "not a url".into(), ..spec("lark") };
    assert_eq!(
        credentials(&[]).build(&spec).unwrap_err().to_string(),
        "invalid Lark hook URL *****: it does not begin with http:// or https://; correct spec.address"
    );
    assert_eq!(request(&lark(), &info()).headers.len(), 1, "no authorization");
}

#[test]
fn what_an_event_says_becomes_no_markup_and_what_the_alert_says_may() {
    let text = sent(&special());
    assert!(
        text.starts_with("**&#42;bold* &#95;it&#95; [a&#93;(http://x.example/?q=1&r=2) &#96;code&#96; "),
        "{text}"
    );
    assert!(text.contains(" &lt;b>html&lt;/b> & \"double\" \\back\\ 100% "), "{text}");
    let event = Event { message: "<at id=all></at> it ends **here**".into(), ..event() };
    let text = sent(&delivery(event, &[("on-call", "<at email=ops@b.example></at>")]));
    assert_eq!(
        text,
        "**&lt;at id=all>&lt;/at> it ends &#42;&#42;here&#42;&#42;**\n\non-call: <at email=ops@b.example></at>\n"
    );
}

#[test]
fn a_request_keeps_within_20_kb() {
    let quotes = "\"<&".repeat(9_000);
    let mut odd = Event::clone(&long(10).event);
    odd.involved_object.name = quotes.clone();
    odd.message = quotes.clone();
    for delivery in [long(100), long(19_000), long(400_000), delivery(odd, &[("k", &quotes)])] {
        let body = request(&lark(), &delivery).body;
        assert!(body.len() <= 20_000, "{}", body.len());
    }
    let cut = sent(&long(19_000));
    assert!(cut.contains(" more characters)**\n\ncluster: prod-eu\n"), "{cut}");
    assert!(request(&lark(), &long(400_000)).body.len() > 19_500, "no less than possible");
}

#[test]
fn s23_13_a_code_in_the_body_counts_whatever_the_status() {
    let judged = |body: &str| verdict(&lark(), answer(200, &[], body));
    assert_eq!(judged(r#"{"code":0,"msg":"success","data":{}}"#), Verdict::Delivered);
    assert_eq!(judged(r#"{"Extra":null,"StatusCode":0,"StatusMessage":"success"}"#), Verdict::Delivered);
    let table = [
        (r#"{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}"#, C::Gone),
        (r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}"#, C::Credentials),
        (r#"{"code":19022,"msg":"Ip Not Allowed"}"#, C::Credentials),
        (r#"{"code":19024,"msg":"Key Words Not Found"}"#, C::Credentials),
        (r#"{"code":9499,"msg":"Bad Request"}"#, C::Rejected),
        (r#"{"code":9499,"msg":"too many request"}"#, C::Throttled),
        (r#"{"code":11232,"msg":"frequency limited"}"#, C::Throttled),
        (r#"{"StatusCode":1,"StatusMessage":"unknown"}"#, C::Rejected),
    ];
    for (body, class) in table {
        assert_eq!(failed(judged(body)).1, class, "{body}");
    }
    let down = verdict(&lark(), answer(503, &[], r#"{"code":19001}"#));
    assert_eq!(failed(down).1, C::Server, "a status that means try again is not overruled");
}
