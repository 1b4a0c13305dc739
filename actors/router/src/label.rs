//! Whether a label is well-formed by the rules of Kubernetes ("Labels and Selectors", syntax and character set).

use std::collections::BTreeMap;

/// The longest name and value, in bytes.
const NAME_LIMIT: usize = 63;
/// The longest prefix of a key, in bytes.
const PREFIX_LIMIT: usize = 253;

/// Whether every key and value is well-formed.
pub(crate) fn are_valid(labels: &BTreeMap<String, String>) -> bool {
    labels.iter().all(|(key, value)| is_key(key) && (value.is_empty() || is_name(value)))
}

fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_name(name),
        None => is_name(key),
    }
}

fn is_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.len() <= NAME_LIMIT && is_enclosed(name, |b| b.is_ascii_alphanumeric(), inner)
}

fn is_subdomain(prefix: &str) -> bool {
    let outer = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    prefix.len() <= PREFIX_LIMIT
        && prefix.split('.').all(|part| is_enclosed(part, outer, |b| outer(b) || b == b'-'))
}

/// Whether `text` begins and ends with what `outer` accepts, and has only what `inner` accepts.
fn is_enclosed(text: &str, outer: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| outer(*first) && outer(*last)) && bytes.iter().all(|b| inner(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(key: &str, value: &str) -> bool {
        are_valid(&BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    #[test]
    fn well_formed_labels() {
        for (key, value) in [("app", "podinfo"), ("app.kubernetes.io/name", ""), ("A_b-c.d", "1.2_3-x")] {
            assert!(valid(key, value), "{key}={value}");
        }
        assert!(valid(&"k".repeat(63), &"v".repeat(63)));
    }

    #[test]
    fn ill_formed_labels() {
        for key in ["", "-app", "app-", "a b", "é", "/app", "a/b/c", "Prefix/app", "a..b/app", "a/"] {
            assert!(!valid(key, "x"), "{key}");
        }
        for value in ["-x", "x.", "a b", "*"] {
            assert!(!valid("app", value), "{value}");
        }
        assert!(!valid(&"k".repeat(64), "x"));
        assert!(!valid("k", &"v".repeat(64)));
        assert!(!valid(&format!("{}/k", "p".repeat(254)), "v"));
    }
}
