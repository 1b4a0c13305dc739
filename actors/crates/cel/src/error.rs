//! Errors of an expression, when it is compiled and when it is evaluated.
//!
//! Texts name the expression and the place in it. They never quote the data that it was evaluated against, except for
//! the names of missing keys.

use std::fmt;

use campanile_pattern::Price;

/// Errors for which an expression gives no result. The leading words are fixed by the contract (control plane 6.3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CelError {
    /// The text is not an expression, or its types do not fit.
    #[error("failed to parse the CEL expression '{expression}': {issue}")]
    Parse {
        /// The expression as the user wrote it.
        expression: Box<str>,
        /// What does not fit, and where.
        issue: SyntaxError,
    },
    /// The text is longer than this program reads; it is not repeated here.
    #[error("failed to parse the CEL expression: it is longer than {limit} bytes, shorten it")]
    TooLong {
        /// The longest text, in bytes.
        limit: usize,
    },
    /// It may take longer than an expression may.
    #[error(
        "failed to parse the CEL expression '{expression}': it may cost {price} of processor time where {most} are allowed, \
         as loops and texts of events are counted with their largest sizes: nest fewer loops, or match a shorter pattern"
    )]
    TooDear {
        /// The expression as the user wrote it.
        expression: Box<str>,
        /// The price of the expression, estimated.
        price: Price,
        /// What an expression may cost.
        most: Price,
    },
    /// The expression has another type than the one that is wanted.
    #[error("CEL expression output type mismatch: expected {expected}, got {got}")]
    Output {
        /// The type that is wanted.
        expected: &'static str,
        /// The type that the expression has.
        got: Box<str>,
    },
    /// The expression is sound, but has no value for this data.
    #[error("failed to evaluate the CEL expression '{expression}': {fault}")]
    Evaluate {
        /// The expression as the user wrote it.
        expression: Box<str>,
        /// The cause that stopped the evaluation.
        fault: EvaluationError,
    },
}

/// One finding of the parser or the type checker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line of the error, counted from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What does not fit, as a lower-case fragment.
    pub text: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.text)
    }
}

/// The causes that stop an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The budget is used up. Unlike every other fault, no `&&`, `||`, `all` or `exists` absorbs it.
    #[error("the evaluation takes too many steps: simplify the expression")]
    Exhausted,
    /// A map has no such key, or an object no such field.
    #[error("no such key: {0}")]
    NoSuchKey(String),
    /// A variable was declared but not given.
    #[error("no such attribute: {0}")]
    NoSuchAttribute(String),
    /// No function of that name takes values of these types.
    #[error("no such overload: {0}")]
    NoSuchOverload(String),
    /// An index lies outside of its list or text.
    #[error("index out of range: {0}")]
    IndexOutOfRange(i64),
    /// The end of a range lies before its start.
    #[error("invalid substring range. start: {start}, end: {end}")]
    BadRange {
        /// The index of the first character.
        start: i64,
        /// The character after the last.
        end: i64,
    },
    /// `value()` of an empty optional.
    #[error("optional.none() dereference")]
    NoValue,
    /// The result of an arithmetic operation does not fit its type.
    #[error("integer overflow")]
    Overflow,
    /// A whole number was divided by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The rest of a division by zero.
    #[error("modulus by zero")]
    ModulusByZero,
    /// A value cannot be read as another type.
    #[error("type conversion error: the value is no {0}")]
    Conversion(&'static str),
    /// A map literal repeats a key.
    #[error("failed with repeated key")]
    RepeatedKey,
    /// A pattern that was computed is no RE2 pattern.
    #[error("invalid pattern: {0}")]
    Pattern(campanile_pattern::PatternError),
    /// `format()` met something that it cannot format.
    #[error("could not format: {0}")]
    Format(&'static str),
    /// A time zone that this program does not know.
    #[error("unknown time zone: use UTC or an offset such as +02:00")]
    TimeZone,
}
