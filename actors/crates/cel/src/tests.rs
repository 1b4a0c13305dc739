mod inference;
mod library;
mod limits;
mod receivers;
mod semantics;

use serde_json::{Value as Json, json};

use super::{CelError, CelResult, Expression, Want};

/// Values of the variables `a` and `c` for most tests.
fn data() -> Json {
    json!({
        "s": "abc", "n": 3, "f": 2.5, "t": true, "z": null, "uid": "0c9c2e41-d2f9-4f9b",
        "l": ["a", "b"], "m": {"k": "v"}, "o": [{"x": 1}, {"x": 2}], "dots": {"a.b/c": "d"},
    })
}

/// What compiling `text` over the variables `a` and `c` says.
fn compile(text: &str, want: Want) -> Result<Expression, CelError> {
    Expression::compile(text, &["a", "c"], want)
}

fn compile_error(text: &str, want: Want) -> String {
    match compile(text, want) {
        Ok(_) => panic!("{text} compiles"),
        Err(error) => error.to_string(),
    }
}

/// The static type of `text`.
fn type_of(text: &str) -> String {
    // No expression has both of these types.
    for want in [Want::Bool, Want::String] {
        match compile(text, want) {
            Err(CelError::Output { got, .. }) => return got.into(),
            Err(other) => return other.to_string(),
            Ok(_) => {}
        }
    }
    unreachable!("{text} is a bool and a string")
}

/// The value of `text`, or why it has none.
fn evaluate(text: &str) -> Result<Json, String> {
    let data = data();
    let expression = compile(text, Want::Any).map_err(|error| error.to_string())?;
    match expression.evaluate(&[("a", &data), ("c", &data)]) {
        Ok(CelResult::Json(value)) => Ok(value),
        Ok(other) => panic!("{text}: {other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

/// Fails on every expression that is not true.
fn all_hold(expressions: &[&str]) {
    let bad: Vec<_> = expressions
        .iter()
        .map(|text| (*text, evaluate(text)))
        .filter(|(_, r)| *r != Ok(json!(true)))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

/// The fault that evaluating `text` ends with.
fn fault(text: &str) -> String {
    let error = match evaluate(text) {
        Ok(value) => panic!("{text} is {value}"),
        Err(error) => error,
    };
    let prefix = format!("failed to evaluate the CEL expression '{text}': ");
    match error.strip_prefix(&prefix) {
        Some(fault) => fault.to_owned(),
        None => panic!("{error}"),
    }
}
