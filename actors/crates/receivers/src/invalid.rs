//! What can be wrong with a Receiver's spec, in the words of the contract (receivers 2.2, step 5).

use campanile_cel::CelError;

/// Why a Receiver cannot work whatever comes in. Its text is the `<error>` of a terminal failure (contract, receivers 2.3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// `spec.resourceFilter` is no filter.
    #[error("invalid resourceFilter expression: {0}")]
    ResourceFilter(CelError),
    /// The filter of an entry is none.
    #[error("invalid filter expression for resources[{index}] (kind=\"{kind}\", name=\"{name}\"): {cause}")]
    Filter {
        /// The entry of `spec.resources`, from 0.
        index: usize,
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// What the expression lacks.
        cause: CelError,
    },
    /// Fields do not go together.
    #[error("{0}")]
    Fields(&'static str),
    /// An entry of `spec.oidcProviders` lacks something.
    #[error("oidcProviders[{index}]{what}")]
    Provider {
        /// The entry, from 0.
        index: usize,
        /// What it lacks; begins with a colon or with its issuer in parentheses.
        what: String,
    },
    /// An expression of such an entry does not compile.
    #[error("oidcProviders[{index}] (issuerURL=\"{issuer}\"): invalid expression for {what}: {cause}")]
    Expression {
        /// The entry, from 0.
        index: usize,
        /// Its issuer.
        issuer: String,
        /// Which expression: `variable "<name>"` or `validation "<message>"`.
        what: String,
        /// What it lacks.
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
