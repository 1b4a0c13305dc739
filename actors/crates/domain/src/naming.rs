//! Names and descriptions of commit statuses: the object, and in words what happened to it (contract, providers 13).

use crate::ObjectRef;

/// `kind/name` in lower case, for example `kustomization/podinfo`.
pub fn status_name(object: &ObjectRef) -> String {
    format!("{}/{}", object.kind, object.name).to_lowercase()
}

/// A reason in words: split at camel-case boundaries, joined by spaces, in lower case. `HTTPRequestFailed` gives
/// `http request failed`.
pub(crate) fn description(reason: &str) -> String {
    let mut words = String::with_capacity(reason.len() + 8);
    let mut before = None;
    let mut characters = reason.chars().peekable();
    while let Some(character) = characters.next() {
        let (class, after) = (Class::of(character), characters.peek().map(|next| Class::of(*next)));
        if before.is_some_and(|before| begins_word(before, class, after)) {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
        before = Some(class);
    }
    words
}

/// The class of a character, by which neighbours belong together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Other,
}

impl Class {
    fn of(character: char) -> Self {
        match character {
            _ if character.is_lowercase() => Self::Lower,
            _ if character.is_uppercase() => Self::Upper,
            _ if character.is_numeric() => Self::Digit,
            _ => Self::Other,
        }
    }
}

/// Whether a character of `class` begins a word. The capital before a small letter belongs to the letters after it,
/// however many capitals stand before it.
fn begins_word(before: Class, class: Class, after: Option<Class>) -> bool {
    match (before, class) {
        (Class::Upper, Class::Lower) => false,
        (Class::Upper, Class::Upper) => after == Some(Class::Lower),
        _ => before != class,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s13_a_reason_becomes_words() {
        let table = [
            ("ApplySucceeded", "apply succeeded"),
            ("HTTPRequestFailed", "http request failed"),
            ("Version2Released", "version 2 released"),
            ("reason", "reason"),
            ("foo_bar", "foo _ bar"),
            ("foo bar", "foo   bar"),
            ("", ""),
            ("HTTPRequest2Failed_now", "http request 2 failed _ now"),
            ("OCIArtifactPullFailed", "oci artifact pull failed"),
            ("A", "a"),
            ("ÄpfelÖl", "äpfel öl"),
        ];
        for (reason, words) in table {
            assert_eq!(description(reason), words, "{reason:?}");
        }
    }

    #[test]
    fn s13_a_name_has_no_namespace() {
        let object = ObjectRef {
            kind: "Kustomization".into(),
            namespace: "apps".into(),
            name: "Podinfo".into(),
            ..ObjectRef::default()
        };
        assert_eq!(status_name(&object), "kustomization/podinfo");
    }
}
