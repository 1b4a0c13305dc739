use super::*;
use crate::Severity;

fn decode(json: &str) -> Result<Event, DecodeError> {
    Event::decode(json.as_bytes()).map(|received| received.event)
}

fn message(body: &[u8]) -> String {
    Event::decode(body).unwrap().event.message
}

fn time(text: &str) -> Option<Option<Timestamp>> {
    decode(&format!(r#"{{"timestamp":"{text}"}}"#)).ok().map(|event| event.timestamp)
}

#[test]
fn every_field_is_read() {
    let event = decode(
        r#" {"involvedObject":{"kind":"Kustomization","namespace":"apps","name":"podinfo","uid":"u1",
        "apiVersion":"kustomize.toolkit.fluxcd.io/v1","resourceVersion":"7","fieldPath":"spec.x"},
        "severity":"error","timestamp":"2026-08-07T10:15:30Z","message":"a\u003cb \ud83d\ude80","reason":"Failed",
        "metadata":{"b":"2","a":"1"},"reportingController":"kc","reportingInstance":"kc-0","action":"Apply",
        "relatedObject":{"kind":"GitRepository","name":"podinfo"}}
        "#,
    )
    .unwrap();
    let expected = Event {
        involved_object: ObjectRef {
            kind: "Kustomization".into(),
            namespace: "apps".into(),
            name: "podinfo".into(),
            uid: "u1".into(),
            api_version: "kustomize.toolkit.fluxcd.io/v1".into(),
            resource_version: "7".into(),
            field_path: "spec.x".into(),
        },
        severity: Severity::Error,
        timestamp: "2026-08-07T10:15:30Z".parse().ok(),
        message: "a<b 🚀".into(),
        reason: "Failed".into(),
        metadata: BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]),
        reporting_controller: "kc".into(),
        reporting_instance: "kc-0".into(),
        related_object: Some(Box::new(ObjectRef {
            kind: "GitRepository".into(),
            name: "podinfo".into(),
            ..ObjectRef::default()
        })),
        action: Some("Apply".into()),
        unknown_fields: UnknownFields::default(),
        hops: 0,
    };
    assert_eq!(event, expected);
}

#[test]
fn nothing_is_an_event_and_null_is_unset_everywhere() {
    assert_eq!(decode("null"), Ok(Event::default()));
    assert_eq!(decode(" {} \n"), Ok(Event::default()));
    let all = EVENT_FIELDS.map(|field| format!(r#""{field}":null"#)).join(",");
    assert_eq!(decode(&format!("{{{all}}}")), Ok(Event::default()));
    let all = OBJECT_FIELDS.map(|field| format!(r#""{field}":null"#)).join(",");
    assert_eq!(decode(&format!(r#"{{"involvedObject":{{{all}}}}}"#)), Ok(Event::default()));
    let event = decode(r#"{"metadata":{"a":null}}"#).unwrap();
    assert_eq!(event.metadata.get("a").map(String::as_str), Some(""));
}

#[test]
fn names_match_in_any_case_and_the_last_wins() {
    let event = decode(
        r#"{"INVOLVEDOBJECT":{"Kind":"K","NAME":"n","APIversion":"g/v1","extra":1},"Message":"other case",
        "unknown":{"a":[1,{"b":null}],"c":"\ud800"},"severity":"info","SEVERITY":"error","message":"last",
        "metadata":{"k":"1","k":"2","K":"3"}}"#,
    )
    .unwrap();
    assert_eq!(event.involved_object.kind, "K");
    assert_eq!(event.involved_object.name, "n");
    assert_eq!(event.involved_object.api_version, "g/v1");
    assert_eq!(event.severity, Severity::Error);
    assert_eq!(event.message, "last");
    assert_eq!(event.metadata, BTreeMap::from([("K".into(), "3".into()), ("k".into(), "2".into())]));
}

#[test]
fn what_is_no_single_document_is_a_syntax_error() {
    let open = format!(r#"{{"x":{}"#, "[".repeat(10_000));
    for body in [
        "",
        " ",
        "not json",
        "{} x",
        "{}{}",
        "null null",
        "{",
        r#"{"message":"a"#,
        &open,
        "\u{feff}{}",
        "{'a':1}",
    ] {
        assert!(matches!(decode(body), Err(DecodeError::Syntax { .. })), "{body}");
    }
    for body in ["{\"message\":\"a\nb\"}", r#"{"message":"\x"}"#, "{\"message\":\"\u{1}\"}"] {
        assert!(matches!(decode(body), Err(DecodeError::Syntax { .. })), "{body}");
    }
}

#[test]
fn what_has_the_wrong_type_is_a_shape_error() {
    let bodies = [
        "[]",
        "7",
        "true",
        r#""text""#,
        r#"{"message":7}"#,
        r#"{"message":true}"#,
        r#"{"message":{}}"#,
        r#"{"severity":1}"#,
        r#"{"involvedObject":[]}"#,
        r#"{"involvedObject":"x"}"#,
        r#"{"involvedObject":{"name":1}}"#,
        r#"{"metadata":[]}"#,
        r#"{"metadata":{"kustomize.toolkit.fluxcd.io/a":1}}"#,
        r#"{"metadata":{"a":{}}}"#,
        r#"{"timestamp":1786104000}"#,
        r#"{"timestamp":"yesterday"}"#,
        r#"{"action":7}"#,
        r#"{"relatedObject":[]}"#,
        r#"{"relatedObject":{"kind":1}}"#,
    ];
    for body in bodies {
        assert!(matches!(decode(body), Err(DecodeError::Shape { .. })), "{body}");
    }
}

#[test]
fn an_error_names_the_place_and_not_the_text() {
    let error = decode("{\"message\":\n \"s3cret\",\"reason\":{\"s3cret\":1}}").unwrap_err().to_string();
    assert!(error.contains("line 2") && !error.contains("s3cret"), "{error}");
}

#[test]
fn each_byte_that_is_no_utf_8_becomes_a_replacement_character() {
    assert_eq!(message(b"{\"message\":\"a\xffb\"}"), "a\u{fffd}b");
    assert_eq!(
        message(b"{\"message\":\"\xe2\x82 \xed\xa0\x80\"}"),
        "\u{fffd}\u{fffd} \u{fffd}\u{fffd}\u{fffd}"
    );
    assert_eq!(message(b"{\"message\":\"\xf0\x90\x80\"}"), "\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(message(b"{\"message\":\"\xff \\ud800\"}"), "\u{fffd} \u{fffd}");
    let event = Event::decode(b"{\"metadata\":{\"\xff\":\"v\"}}").unwrap().event;
    assert!(event.metadata.contains_key("\u{fffd}"));
    assert!(Event::decode(b"\xff{}").is_err());
}

#[test]
fn half_a_surrogate_pair_becomes_a_replacement_character() {
    let cases = [
        (r"half a pair \ud800 end", "half a pair \u{fffd} end"),
        (r"\udc00", "\u{fffd}"),
        (r"\ud800\ud800\udc00", "\u{fffd}\u{10000}"),
        (r"\uD83D\uDE80\ud83d", "🚀\u{fffd}"),
        (r"\ud800\u0041", "\u{fffd}A"),
        (r"\ud800\n", "\u{fffd}\n"),
        (r"\\ud800 \ud800", "\\ud800 \u{fffd}"),
        (r"\udc00\ud800", "\u{fffd}\u{fffd}"),
    ];
    for (escaped, expected) in cases {
        assert_eq!(message(format!(r#"{{"message":"{escaped}"}}"#).as_bytes()), expected, "{escaped}");
    }
    let event = decode(r#"{"metadata":{"k\udfff":"v"},"\udfff":1}"#).unwrap();
    assert!(event.metadata.contains_key("k\u{fffd}"));
    assert!(decode(r#"{"message":"\ud80"}"#).is_err());
    assert!(decode(r#"{"message":"\ud800"} x"#).is_err());
}

#[test]
fn a_timestamp_is_rfc_3339() {
    let at = |text: &str| Some(text.parse().ok());
    assert_eq!(time("2026-08-07T10:15:30Z"), at("2026-08-07T10:15:30Z"));
    assert_eq!(time("2026-08-07T10:15:30.999+05:30"), at("2026-08-07T04:45:30.999Z"));
    assert_eq!(time("2026-08-07T10:15:30.1234567891234-00:00"), at("2026-08-07T10:15:30.123456789Z"));
    assert_eq!(time("2024-02-29T23:59:59-23:59"), at("2024-03-01T23:58:59Z"));
    assert_eq!(time("0001-01-01T00:00:00Z"), Some(None));
    assert_eq!(time("0001-01-01T02:00:00+02:00"), Some(None));
    assert_eq!(time("0001-01-01T00:00:01Z"), at("0001-01-01T00:00:01Z"));
}

#[test]
fn what_only_resembles_rfc_3339_is_refused() {
    let texts = [
        "",
        "2026-08-07",
        "2026-08-07T10:15:30",
        "2026-08-07 10:15:30Z",
        "2026-08-07t10:15:30z",
        "2026-08-07T10:15Z",
        "2026-08-07T10:15:30.Z",
        "2026-08-07T10:15:30,5Z",
        "2026-08-07T10:15:60Z",
        "2026-08-07T24:00:00Z",
        "2026-02-29T10:15:30Z",
        "2026-13-01T10:15:30Z",
        "2026-08-07T1:15:30Z",
        "2026-08-07T10:15:30+0530",
        "2026-08-07T10:15:30+05",
        "2026-08-07T10:15:30+24:00",
        "2026-08-07T10:15:30+05:60",
        "2026-08-07T10:15:30Z[UTC]",
        "20260807T101530Z",
        "+002026-08-07T10:15:30Z",
        "2026-08-0\u{663}T10:15:30Z",
        "1786104000",
    ];
    for text in texts {
        assert_eq!(time(text), None, "{text}");
    }
}
