//! The functions that expressions may call: one table a field, each row with its signatures and its calculation.
//!
//! The checker picks by signature, the calculation by the values that arrive: where the static type is `dyn`, any may.

mod collections;
mod convert;
mod format;
mod operators;
mod optionals;
mod strings;
pub(super) mod time;

use std::fmt;

use super::error::EvaluationError;
use super::meter::StepMeter;
use super::types::Sig;
use super::value::CelValue;

/// The result of a calculation: none if it is not defined for values of these types.
pub(super) type CallResult<'a> = Result<Option<CelValue<'a>>, EvaluationError>;

/// A calculation. It pays for its time and for what it makes before it makes it.
pub(super) type Call = for<'a> fn(&mut StepMeter, &[CelValue<'a>]) -> CallResult<'a>;

/// A function of the library.
pub(super) struct Function {
    /// The name, or the parser's name of an operator.
    pub(super) name: &'static str,
    pub(super) style: CallStyle,
    pub(super) overloads: &'static [Overload],
    pub(super) call: Call,
}

/// The form in which a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallStyle {
    /// A call of the form `f(a, b)`.
    Global,
    /// A call of the form `a.f(b)`.
    Member,
}

/// One signature: the types of the arguments, of which a member's first is its target, and of the result.
pub(super) struct Overload(pub(super) &'static [Sig], pub(super) Sig);

const TABLES: [&[Function]; 7] = [
    operators::FUNCTIONS,
    collections::FUNCTIONS,
    convert::FUNCTIONS,
    optionals::FUNCTIONS,
    strings::FUNCTIONS,
    format::FUNCTIONS,
    time::FUNCTIONS,
];

/// The function `name` that is called in that style.
pub(super) fn function(name: &str, style: CallStyle) -> Option<&'static Function> {
    TABLES.into_iter().flatten().find(|function| function.name == name && function.style == style)
}

/// A row of a table.
const fn row(name: &'static str, style: CallStyle, overloads: &'static [Overload], call: Call) -> Function {
    Function { name, style, overloads, call }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_function_stands_in_the_tables_twice() {
        let mut names: Vec<_> =
            TABLES.into_iter().flatten().map(|f| (f.name, f.style == CallStyle::Member)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
