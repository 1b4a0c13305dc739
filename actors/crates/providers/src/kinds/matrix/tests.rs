use crate::testing::{
    answer, credentials, delivery, error, failed, header, info, json, long, request, spec, verdict,
};
use crate::{BuiltProvider, ConfigError};
use campanile_domain::{Delivery, Event, FailureClass as C, Method, ObjectRef, ProviderSpec};
use campanile_testkit::event;
use std::time::Duration;

fn in_room(room: &str, address: &str) -> ProviderSpec {
    ProviderSpec { channel: room.into(), address: address.into(), ..spec("matrix") }
}

fn matrix() -> BuiltProvider {
    let spec = in_room("!jez/x:matrix.org", "https://matrix.example/");
    credentials(&[("token", b"syt_token\n")]).build(&spec).unwrap()
}

fn sent(delivery: &Delivery) -> String {
    json(&matrix(), delivery)["body"].as_str().unwrap().to_owned()
}

#[test]
fn s23_14_an_event_is_put_under_a_hash_of_itself() {
    let url = |delivery: &Delivery| request(&matrix(), delivery).url;
    let base = "https://matrix.example/_matrix/client/r0/rooms/%21jez%2Fx%3Amatrix.org/send/m.room.message/";
    assert_eq!(url(&error()), format!("{base}2a48f0de4ea80d8335dfa28976b681c47b864a77"));
    assert_eq!(url(&info()), format!("{base}332046d0e5e3aa1ee1328d1cd0f1a4d57f551632"));
    let request = request(&matrix(), &info());
    assert_eq!(request.method, Method::Put);
    assert_eq!(header(&request, "authorization"), Some("Bearer syt_token"));
}

#[test]
fn s25_the_transaction_of_the_test_vector() {
    let event = Event {
        involved_object: ObjectRef::default(),
        timestamp: "2021-08-24T16:18:00Z".parse().ok(),
        message: "update successful".into(),
        reason: "update sucesful".into(),
        reporting_controller: String::new(),
        reporting_instance: String::new(),
        ..event()
    };
    let url = request(&matrix(), &delivery(event, &[])).url;
    assert!(url.ends_with("/37d91b4f6a1e44c6a38273b0a0fd408fade7b0f5"), "{url}");
}

#[test]
fn t07_the_transaction_is_of_the_fields_that_flux_knows() {
    let of = |more: &str| {
        let posted = format!(r#"{{"message":"update successful"{more}}}"#);
        request(&matrix(), &delivery(Event::decode(posted.as_bytes()).unwrap().event, &[])).url
    };
    let related = r#","relatedObject":{"kind":"GitRepository"}"#;
    let ids = [of(""), of(r#","action":"""#), of(r#","action":"Apply""#), of(related)];
    assert!((1..ids.len()).all(|at| !ids[..at].contains(&ids[at])), "{ids:?}");
    assert_eq!(of(r#","action":"Apply","traceId":"1""#), ids[2]);
}

#[test]
fn s23_14_the_key_is_stable_over_tries_and_differs_for_another_event() {
    let url = |delivery: &Delivery| request(&matrix(), delivery).url;
    assert_eq!(url(&info()), url(&Delivery { attempts: 3, ..info() }));
    assert_ne!(url(&info()), url(&delivery(event(), &[])));
}

#[test]
fn s23_14_without_address_room_or_token_it_is_refused() {
    let refusal = |room: &str, address: &str, data: &[(&str, &[u8])]| {
        credentials(data).build(&in_room(room, address)).unwrap_err()
    };
    let text = refusal("!r", "", &[]).to_string();
    assert!(text.starts_with("invalid Matrix homeserver URL ''"), "{text}");
    assert_eq!(refusal("", "https://h", &[]), ConfigError::NoChannel("empty Matrix room ID"));
    assert_eq!(refusal("!r", "https://h", &[]), ConfigError::NoToken("empty Matrix access token"));
}

#[test]
fn nobody_calls_a_whole_room_but_the_alert() {
    let event = Event { message: "@room *bold* mail@rooms.example".into(), ..event() };
    let text = sent(&delivery(event, &[("on-call", "@room")]));
    assert!(text.contains("\n@\u{200b}room *bold* mail@\u{200b}rooms.example\n- on-call: @room\n"), "{text}");
}

#[test]
fn a_message_leaves_room_for_what_the_homeserver_adds() {
    let mut odd = Event::clone(&long(10).event);
    odd.message = "\"\n".repeat(60_000);
    odd.involved_object.name = "\"\\".repeat(5_000);
    for delivery in [long(30_000), long(400_000), delivery(odd, &[("k", &"\"".repeat(70_000))])] {
        let body = request(&matrix(), &delivery).body;
        assert!(body.len() <= 65_536 - 8_000, "{}", body.len());
    }
    assert!(request(&matrix(), &long(400_000)).body.len() > 57_000, "no less than possible");
    assert!(sent(&long(400_000)).contains(" more characters)\n- cluster: prod-eu\n"));
}

#[test]
fn answers_about_the_room_say_so_and_a_rate_limit_has_its_pause() {
    let body = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":2500}"#;
    let limited = verdict(&matrix(), answer(429, &[], body));
    assert_eq!(failed(limited), (Some(Duration::from_millis(2500)), C::Throttled));
    let table = [
        (403, r#"{"errcode":"M_FORBIDDEN","error":"not in room"}"#, C::Gone),
        (404, r#"{"errcode":"M_NOT_FOUND"}"#, C::Gone),
        (401, r#"{"errcode":"M_UNKNOWN_TOKEN"}"#, C::Credentials),
        (413, r#"{"errcode":"M_TOO_LARGE"}"#, C::Rejected),
    ];
    for (status, body, class) in table {
        assert_eq!(failed(verdict(&matrix(), answer(status, &[], body))).1, class, "{body}");
    }
}
