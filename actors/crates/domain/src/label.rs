//! Whether label keys and values are well-formed. A selector that is not matches nothing (contract, control plane 5).

use std::collections::BTreeMap;

/// The longest name part and value, in bytes.
const LONGEST: usize = 63;

/// The longest prefix of a key, in bytes.
const LONGEST_PREFIX: usize = 253;

/// Judges a whole selector.
///
/// # Errors
/// A fragment that names the first ill-formed key or value and says the remedy.
pub fn check_selector(labels: &BTreeMap<String, String>) -> Result<(), String> {
    labels.iter().try_for_each(|(key, value)| check_label(key, value))
}

/// Judges one label by the rules of Kubernetes: a key is a name of letters, digits, `-`, `_` and `.` after an optional
/// DNS prefix; a value is such a name or empty.
///
/// # Errors
/// A fragment that names what is ill-formed and says the remedy.
pub fn check_label(key: &str, value: &str) -> Result<(), String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if !prefix.is_none_or(is_subdomain) || !is_name(name) {
        return Err(format!(
            "label key '{key}' is not valid; use [prefix/]name of letters, digits, '-', '_' and '.'"
        ));
    }
    if !value.is_empty() && !is_name(value) {
        return Err(format!(
            "value '{value}' of label '{key}' is not valid; use at most {LONGEST} letters, digits, '-', '_' and '.'"
        ));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= LONGEST
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_subdomain(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= LONGEST_PREFIX
        && text.split('.').all(|part| {
            edge(part.chars().next())
                && edge(part.chars().next_back())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(key: &str, value: &str) -> bool {
        check_selector(&BTreeMap::from([(key.to_owned(), value.to_owned())])).is_ok()
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
