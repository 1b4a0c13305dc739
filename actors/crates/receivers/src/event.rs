//! The event that a request names, and the list of those that a Receiver wants (contract, receivers 5).

/// Whether `event` is wanted: in the list, or the list is empty. Case does not matter, in any alphabet.
pub(crate) fn is_wanted(wanted: &[String], event: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| folded(one).eq(folded(event)))
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// The longest text of a request that is repeated in a log or a status, in characters.
const LONGEST: usize = 128;

/// A text of a request, as logs and statuses may repeat it: on one line, and cut.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_compared_without_regard_to_case() {
        let wanted = ["push".to_owned(), "Straße".to_owned()];
        assert!(is_wanted(&wanted, "PUSH") && is_wanted(&wanted, "strasse") && is_wanted(&[], ""));
        assert!(!is_wanted(&wanted, "") && !is_wanted(&wanted, "pushes"));
    }
}
