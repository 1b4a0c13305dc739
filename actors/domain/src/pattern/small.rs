//! Which patterns are so small that nobody has to compile them to know that they compile, and what they weigh.
//!
//! Most patterns are a few words with something between them. To compile one takes a tenth of a millisecond, which
//! thousands of Alerts would pay at every start for events that hardly ever come.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// The most states of a small pattern. Such a one weighs at most twice what the budget takes for it.
const MOST_STATES: usize = 96;

/// The states for a range of characters beyond ASCII, whose encodings have one to four bytes.
const BEYOND_ASCII: usize = 24;

/// A class of no more characters than these stands for a choice of texts, for which the engine builds searchers whose
/// size can not be told beforehand.
const CHOICE: u32 = 10;

/// Whether a pattern is small.
pub(super) fn is_small(tree: &Hir) -> bool {
    states(tree).is_some_and(|states| states <= MOST_STATES)
}

/// About how many states the engine makes of a tree; none if there is a choice of texts in it.
fn states(tree: &Hir) -> Option<usize> {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(1),
        HirKind::Literal(literal) => Some(literal.0.len()),
        HirKind::Class(Class::Unicode(class)) => states_of_class(class),
        HirKind::Class(Class::Bytes(_)) | HirKind::Alternation(_) => None,
        HirKind::Capture(group) => states(&group.sub),
        HirKind::Repetition(repeat) => {
            let times = repeat.max.unwrap_or(repeat.min).max(1);
            states(&repeat.sub)?.checked_add(1)?.checked_mul(times as usize)
        }
        HirKind::Concat(parts) => {
            parts.iter().try_fold(parts.len(), |sum, part| sum.checked_add(states(part)?))
        }
    }
}

fn states_of_class(class: &ClassUnicode) -> Option<usize> {
    let characters = |range: &ClassUnicodeRange| {
        u32::from(range.end()).saturating_sub(u32::from(range.start())).saturating_add(1)
    };
    let all = class.ranges().iter().map(characters).fold(0, u32::saturating_add);
    let states = |ascii: bool| if ascii { 1 } else { BEYOND_ASCII };
    (all > CHOICE).then(|| class.ranges().iter().map(|range| states(range.end().is_ascii())).sum())
}

#[cfg(test)]
mod tests {
    use super::super::{LEAST_PROGRAM, Pattern, read};
    use super::*;

    const PIECES: &[&str] = &[
        "failed",
        "7",
        "é",
        "日本",
        ".",
        ".*",
        "(?s:.)+",
        r"\d+",
        r"\w",
        r"\s*",
        "[a-z]+",
        "[^x]",
        "[α-ω]?",
        r"\pN",
        r"\PL",
        "(a|bc|def)",
        "(?i:timeout)",
        "(?i:ſk)",
        "x{3}",
        "(?:ab.){2,4}",
        "(?:a{2}){3}",
        r"\b",
        r"\B",
        "^",
        "$",
    ];

    /// The largest small pattern of two pieces in turn.
    fn largest(first: &str, second: &str) -> Option<String> {
        let sources = (1..=MOST_STATES).map(|count| [first, second].repeat(count).concat());
        sources.take_while(|source| read(source).is_ok_and(|tree| is_small(&tree))).last()
    }

    #[test]
    fn small_patterns_compile_and_weigh_the_least() {
        let pairs = PIECES.iter().flat_map(|first| PIECES.iter().map(move |second| largest(first, second)));
        for source in pairs.flatten() {
            let pattern = Pattern::new(&source).unwrap();
            assert!(pattern.size() <= 2 * LEAST_PROGRAM, "{source} weighs {}", pattern.size());
        }
    }

    #[test]
    fn words_with_something_between_them_are_small_and_a_choice_of_texts_is_not() {
        for (source, small) in [
            ("error 17.*timeout", true),
            (r"health check failed after .+ for \w{3}", true),
            ("a|b", false),
            ("(?i)timeout", false),
            (r"\pL", false),
            ("x{97}", false),
        ] {
            assert_eq!(is_small(&read(source).unwrap()), small, "{source}");
        }
    }
}
