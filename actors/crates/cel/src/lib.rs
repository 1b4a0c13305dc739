//! CEL expressions over JSON (contract, control plane 6.3): compiled once when an object changes, evaluated per event.
//!
//! Only the parser is a crate's (docs/adr/0003-cel.md says why); its types end in the checker. Both steps are bounded,
//! whatever the text and the data are: compiling by the length of the text and the depth of its tree, evaluating by a
//! budget of steps that pays for time and memory alike. Nothing here panics, waits or copies the data.

mod check;
mod compare;
mod error;
mod eval;
mod infer;
mod library;
mod meter;
mod node;
mod number;
mod price;
mod result;
mod syntax;
#[cfg(test)]
mod tests;
mod types;
mod value;

use std::fmt;

use serde_json::Value as Json;

pub use error::{CelError, EvaluationError, SyntaxError};
pub use result::{CelResult, Want};

use eval::Evaluation;
use node::CheckedNode;
use syntax::Syntax;

use campanile_pattern::Price;

/// The longest text of an expression, in bytes.
const MAX_LENGTH: usize = 16 << 10;
/// The highest price of one evaluation, by the estimate as by the meter.
const MOST: Price = Price::nanoseconds(meter::BUDGET as u64 * meter::NANOSECONDS_A_STEP);

/// The number of steps that an evaluation may take. One takes up to 100 ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps(usize);

impl Steps {
    /// All that an evaluation may take at most: 50 ms.
    pub const ALL: Self = Self(meter::BUDGET);
    /// Those of 20 µs: enough for names that are put together from fields.
    pub const FEW: Self = Self(200);
}

/// A compiled expression. It can be shared between threads and evaluated any number of times.
pub struct Expression {
    source: Box<str>,
    variables: Box<[Box<str>]>,
    want: Want,
    root: CheckedNode,
    price: Price,
}

impl Expression {
    /// Parses and checks `text`, whose free names are `variables`: maps from text to anything. Its type must be exactly
    /// the wanted one; what is only known at evaluation does not do.
    ///
    /// # Errors
    /// [`CelError::TooLong`], [`CelError::Parse`] or [`CelError::Output`], whose texts the contract fixes;
    /// [`CelError::TooDear`] if it may take longer than an expression may.
    pub fn compile(text: &str, variables: &[&str], want: Want) -> Result<Self, CelError> {
        if text.len() > MAX_LENGTH {
            return Err(CelError::TooLong { limit: MAX_LENGTH });
        }
        let variables: Box<[Box<str>]> = variables.iter().map(|name| (*name).into()).collect();
        let parse_error = |issue| CelError::Parse { expression: text.into(), issue };
        let syntax = Syntax::parse(text).map_err(parse_error)?;
        let (root, ty) = check::check(&syntax, &variables).map_err(parse_error)?;
        if !want.admits(&ty) {
            return Err(CelError::Output { expected: want.name(), got: ty.to_string().into() });
        }
        let price = price::price(&root);
        if price > MOST {
            return Err(CelError::TooDear { expression: text.into(), price, most: MOST });
        }
        Ok(Self { source: text.into(), variables, want, root, price })
    }

    /// The value of the expression, where the variables have the values of `bindings`; others there are ignored.
    ///
    /// # Errors
    /// [`CelError::Evaluate`] if the expression has no value for this data, or takes too many steps;
    /// [`CelError::Output`] if the data belie the type that was inferred.
    pub fn evaluate(&self, bindings: &[(&str, &Json)]) -> Result<CelResult, CelError> {
        self.evaluate_within(bindings, Steps::ALL)
    }

    /// The same with no more than so many steps.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn evaluate_within(&self, bindings: &[(&str, &Json)], steps: Steps) -> Result<CelResult, CelError> {
        let bound = |name: &str| bindings.iter().find(|(bound, _)| *bound == name).map(|(_, value)| *value);
        let variables = self.variables.iter().map(|name| (&**name, bound(name))).collect();
        let mut evaluation = Evaluation::new(variables, steps.0);
        let evaluate_error = |fault| CelError::Evaluate { expression: self.source.clone(), fault };
        let value = evaluation.run(&self.root).map_err(evaluate_error)?;
        match self.want.result(&value, evaluation.meter()).map_err(evaluate_error)? {
            Some(result) => Ok(result),
            None => Err(CelError::Output { expected: self.want.name(), got: value.kind().into() }),
        }
    }

    /// The estimated price of an evaluation.
    pub fn price(&self) -> Price {
        self.price
    }

    /// The text as the user wrote it.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.source)
    }
}
