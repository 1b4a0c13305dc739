//! The name of a commit status (contract, control plane 6.3 and providers 16).

use std::collections::BTreeMap;

use campanile_cel::{CelError, CelResult, EvaluationError, Expression, Steps, Want};
use serde_json::Value as Json;

use crate::{Event, EventJson, status_name};

#[cfg(test)]
mod tests;

/// The variables of a `spec.commitStatusExpr`.
const VARIABLES: [&str; 3] = ["event", "provider", "alert"];

/// Errors for which a Provider's `spec.commitStatusExpr` gives no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitStatusError {
    /// The expression itself is wrong: only an edit of the Provider mends it.
    #[error("{PREFIX}: failed to compile expression: {0}")]
    Compile(#[source] CelError),
    /// The expression has no value for this event.
    #[error("{PREFIX}: {0}")]
    Evaluate(#[source] CelError),
    /// The event has no form in JSON.
    #[error("{PREFIX}: failed to convert the event to JSON")]
    Event,
}

impl CommitStatusError {
    /// Whether the evaluation took more steps than it was given.
    pub fn is_exhausted(&self) -> bool {
        matches!(self, Self::Evaluate(CelError::Evaluate { fault: EvaluationError::Exhausted, .. }))
    }
}

const PREFIX: &str = "failed to evaluate the spec.commitStatusExpr CEL expression for the event";

/// Compiles a Provider's `spec.commitStatusExpr`, once per change of the Provider.
///
/// # Errors
/// [`CommitStatusError::Compile`] if it is no expression over `event`, `provider` and `alert` with type string.
pub fn compile_commit_status_name(text: &str) -> Result<Expression, CommitStatusError> {
    Expression::compile(text, &VARIABLES, Want::String).map_err(CommitStatusError::Compile)
}

/// The name that `expression` gives to the commit status of `event`. `metadata` is the combined one, `provider` and
/// `alert` are the whole objects (`apiVersion`, `kind`, `metadata`, `spec`). It may be empty, which no Git host takes.
///
/// # Errors
/// [`CommitStatusError::Evaluate`] if the expression has no value for this event, as when it selects a key that is not
/// there, or takes more than `steps`.
pub fn commit_status_name(
    expression: &Expression,
    event: &Event,
    metadata: &BTreeMap<String, String>,
    provider: &Json,
    alert: &Json,
    steps: Steps,
) -> Result<String, CommitStatusError> {
    let event = serde_json::to_value(EventJson { event, metadata }).map_err(|_| CommitStatusError::Event)?;
    let bindings = [("event", &event), ("provider", provider), ("alert", alert)];
    match expression.evaluate_within(&bindings, steps).map_err(CommitStatusError::Evaluate)? {
        CelResult::String(name) => Ok(name),
        CelResult::Bool(_) | CelResult::Json(_) => {
            let mismatch = CelError::Output { expected: Want::String.name(), got: "another type".into() };
            Err(CommitStatusError::Evaluate(mismatch))
        }
    }
}

/// The name of a commit status without an expression: kind and name of the object and the first part of the Provider's
/// uid, in lower case.
pub fn default_commit_status_name(event: &Event, provider_uid: &str) -> String {
    let uid = provider_uid.split('-').next().unwrap_or_default();
    format!("{}/{}", status_name(&event.involved_object), uid.to_lowercase())
}
