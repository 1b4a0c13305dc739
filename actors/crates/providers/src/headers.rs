//! The Secret key `headers`: a YAML map of names to values (contract, providers 4), and its use as HTTP headers.

use std::collections::BTreeMap;

use campanile_yaml::{self as yaml, Value, YamlError};

/// Errors of a `headers` key. Values are never quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadersError {
    /// The text is no YAML.
    #[error("{0}")]
    Yaml(YamlError),
    /// The text is YAML, but no map.
    #[error("it is no map; write one 'NAME: VALUE' a line")]
    NotAMap,
    /// A value is a list or a map.
    #[error("line {line}: the value is a list or a map; write text")]
    Nested {
        /// Line of the value, counted from 1.
        line: usize,
    },
    /// A name that no HTTP header can have; its place in the order of names, counted from 1.
    #[error("name number {0} in alphabetical order cannot be the name of a header")]
    Name(usize),
    /// A value that no HTTP header can have.
    #[error("the value of '{0}' has characters that no header can carry")]
    Value(String),
}

/// Reads the key's text. Nothing gives no headers; of the same name given twice the last one counts.
///
/// # Errors
/// [`HeadersError`] if the text is no YAML, no map, or nested.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, String>, HeadersError> {
    let documents = yaml::parse(text).map_err(HeadersError::Yaml)?;
    let pairs = match documents.into_iter().next().map(|document| document.value) {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Mapping(pairs)) => pairs,
        Some(_) => return Err(HeadersError::NotAMap),
    };
    let scalar = |node: &yaml::Node| {
        let text = node.value.scalar_text().ok_or(HeadersError::Nested { line: node.mark.line })?;
        Ok(text.into_owned())
    };
    pairs.iter().map(|(key, value)| Ok((scalar(key)?, scalar(value)?))).collect()
}

/// The headers as they go into a request: white space around values left out (RFC 9110, 5.5), so that a block text's
/// last line break does no harm.
///
/// # Errors
/// [`HeadersError::Name`] and [`HeadersError::Value`] for what no request can carry.
pub(crate) fn for_http(headers: &BTreeMap<String, String>) -> Result<Vec<(String, String)>, HeadersError> {
    let sound = |(place, (name, value)): (usize, (&String, &String))| {
        if !is_name(name) {
            return Err(HeadersError::Name(place + 1));
        }
        let value = value.trim_matches([' ', '\t', '\r', '\n']);
        if !is_value(value) {
            return Err(HeadersError::Value(name.clone()));
        }
        Ok((name.clone(), value.to_owned()))
    };
    headers.iter().enumerate().map(sound).collect()
}

/// A token of RFC 9110, 5.6.2.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether `value` can be the value of a header: no control characters but the tab (RFC 9110, 5.5).
pub(crate) fn is_value(value: &str) -> bool {
    value.bytes().all(|b| b == b'\t' || !b.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn s04_scalars_become_text_by_the_rules_of_yaml_1_1() {
        let text = "Authorization: Bearer custom\nX-Number: 42\nX-Hex: 0x10\nX-Truth: yes\nX-Off: off\nX-Quoted: \"no\"\n\
                    X-Float: 1.50\nX-Narrow: 0.1234567890123\nX-Big: 1000000.0\nX-Null: ~\nX-Text: \"a: b\"\n7: seven\n";
        assert_eq!(
            headers(text),
            pairs(&[
                ("7", "seven"),
                ("Authorization", "Bearer custom"),
                ("X-Big", "1e+06"),
                ("X-Float", "1.5"),
                ("X-Hex", "16"),
                ("X-Narrow", "0.12345679"),
                ("X-Null", ""),
                ("X-Number", "42"),
                ("X-Off", "false"),
                ("X-Quoted", "no"),
                ("X-Text", "a: b"),
                ("X-Truth", "true"),
            ])
        );
    }

    #[test]
    fn s04_nothing_gives_no_headers_and_the_last_of_two_counts() {
        for text in ["", "\n", "# nothing\n", "{}", "null"] {
            assert_eq!(headers(text), [], "{text:?}");
        }
        assert_eq!(headers("A: 1\nB: 2\nA: 3\n"), pairs(&[("A", "3"), ("B", "2")]));
        assert_eq!(headers("{\"A\": \"1\"}"), pairs(&[("A", "1")]));
    }

    #[test]
    fn s04_what_is_no_flat_map_is_refused() {
        assert_eq!(parse("foo"), Err(HeadersError::NotAMap));
        assert_eq!(parse("- a\n- b\n"), Err(HeadersError::NotAMap));
        assert_eq!(parse("A: 1\nB: [1, 2]\n"), Err(HeadersError::Nested { line: 2 }));
        assert_eq!(parse("A: 1\nB:\n  c: 1\n"), Err(HeadersError::Nested { line: 3 }));
        assert!(matches!(parse("A: 'open\n"), Err(HeadersError::Yaml(_))));
    }

    #[test]
    fn what_no_request_can_carry_is_named_without_its_value() {
        let problem = |text: &str| for_http(&parse(text).unwrap()).unwrap_err().to_string();
        assert_eq!(problem("A: \"x\\ny\""), "the value of 'A' has characters that no header can carry");
        assert_eq!(
            problem("A: 1\n\"Bearer secret\": 2"),
            "name number 2 in alphabetical order cannot be the name of a header"
        );
        assert_eq!(for_http(&parse("A: |\n  Bearer x\n").unwrap()).unwrap(), pairs(&[("A", "Bearer x")]));
    }
}
