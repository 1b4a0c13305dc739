use super::*;
use crate::Event;

/// The unknown fields of a posted event, as they are kept.
fn kept(json: &str) -> Option<String> {
    let received = Event::decode(json.as_bytes()).unwrap();
    assert!(!received.dropped_fields);
    received.event.unknown_fields.as_json().map(str::to_owned)
}

#[test]
fn t07_unknown_fields_are_kept_in_their_order_as_they_were_written() {
    let json = r#" { "b" : { "z":1, "a":[ true,null , {} ] }, "message":"m\"}","Action":"Apply",
        "big":12345678901234567890123,"float":1.50e+400, "text":"a \"<b>\" \\","a":-1,"b":2, "":"" } "#;
    let expected = r#"{"b":{"z":1,"a":[true,null,{}]},"big":12345678901234567890123,"float":1.50e+400,"text":"a \"\u003cb\u003e\" \\","a":-1,"b":2,"":""}"#;
    assert_eq!(kept(json).as_deref(), Some(expected));
}

#[test]
fn known_fields_are_no_unknown_ones_however_they_are_spelled() {
    assert_eq!(
        kept(r#"{"MESSAGE":"m","\u0061ction":"a","relatedobject":{"more":1},"metadata":{"k":"v"}}"#),
        None
    );
    assert_eq!(kept("null"), None);
    assert_eq!(kept(r#"{"acti\u00f6n":1}"#).as_deref(), Some(r#"{"acti\u00f6n":1}"#));
}

#[test]
fn halves_of_surrogate_pairs_are_replaced_here_too() {
    let json = r#"{"\udfff":"\ud83d\ude80 \ud800","x":"\\ud800"}"#;
    assert_eq!(kept(json).as_deref(), Some(r#"{"\ufffd":"\ud83d\ude80 \ufffd","x":"\\ud800"}"#));
}

#[test]
fn what_is_deep_is_kept_without_recursion() {
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    assert_eq!(kept(&format!(r#"{{"deep": {deep}}}"#)), Some(format!(r#"{{"deep":{deep}}}"#)));
}

#[test]
fn beyond_64_kib_all_of_them_are_dropped_and_the_event_is_not() {
    let room = MOST_UNKNOWN_BYTES - r#"{"text":"","n":1}"#.len();
    let posted = |length: usize| {
        let text = "x".repeat(length);
        Event::decode(format!(r#"{{"text": "{text}","message":"m", "n":1}}"#).as_bytes()).unwrap()
    };
    let whole = posted(room);
    assert!(!whole.dropped_fields);
    assert_eq!(whole.event.unknown_fields.as_json().map(str::len), Some(MOST_UNKNOWN_BYTES));
    for length in [room + 1, 3 << 20] {
        let cut = posted(length);
        assert!(cut.dropped_fields && cut.event.unknown_fields.is_empty());
        assert_eq!(cut.event.message, "m");
    }
}

#[test]
fn an_event_without_them_is_hardly_larger() {
    assert_eq!(size_of::<UnknownFields>(), 16);
    assert!(size_of::<Event>() <= 416, "{}", size_of::<Event>());
}

proptest::proptest! {
    /// What is cut out of any valid document is what a JSON reader finds there.
    #[test]
    fn what_is_kept_is_what_a_reader_of_json_finds(
        fields in proptest::collection::vec((".*", value()), 0..6), blank in "[ \t\r\n]*"
    ) {
        let write = |(name, value): &(String, String)| {
            format!("{blank}{}{blank}:{blank}{value}{blank}", serde_json::to_string(name).unwrap())
        };
        let json = format!("{blank}{{{}{blank}}}{blank}", fields.iter().map(write).collect::<Vec<_>>().join(","));
        let kept = UnknownFields::of(&json, &[]).unwrap();
        let kept: serde_json::Value = serde_json::from_str(kept.as_json().unwrap_or("{}")).unwrap();
        proptest::prop_assert_eq!(kept, serde_json::from_str::<serde_json::Value>(&json).unwrap());
    }
}

/// The text of some value.
fn value() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        ".*".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3)
                .prop_map(|items| format!("[ {} ]", items.join(" ,"))),
            (".*", inner).prop_map(|(name, value)| {
                format!("{{ {}: {value}}}", serde_json::to_string(&name).unwrap())
            }),
        ]
    })
}
