//! The price of a pattern, known from its syntax tree alone: nothing is compiled and nothing is timed for it.
//!
//! The engine carries, from one character of the text to the next, every place of the pattern that the text may have
//! reached. The price counts the most places that can be reached at once: that is what the worst text costs, whatever else
//! is quick about the pattern. Fixed text counts once however long it is, unless it repeats itself (`aaaa`), since a text
//! that has reached its end cannot be at its middle too.

use std::fmt;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

/// Longer messages are matched on this many characters, from the first on.
pub const MATCHED_CHARACTERS: usize = 39_000;

/// What one place costs for each character, in nanoseconds of one core. Measured with `cargo bench -p campanile-pattern`: the
/// worst patterns that we know take 7 to 14 for a place and a byte of text.
const NANOSECONDS_A_PLACE: u64 = 10;

/// The most ranges of a class that is compared with others character by character.
const SMALL_CLASS: usize = 16;

/// Single characters that are looked at together; beyond it they count as if all could be reached at once.
const RUN: usize = 64;

/// What the states for a range of characters beyond ASCII come to, whose encodings have one to four bytes.
const BEYOND_ASCII: usize = 24;

/// A price: nanoseconds of one core for a message of [`MATCHED_CHARACTERS`]. It is calculated, so that it is
/// the same on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(u64);

impl Price {
    /// A price of that many milliseconds.
    pub const fn milliseconds(count: u64) -> Self {
        Self(count.saturating_mul(1_000_000))
    }

    /// The price of a pattern that costs the least.
    pub(super) const LEAST: Self = Self::of_places(1);

    /// A price of that many nanoseconds.
    pub const fn nanoseconds(count: u64) -> Self {
        Self(count)
    }

    /// The price of a pattern of which so many places can be reached at once.
    const fn of_places(places: u64) -> Self {
        Self(places.saturating_mul(NANOSECONDS_A_PLACE).saturating_mul(MATCHED_CHARACTERS as u64))
    }

    /// The price for a text of `bytes` bytes, in nanoseconds. No more than the matched characters count, each of which may
    /// have four bytes.
    pub fn nanoseconds_for(self, bytes: usize) -> u64 {
        let bytes = bytes.min(MATCHED_CHARACTERS * 4) as u64;
        (self.0 / MATCHED_CHARACTERS as u64).saturating_mul(bytes)
    }

    /// The price in nanoseconds of one core.
    pub const fn as_nanoseconds(self) -> u64 {
        self.0
    }

    /// The rest of it after `other`; none if that is more.
    pub fn less(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let microseconds = self.0 / 1000;
        write!(f, "{}.{} ms", microseconds / 1000, microseconds % 1000 / 100)
    }
}

/// The price of a tree.
pub(super) fn price(tree: &Hir) -> Price {
    Price::of_places(places(tree).max(1))
}

/// About how many states the engine makes of a tree, rather too many than too few.
pub(super) fn states(tree: &Hir) -> usize {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => states_of_class(class),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Capture(group) => states(&group.sub).saturating_add(2),
        HirKind::Repetition(repeat) => {
            let times = repeat.max.unwrap_or(repeat.min).max(1);
            states(&repeat.sub).saturating_add(1).saturating_mul(times as usize)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(states).fold(parts.len(), usize::saturating_add)
        }
    }
}

/// Neighbouring ranges share most of their bytes, so many of them take fewer states each.
fn states_of_class(class: &ClassUnicode) -> usize {
    let ascii = class.ranges().iter().filter(|range| range.end().is_ascii()).count();
    let beyond = class.ranges().len() - ascii;
    ascii + (BEYOND_ASCII * beyond).min(BEYOND_ASCII * SMALL_CLASS + 2 * beyond)
}

/// The most places of a tree that a text can have reached at once.
fn places(tree: &Hir) -> u64 {
    match tree.kind() {
        HirKind::Empty => 0,
        HirKind::Look(_) | HirKind::Class(_) => 1,
        HirKind::Literal(_) => places_of_sequence(std::slice::from_ref(tree)),
        HirKind::Capture(group) => places(&group.sub),
        HirKind::Repetition(repeat) => {
            let copies = u64::from(repeat.max.unwrap_or(repeat.min).max(1));
            // Each copy that may be left out is a place of its own.
            let optional = repeat.max.map_or(1, |max| u64::from(max.saturating_sub(repeat.min)));
            places(&repeat.sub).saturating_mul(copies).saturating_add(optional)
        }
        HirKind::Concat(parts) => places_of_sequence(parts),
        HirKind::Alternation(parts) => parts.iter().map(places).fold(0, u64::saturating_add),
    }
}

/// One character of a sequence.
#[derive(Clone, Copy)]
enum Single<'h> {
    Char(char),
    Class(&'h ClassUnicode),
}

impl Single<'_> {
    /// Whether one character can be both.
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Char(one), Self::Char(other)) => one == other,
            (Self::Char(one), Self::Class(class)) | (Self::Class(class), Self::Char(one)) => {
                class.ranges().len() > SMALL_CLASS
                    || class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&one))
            }
            (Self::Class(one), Self::Class(other)) => {
                one.ranges().len().max(other.ranges().len()) > SMALL_CLASS
                    || one
                        .ranges()
                        .iter()
                        .any(|a| other.ranges().iter().any(|b| a.start() <= b.end() && b.start() <= a.end()))
            }
        }
    }
}

/// The places of parts that follow each other: runs of single characters are looked at together.
fn places_of_sequence(parts: &[Hir]) -> u64 {
    let mut run = Vec::new();
    let mut sum: u64 = 0;
    for part in parts {
        if !extend(&mut run, part) {
            sum = sum.saturating_add(places_of_run(&run)).saturating_add(places(part));
            run.clear();
        }
    }
    sum.saturating_add(places_of_run(&run))
}

/// Adds a part that is nothing but single characters to the run.
fn extend<'h>(run: &mut Vec<Single<'h>>, part: &'h Hir) -> bool {
    match part.kind() {
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => run.extend(text.chars().map(Single::Char)),
            Err(_) => return false,
        },
        HirKind::Class(Class::Unicode(class)) => run.push(Single::Class(class)),
        HirKind::Repetition(repeat) if repeat.max == Some(repeat.min) => {
            let HirKind::Class(Class::Unicode(class)) = repeat.sub.kind() else { return false };
            run.extend((0..repeat.min).map(|_| Single::Class(class)));
        }
        HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Class(Class::Bytes(_))
        | HirKind::Capture(_)
        | HirKind::Repetition(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_) => return false,
    }
    true
}

/// The most characters of a run that a text can have reached at once: both of two, only if the beginning of the run up to the
/// first also fits right before the second.
fn places_of_run(run: &[Single<'_>]) -> u64 {
    run.chunks(RUN).map(places_of_chunk).sum()
}

fn places_of_chunk(chunk: &[Single<'_>]) -> u64 {
    let together = |first: usize, second: usize| {
        let shift = second - first;
        chunk.iter().take(first + 1).zip(chunk.iter().skip(shift)).all(|(one, other)| one.meets(*other))
    };
    let places = |second: usize| 1 + (0..second).filter(|first| together(*first, second)).count() as u64;
    (0..chunk.len()).map(places).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::{Pattern, read};
    use super::*;

    #[track_caller]
    fn assert_places(source: &str, wanted: u64) {
        assert_eq!(places(&read(source).unwrap()), wanted, "{source}");
    }

    #[test]
    fn places_are_those_that_a_text_can_reach_at_once() {
        assert_places("failed", 1);
        assert_places("health check failed", 2);
        assert_places("error.*lookup github", 4);
        assert_places("(?i)Timed out waiting", 2);
        assert_places("aaaa", 4);
        assert_places("abab", 2);
        assert_places(r"\d{4}-\d{2}", 4);
        assert_places("[^z]{300}", 300);
        assert_places("xa{0,300}b", 602);
        assert_places("(?:a?){200}", 400);
        assert_places("failed|error|aa", 4);
    }

    #[test]
    fn what_may_be_nothing_at_either_end_costs_nothing() {
        assert_places(".*HelmChart.*not ready.*", 4);
        assert_places(".*", 0);
        assert_places("^.*a", 4);
        for (pattern, text) in [(".*a.*", "xay"), ("x*", ""), ("b?a", "a"), ("(ab)*c$", "abc")] {
            assert!(Pattern::new(pattern).unwrap().is_match(text), "{pattern}");
        }
        assert!(!Pattern::new("x*a.*").unwrap().is_match("xb"));
    }

    #[test]
    fn a_price_is_said_in_milliseconds() {
        assert_eq!(Price::of_places(128).to_string(), "49.9 ms");
        assert_eq!(Price::of_places(1).nanoseconds_for(100), 1000);
        assert!(Price::of_places(u64::MAX) > Price::milliseconds(50));
    }
}
