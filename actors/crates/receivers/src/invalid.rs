//! Errors of a Receiver's `spec`, in the words of the contract (receivers 2.2, step 5).

use campanile_cel::CelError;

/// Errors for which a Receiver cannot work whatever comes in. Its text is the `<error>` of a terminal failure (contract, receivers 2.3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The `spec.resourceFilter` is no filter.
    #[error("invalid resourceFilter expression: {0}")]
    ResourceFilter(CelError),
    /// The filter of an entry is none.
    #[error("invalid filter expression for resources[{index}] (kind=\"{kind}\", name=\"{name}\"): {cause}")]
    Filter {
        /// The entry of `spec.resources`, from 0.
        index: usize,
        /// The kind of the entry.
        kind: String,
        /// The name of the entry.
        name: String,
        /// The error in the expression.
        cause: CelError,
    },
    /// Fields do not go together.
    #[error("{0}")]
    Fields(&'static str),
    /// An entry of `spec.oidcProviders` lacks something.
    #[error("oidcProviders[{index}]{what}")]
    Provider {
        /// The index of the entry, from 0.
        index: usize,
        /// What it lacks; begins with a colon or with its issuer in parentheses.
        what: String,
    },
    /// An expression of such an entry does not compile.
    #[error("oidcProviders[{index}] (issuerURL=\"{issuer}\"): invalid expression for {what}: {cause}")]
    Expression {
        /// The index of the entry, from 0.
        index: usize,
        /// The issuer that the entry names.
        issuer: String,
        /// Which expression: `variable "<name>"` or `validation "<message>"`.
        what: String,
        /// The error in the entry.
        cause: CelError,
    },
}

impl Invalid {
    /// The reason of the conditions.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ResourceFilter(_) | Self::Filter { .. } | Self::Expression { .. } => "InvalidCELExpression",
            Self::Fields(_) | Self::Provider { .. } => "ValidationFailed",
        }
    }
}
