//! Claims of a token that its issuer signed, held against what a Receiver demands of them (contract, receivers 6.7).

use campanile_cel::{CelError, CelResult};
use serde_json::{Map, Value as Json};

use super::Issuer;

/// Errors of claims that do not fulfil what is demanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// A variable has no value for these claims.
    #[error("failed to evaluate variable \"{name}\": {cause}")]
    Variable {
        /// The name of the variable.
        name: String,
        /// The error in its expression.
        cause: CelError,
    },
    /// A validation has no value for the claims.
    #[error("failed to evaluate validation: {0}")]
    Validation(CelError),
    /// These validations are false for the claims.
    #[error("token validation failed: {}", .0.join("; "))]
    Failed(Vec<String>),
}

impl Issuer {
    /// Evaluates the variables in order, then all validations.
    ///
    /// # Errors
    /// The first expression without a value, or else all validations that are false.
    pub(crate) fn validate(&self, claims: &Json) -> Result<(), ClaimsError> {
        let mut vars = Json::Object(Map::new());
        for (name, expression) in &self.variables {
            let value = expression
                .evaluate(&[("claims", claims), ("vars", &vars)])
                .map_err(|cause| ClaimsError::Variable { name: name.clone(), cause })?;
            if let (CelResult::Json(value), Some(map)) = (value, vars.as_object_mut()) {
                map.insert(name.clone(), value);
            }
        }
        let mut failed = Vec::new();
        for (expression, message) in &self.validations {
            let value = expression.evaluate(&[("claims", claims), ("vars", &vars)]);
            if value.map_err(ClaimsError::Validation)? != CelResult::Bool(true) {
                failed.push(message.clone());
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(ClaimsError::Failed(failed)) }
    }
}
