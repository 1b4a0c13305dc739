use serde_json::json;

use super::{Document, Mark, Node, PathStep, Value, YamlError, each_document, parse};

fn one(text: &str) -> Node {
    let mut documents = parse(text).unwrap();
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

fn value(text: &str) -> Value {
    one(text).get("k").unwrap().value.clone()
}

fn text(content: &str) -> Value {
    Value::String(content.to_owned())
}

#[test]
fn plain_scalars_follow_yaml_1_1() {
    for (written, meant) in [
        ("yes", Value::Bool(true)),
        ("On", Value::Bool(true)),
        ("TRUE", Value::Bool(true)),
        ("no", Value::Bool(false)),
        ("OFF", Value::Bool(false)),
        ("y", text("y")),
        ("yEs", text("yEs")),
        ("~", Value::Null),
        ("", Value::Null),
        ("Null", Value::Null),
        ("12", Value::Int(12)),
        ("+12", Value::Int(12)),
        ("-1_000", Value::Int(-1000)),
        ("0x1F", Value::Int(31)),
        ("-0b101", Value::Int(-5)),
        ("0o17", Value::Int(15)),
        ("017", Value::Int(15)),
        ("08", Value::Float(8.0)),
        ("9223372036854775808", Value::Float(9_223_372_036_854_775_808.0)),
        ("1.5", Value::Float(1.5)),
        (".5", Value::Float(0.5)),
        ("1e3", Value::Float(1000.0)),
        ("-.inf", Value::Float(f64::NEG_INFINITY)),
        ("1.2.3", text("1.2.3")),
        ("12:30:45", text("12:30:45")),
        ("2026-08-07", text("2026-08-07")),
        ("0x+1", text("0x+1")),
        ("_1", text("_1")),
        ("10m0s", text("10m0s")),
        ("'12'", text("12")),
        ("\"yes\"", text("yes")),
        ("!!str 12", text("12")),
        ("! yes", text("yes")),
        ("!!float 1", Value::Float(1.0)),
    ] {
        assert_eq!(value(&format!("k: {written}\n")), meant, "{written}");
    }
    assert!(matches!(value("k: .NaN"), Value::Float(number) if number.is_nan()));
}

#[test]
fn scalars_become_text_as_the_headers_key_wants_it() {
    for (written, wanted) in [
        ("0x10", "16"),
        ("yes", "true"),
        ("~", ""),
        ("1.50", "1.5"),
        ("3.14159265358979", "3.1415927"),
        ("1234567.0", "1.234567e+06"),
        ("100000.0", "100000"),
        ("0.00001", "1e-05"),
        ("text", "text"),
    ] {
        assert_eq!(value(&format!("k: {written}")).scalar_text().unwrap(), wanted, "{written}");
    }
    assert_eq!(value("k: [1]").scalar_text(), None);
}

#[test]
fn all_documents_are_read_and_know_their_lines() {
    let documents = parse("# first\n---\na: 1\n---\n---\nb:\n  - x\n  - y: 2\n").unwrap();
    assert_eq!(documents.len(), 3);
    assert_eq!(documents[1].value, Value::Null);
    let last = &documents[2];
    assert_eq!(last.mark.line, 6);
    assert_eq!(last.mark_of(&["b".into(), 1.into(), "y".into()]).line, 8);
    assert_eq!(last.mark_of(&["b".into()]).line, 6);
    assert_eq!(last.mark_of(&["b".into(), 7.into(), "z".into()]).line, 6, "the nearest ancestor");
    assert_eq!(last.mark_of(&[PathStep::Key("absent".into())]).line, 6);
    assert!(parse("# only a comment\n").unwrap().is_empty());
}

#[test]
fn json_may_hold_tabs_surrogate_pairs_and_several_documents() {
    let documents =
        parse("{\n\t\"a\": \"\\ud83d\\ude00\\/\",\n\t\"b\": [1, -2.5e1, true, null]\n}\n{}\n").unwrap();
    assert_eq!(documents[0].to_json(), json!({"a": "😀/", "b": [1, -25.0, true, null]}));
    assert_eq!(documents[0].mark_of(&["b".into()]).line, 3);
    assert_eq!((documents.len(), documents[1].mark.line), (2, 5));
}

#[test]
fn a_flow_mapping_that_is_no_json_is_yaml() {
    assert_eq!(one("{a: yes, 'b': [x]}").to_json(), json!({"a": true, "b": ["x"]}));
}

#[test]
fn broken_json_says_where() {
    let error = parse("{\n\t\"a\": 1,\n\t\"b\" 2\n}\n").unwrap_err();
    assert_eq!(error.to_string(), "line 3, column 6: expected ':'");
    for broken in ["{\"a\": \"x}", "[1,, 2]\t{", "{\"a\": 01}\t[", "{\"a\": \"\\x\"}"] {
        assert!(parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn broken_yaml_says_where_and_quotes_no_value() {
    let error = parse("a: 1\nb: [secret\nc: 2\n").unwrap_err();
    assert_eq!((error.line, error.message.contains("secret")), (3, false), "{error}");
    let error = parse("a:\n\tb: 1\n").unwrap_err();
    assert_eq!((error.line, error.column), (2, 2), "{error}");
}

#[test]
fn aliases_and_merge_keys_are_expanded() {
    let document =
        one("base: &b {x: 1, y: 2}\nother: &o {x: 5, z: 6}\nc:\n  <<: [*b, *o]\n  y: 3\nd: *b\n\"<<\": 1\n");
    let json = document.to_json();
    assert_eq!(json["c"], json!({"x": 1, "y": 3, "z": 6}));
    assert_eq!(json["d"], json!({"x": 1, "y": 2}));
    assert_eq!(json["<<"], json!(1));
}

#[test]
fn of_duplicate_keys_the_last_wins() {
    assert_eq!(one("a: 1\nb: 2\na: 3\n'1': x\n1: y\n").to_json(), json!({"b": 2, "a": 3, "1": "y"}));
    assert_eq!(one("{\"a\": 1, \"a\": 2}").to_json(), json!({"a": 2}));
}

#[test]
fn what_can_not_be_a_tree_of_values_is_refused() {
    for (broken, words) in [
        ("a: &a [*a]\n", "contain itself"),
        ("? [a, b]\n: 1\n", "key must be a scalar"),
        ("<<: 1\n", "'<<'"),
        ("a: !!int x\n", "'!!int'"),
    ] {
        let error = parse(broken).unwrap_err();
        assert!(error.message.contains(words), "{broken}: {error}");
    }
}

#[test]
fn aliases_can_not_blow_up_a_small_text() {
    let mut nodes = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = format!("*a{}", level - 1);
        nodes.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    assert!(parse(&nodes).unwrap_err().message.contains("fewer aliases"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 32].join(", "));
    assert!(parse(&long).unwrap_err().message.contains("bytes"));
}

#[test]
fn nesting_is_bounded_in_yaml_json_and_through_aliases() {
    let nested = |open: &str, close: &str, depth| open.repeat(depth) + &close.repeat(depth);
    assert!(parse(&nested("[", "]", 64)).is_ok());
    assert!(parse(&nested("[", "]", 65)).unwrap_err().message.contains("64"));
    assert!(parse(&format!("a: {}", nested("[", "]", 64))).unwrap_err().message.contains("64"));
    let through = format!("a: &a {}\nb: {}*a{}\n", nested("[", "]", 40), "[".repeat(40), "]".repeat(40));
    assert!(parse(&through).unwrap_err().message.contains("64"));
}

/// Everything that a text holds, in order.
fn read(text: &str) -> Vec<Result<Document, YamlError>> {
    let mut found = Vec::new();
    each_document(text, &mut |document| found.push(document));
    found
}

#[test]
fn item_11_a_key_that_stands_twice_is_told_with_both_places() {
    for (text, key, first, again) in [
        ("a: 1\nb: 2\na: 3\n", "a", (1, 1), (3, 1)),
        ("spec:\n  x:\n    - {k: 1, k: 2}\n", "k", (3, 8), (3, 14)),
        ("1: x\n'1': y\n", "1", (1, 1), (2, 1)),
        ("---\n{\"a\": 1,\n  \"a\": 2}\n", "a", (2, 2), (3, 3)),
        ("c: {}\n---\nb: &b {x: 1}\nd:\n  <<: *b\n  y: 1\n  y: 2\n", "y", (6, 3), (7, 3)),
    ] {
        let found = read(text).pop().unwrap().unwrap().duplicates;
        assert_eq!(found.len(), 1, "{text}");
        let place = |mark: Mark| (mark.line, mark.column);
        assert_eq!(
            (found[0].key.as_str(), place(found[0].first), place(found[0].again)),
            (key, first, again)
        );
    }
    for sound in ["b: &b {x: 1}\nd:\n  <<: *b\n  x: 2\n", "a: {k: 1}\nb: {k: 1}\n", "a: 1\n---\na: 1\n"] {
        assert!(
            read(sound).iter().all(|document| document.as_ref().unwrap().duplicates.is_empty()),
            "{sound}"
        );
    }
}

#[test]
fn item_11_three_of_a_key_are_two_duplicates_and_many_are_bounded() {
    let lines = |count: usize| "a: 1\n".repeat(count);
    let count = |text: &str| read(text).pop().unwrap().unwrap().duplicates.len();
    assert_eq!(count(&lines(3)), 2);
    assert_eq!(count(&lines(1000)), super::Duplicate::MOST);
}

#[test]
fn item_16_a_document_that_does_not_parse_loses_no_other() {
    for broken in [
        "b: [1\n",
        "b: 'x\n",
        "b: \"x\n",
        "b: {x\n",
        "b: c: d\n",
        "b: |2\n x\n",
        "%X\n",
        "b: *none\n",
        "- a\nb\n: - c\n",
    ] {
        let found = read(&format!("a: 1\n---\n{broken}---\nc: 3\n"));
        assert!(found.first().unwrap().is_ok() && found.last().unwrap().is_ok(), "{broken}: {found:?}");
        let errors: Vec<&YamlError> = found.iter().filter_map(|one| one.as_ref().err()).collect();
        assert_eq!(errors.len(), 1, "{broken}");
        assert!((3..=5).contains(&errors[0].line), "{broken}: {}", errors[0]);
        assert_eq!(found.last().unwrap().as_ref().unwrap().root.to_json(), json!({"c": 3}));
    }
    let found = read("{\"a\": 1}\n{\"b\": 2\n{\"c\": 3}\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0].as_ref().unwrap().root.to_json(), json!({"a": 1}));
}

#[test]
fn item_16_markers_end_documents_and_nothing_else_does() {
    let roots = |text: &str| -> Vec<serde_json::Value> {
        read(text).into_iter().map(|document| document.unwrap().root.to_json()).collect()
    };
    assert_eq!(
        roots("%YAML 1.2\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n"),
        [json!({"a": 1}), json!({"b": 2})]
    );
    assert_eq!(roots("--- {a: 1}\n--- # x\nb: 2\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(roots("a: 1\r\n---\r\nb: 2\r\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(roots("a: x\n ---\n"), [json!({"a": "x ---"})]);
    assert_eq!(
        roots("a: |\n  ---\n  -----BEGIN\nb: ---x\n"),
        [json!({"a": "---\n-----BEGIN\n", "b": "---x"})]
    );
    assert_eq!(roots("{\"a\": 1}\n---\n{\n\t\"b\": 2}\n"), [json!({"a": 1}), json!({"b": 2})]);
}

#[test]
fn item_16_a_byte_order_mark_may_stand_before_any_document() {
    for text in [
        "\u{feff}a: 1\n---\n\u{feff}b: 2\n",
        "a: 1\n\u{feff}---\nb: 2\n",
        "\u{feff}---\na: 1\n\u{feff}--- \nb: 2\n",
    ] {
        let found = parse(text).unwrap();
        let json: Vec<serde_json::Value> = found.iter().map(Node::to_json).collect();
        assert_eq!(json, [json!({"a": 1}), json!({"b": 2})], "{text:?}");
    }
}

#[test]
fn item_16_a_tab_is_white_space_between_an_indicator_and_its_value() {
    for (text, json) in [
        ("type:\tgeneric\n", json!({"type": "generic"})),
        ("type: \tgeneric\t# x\nb:\t\t-1\nc:\t-x\n", json!({"type": "generic", "b": -1, "c": "-x"})),
        ("a:\t'x\ty'\nb:\t|\n  c:\td\n", json!({"a": "x\ty", "b": "c:\td\n"})),
        ("a: {b:\tc,\td: e}\nf:\t[g,\th]\n", json!({"a": {"b": "c", "d": "e"}, "f": ["g", "h"]})),
        ("a:\n  -\tb\n  - c:\td\n\t\n  - e\t\n", json!({"a": ["b", {"c": "d"}, "e"]})),
        ("ä: ö\nb:\tü\nc:\tx\n", json!({"ä": "ö", "b": "ü", "c": "x"})),
    ] {
        assert_eq!(one(text).to_json(), json, "{text:?}");
    }
    for broken in ["a:\n\tb: 1\n", "a:\t- b\n"] {
        assert!(parse(broken).is_err(), "{broken:?}");
    }
    let many = (0..200).map(|n| format!("k{n}:\tv\n")).collect::<String>();
    assert_eq!(one(&many).to_json().as_object().unwrap().len(), 200);
}
