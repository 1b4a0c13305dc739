//! A Provider in the index, with what depends on it alone worked out: how its commit statuses are named.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use campanile_cel::{Expression, Steps};
use campanile_domain::{
    Event, ProviderSpec, commit_status_name, compile_commit_status_name, default_commit_status_name,
};
use serde_json::Value as Json;

use super::compiled::{Compiled, as_json};
use crate::DropReason;

/// A Provider to which deliveries can be addressed.
pub(crate) struct Addressee {
    pub(crate) spec: Arc<ProviderSpec>,
    naming: Naming,
}

/// The naming of commit statuses.
enum Naming {
    /// By kind, name and the beginning of the Provider's uid.
    Default,
    /// By `spec.commitStatusExpr`, compiled; it may ask for the Provider as written.
    Expression(Box<Expression>, Json),
    /// The expression is wrong, in the contract's words.
    Broken(Arc<str>),
}

impl Addressee {
    pub(super) fn new(spec: Arc<ProviderSpec>) -> Self {
        let naming = match spec.commit_status_expr.as_deref().map(compile_commit_status_name) {
            None => Naming::Default,
            Some(Ok(expression)) => Naming::Expression(Box::new(expression), as_json(&spec.object)),
            Some(Err(error)) => Naming::Broken(error.to_string().into()),
        };
        Self { spec, naming }
    }

    /// The name of the commit status for `event` (contract, control plane 6.3); `metadata` is the combined one. None if an
    /// expression needs more than `steps`.
    pub(crate) fn status_name(
        &self,
        event: &Event,
        metadata: &BTreeMap<String, String>,
        alert: &Compiled,
        steps: Steps,
    ) -> Option<Result<String, DropReason>> {
        match &self.naming {
            Naming::Default => Some(Ok(default_commit_status_name(event, &self.spec.uid))),
            Naming::Expression(expression, provider) => {
                let name = commit_status_name(expression, event, metadata, provider, alert.object(), steps);
                match name {
                    Err(error) if error.is_exhausted() && steps != Steps::ALL => None,
                    name => {
                        Some(name.map_err(|error| DropReason::CommitStatusExpr(error.to_string().into())))
                    }
                }
            }
            Naming::Broken(error) => Some(Err(DropReason::CommitStatusExpr(error.clone()))),
        }
    }

    /// Whether names are computed by an expression of the user.
    pub(crate) fn has_expression(&self) -> bool {
        matches!(self.naming, Naming::Expression(..))
    }

    /// What computing a name may take, in nanoseconds.
    pub(crate) fn cost(&self) -> u64 {
        match &self.naming {
            Naming::Expression(expression, _) => expression.price().as_nanoseconds(),
            Naming::Default | Naming::Broken(_) => 0,
        }
    }
}

impl fmt::Debug for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Addressee").field(&self.spec.key).finish()
    }
}
