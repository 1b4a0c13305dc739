//! The body as JSON, as far as filters ask for it (contract, receivers 8.2).

use serde_json::{Map, Value as Json};

/// Values in a body that is read as a whole. A value takes up to about 700 bytes of memory, so that a body of 3 MiB that is
/// made for it could take 300 MB.
const MOST_VALUES: usize = 100_000;

/// Errors of a body that cannot be read. The request is answered 500.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is declared as JSON and is none.
    #[error("the body is no JSON, though the Content-Type header says so: {0}")]
    Syntax(String),
    /// It is JSON but no object.
    #[error("the body is JSON but no object, so 'req' has no fields; send an object, or remove the filters")]
    NoObject,
    /// It has too many values.
    #[error(
        "the body has more than {MOST_VALUES} values, too many for filters; remove the filters, or make the sender tell less"
    )]
    TooMany,
}

/// The first JSON value of a body, which must be an object; `null` counts as an empty one.
///
/// # Errors
/// If it is none.
pub(crate) fn object(body: &[u8]) -> Result<Json, BodyError> {
    match first(body)? {
        Json::Null => Ok(Json::Object(Map::new())),
        object @ Json::Object(_) => Ok(object),
        _ => Err(BodyError::NoObject),
    }
}

/// The first JSON value of a body; what follows it does not matter.
///
/// # Errors
/// If there is none, or it has too many values.
pub(crate) fn first(body: &[u8]) -> Result<Json, BodyError> {
    check_size(body)?;
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Json>();
    let value = values.next().unwrap_or_else(|| Err(serde::de::Error::custom("it is empty")));
    value.map_err(|error| BodyError::Syntax(told(&error)))
}

/// A body that is one JSON document as a whole.
///
/// # Errors
/// As [`first`].
pub(crate) fn whole(body: &[u8]) -> Result<Json, BodyError> {
    check_size(body)?;
    serde_json::from_slice(body).map_err(|error| BodyError::Syntax(told(&error)))
}

/// Where the error is, and of what kind. The library's own text may quote the body.
pub(crate) fn told(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a field has the wrong type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "syntax error",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

/// Counts what begins a value: at most one for each comma and each bracket. Those in texts count as well.
fn check_size(body: &[u8]) -> Result<(), BodyError> {
    let values = body.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MOST_VALUES { Err(BodyError::TooMany) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_value_counts_and_null_is_empty() {
        assert_eq!(object(br#"{"a":1} rest"#), Ok(json!({"a": 1})));
        assert_eq!(object(b"null"), Ok(json!({})));
        assert_eq!(object(b"[1]"), Err(BodyError::NoObject));
        assert!(matches!(object(b""), Err(BodyError::Syntax(_))));
        assert!(matches!(object(b"{\"secret"), Err(BodyError::Syntax(text)) if !text.contains("secret")));
    }

    #[test]
    fn a_body_that_would_take_much_memory_is_refused() {
        let many = format!("[{}1]", "1,".repeat(MOST_VALUES));
        assert_eq!(first(many.as_bytes()), Err(BodyError::TooMany));
    }
}
