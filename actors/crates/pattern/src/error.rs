//! Errors of a pattern that is read.

use super::{MATCHED_CHARACTERS, Price};

/// Errors for which a pattern is refused. The text says what to change; whoever reports it names the pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A bound of this program is exceeded.
    #[error("the pattern is too large: shorten it or lower its repeat counts")]
    TooLarge,
    /// It may cost more than what is left for it.
    #[error(
        "it may cost {price} of processor time for a message of {MATCHED_CHARACTERS} characters, and {left} are left of the \
         {most} that the patterns of one Alert may cost: write .* for what lies between words instead of counting it, lower \
         repeat counts, or use several Alerts"
    )]
    TooDear {
        /// The price of this pattern.
        price: Price,
        /// What the patterns before it leave.
        left: Price,
        /// The most that all patterns may cost.
        most: Price,
    },
    /// The patterns before it use up what may be read of one Alert.
    #[error(
        "the patterns before it use up what one Alert may have, and those after it are ignored, too: use fewer, or \
         several Alerts"
    )]
    TooMany,
    /// Groups and repetitions are nested too deep.
    #[error("the pattern is nested too deep: remove needless groups")]
    TooDeep,
    /// Nothing stands before a repetition operator.
    #[error("nothing to repeat before '{0}': escape it to match it literally")]
    NothingToRepeat(String),
    /// A repetition of a repetition, such as `a**`.
    #[error("repetition of a repetition at '{0}': group what is repeated, as in (a*)*")]
    NestedRepetition(String),
    /// A repeat count, or the product of nested ones, is too large, or the lower bound is above the upper one.
    #[error("bad repeat count at '{0}': counts, and products of nested counts, end at 1000")]
    RepeatCount(String),
    /// A bracket expression has no end.
    #[error("missing closing ]: escape [ to match it literally")]
    MissingBracket,
    /// The range of a class runs backwards.
    #[error("bad character range '{0}': the first character must not be above the second")]
    BadRange(String),
    /// A class name that does not exist.
    #[error("unknown character class '{0}'")]
    UnknownClass(String),
    /// An escape that does not exist; back-references are among them.
    #[error("unknown escape '{0}': RE2 has no back-references, and letters need no escape")]
    BadEscape(String),
    /// The pattern ends in the midst of an escape.
    #[error("trailing \\ at the end: write \\\\ to match it literally")]
    TrailingBackslash,
    /// Look-ahead or look-behind, which RE2 does not have.
    #[error("look-around '{0}' is not part of RE2: use an exclusion instead")]
    LookAround(&'static str),
    /// A group that begins with `(?` and something that RE2 does not know.
    #[error("unknown group or flag '{0}': RE2 knows the flags i, m, s and U")]
    BadGroup(String),
    /// The name of a group is empty, used twice, or has other characters than letters, digits and `_`.
    #[error("bad group name '{0}': names are unique and of letters, digits and _")]
    BadName(String),
    /// A group has no end.
    #[error("missing closing ): escape ( to match it literally")]
    MissingParenthesis,
    /// A group ends that did not begin.
    #[error("unexpected ): escape it to match it literally")]
    UnexpectedParenthesis,
}
