use crate::commit_status::script::{Data, at, lines, refusal, run};
use crate::testing::{answer, delivery, error, failed, header, info, json, request, verdict};
use campanile_domain::{Delivery, Event, FailureClass, ObjectRef, Request, Verdict};
use campanile_testkit::event;

const KIND: &str = "githubdispatch";
const TOKEN: Data<'static> = &[("token", b"ghp_token")];
const ADDRESS: &str = "https://github.com/org/repo.git";

fn body(delivery: &Delivery) -> String {
    let Request { body, .. } = request(&at(KIND, ADDRESS, TOKEN), delivery);
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn s23_26_the_contracts_examples_are_sent_byte_for_byte() {
    assert_eq!(body(&error()), include_str!("../../../fixtures/githubdispatch/error.json"));
    assert_eq!(body(&info()), include_str!("../../../fixtures/githubdispatch/info.json"));
}

#[test]
fn s23_26_it_is_sent_once_to_the_repositorys_dispatches() {
    let exchange = at(KIND, ADDRESS, TOKEN).provider.begin(&error()).unwrap();
    let (sent, verdict) = run(exchange, |_| answer(204, &[], ""));
    assert_eq!(lines(&sent), ["POST https://api.github.com/repos/org/repo/dispatches"]);
    assert_eq!(verdict, Verdict::Delivered);
    for (name, value) in [
        ("authorization", "Bearer ghp_token"),
        ("accept", "application/vnd.github.v3+json"),
        ("x-github-api-version", "2022-11-28"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(header(&sent[0], name), Some(value));
    }
}

#[test]
fn s23_26_refusals_come_in_order() {
    assert!(
        refusal(KIND, "https://github.com/a/b/c", &[])
            .starts_with("github token or github app details must be")
    );
    assert!(refusal(KIND, "https://github.com/a/b/c", TOKEN).starts_with("invalid repository id \"a/b/c\""));
}

#[test]
fn s21_an_app_sends_with_its_installations_token() {
    let data: Data<'_> = &[
        ("githubAppID", b"127"),
        ("githubAppInstallationID", b"300"),
        ("githubAppPrivateKey", include_bytes!("../../../fixtures/github-app/pkcs1.pem")),
    ];
    let exchange = at(KIND, ADDRESS, data).provider.begin(&error()).unwrap();
    let (sent, verdict) = run(exchange, |request| match request.url.ends_with("/access_tokens") {
        true => answer(201, &[], r#"{"token":"ghs_first","expires_at":"2026-08-07T14:00:00Z"}"#),
        false => answer(204, &[], ""),
    });
    assert_eq!((sent.len(), verdict), (2, Verdict::Delivered), "nobody asks for the App's name");
    assert_eq!(header(&sent[1], "authorization"), Some("Bearer ghs_first"));
}

#[test]
fn s24_a_long_event_is_cut_to_what_github_takes() {
    let long = delivery(Event { message: "Ä<&> ".repeat(39_000), ..event() }, &[]);
    let text = body(&long);
    assert!((60_000..64_500).contains(&text.len()), "{}", text.len());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json["client_payload"]["message"].as_str().unwrap().ends_with("more characters)"));
    assert!(json["client_payload"].as_object().unwrap().len() <= 10);
}

#[test]
fn s24_a_type_has_100_characters_at_most() {
    let of = |name: String| {
        let object = ObjectRef { name, ..event().involved_object };
        let json =
            json(&at(KIND, ADDRESS, TOKEN), &delivery(Event { involved_object: object, ..event() }, &[]));
        json["event_type"].as_str().unwrap().to_owned()
    };
    let fits = "x".repeat(100 - "Kustomization/.apps".len());
    assert_eq!(of(fits.clone()), format!("Kustomization/{fits}.apps"));
    let cut = of(fits + "x");
    assert_eq!((cut.chars().count(), cut.ends_with("… [truncated]")), (100, true));
}

#[test]
fn an_event_can_not_break_out_of_the_body() {
    let special = "\"}, \"x\": {\"\n\u{1}\u{2028} <b> \\";
    let object = ObjectRef { kind: special.into(), name: special.into(), ..ObjectRef::default() };
    let odd = delivery(
        Event { involved_object: object, message: special.into(), ..event() },
        &[(special, special)],
    );
    let json: serde_json::Value = serde_json::from_str(&body(&odd)).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert_eq!(json["client_payload"]["message"], special);
    assert_eq!(json["event_type"], format!("{special}/{special}."));
}

#[test]
fn s23_26_answers_have_their_classes() {
    use FailureClass as C;
    let judged = |status, headers: &[(&str, &str)], body| {
        failed(verdict(&at(KIND, ADDRESS, TOKEN), answer(status, headers, body)))
    };
    for (status, class) in [
        (202, C::Garbled),
        (401, C::Credentials),
        (403, C::Credentials),
        (404, C::Gone),
        (422, C::Rejected),
        (500, C::Server),
        (301, C::Redirected),
    ] {
        assert_eq!(judged(status, &[], ""), (None, class), "{status}");
    }
    assert_eq!(judged(200, &[], "<html>").1, C::Garbled);
    let limit = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1786104045")];
    let (pause, class) = judged(403, &limit, "{}");
    assert_eq!((pause.map(|pause| pause.as_secs()), class), (Some(45), C::Throttled));
    let text = format!("{:?}", verdict(&at(KIND, ADDRESS, TOKEN), answer(404, &[], "ghp_token")));
    assert!(
        text.contains("could not send github repository dispatch webhook: the host answered 404"),
        "{text}"
    );
    assert!(text.contains("the repository is not there, or the token may not see it: *****"), "{text}");
}
