//! The refusal of a Provider that does not exist, in the same words wherever one is named.

use campanile_domain::ObjectKey;

/// There is no such Provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("find provider '{0}': it does not exist; `campanile get providers` lists those that do")]
pub struct NoProvider(pub ObjectKey);
