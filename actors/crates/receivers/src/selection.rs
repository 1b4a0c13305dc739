//! The selection of a verified request: the entries of its Receiver, and which resources of each pass the filters.

use std::fmt;
use std::sync::Arc;

use campanile_cel::{CelError, CelResult};
use campanile_domain::ReceiverSpec;
use serde_json::Value as Json;

use crate::Receiver;

/// The resources that a verified request selects. Made of a [`Verified`](crate::Verified), or of what was stored of one, so
/// that code which takes one acts on no other request.
pub struct Selection {
    receiver: Arc<Receiver>,
    req: Json,
    claims: Json,
}

impl Selection {
    pub(crate) fn new(receiver: Arc<Receiver>, req: Json, claims: Json) -> Self {
        Self { receiver, req, claims }
    }

    /// What filters see of the request: its body, and the claims of its token.
    pub(crate) fn seen(&self) -> (&Json, &Json) {
        (&self.req, &self.claims)
    }

    /// The Receiver, whose `resources` are the entries.
    pub fn receiver(&self) -> &ReceiverSpec {
        self.receiver.spec()
    }

    /// Whether a resource of entry `entry`, counted from 0, passes the filter of the Receiver and then that of the entry.
    /// `res` is its metadata: `kind`, `apiVersion` and `metadata` (contract, receivers 8).
    ///
    /// # Errors
    /// If a filter has no value for it.
    pub fn accepts(&self, entry: usize, res: &Json) -> Result<bool, CelError> {
        let bindings = [("res", res), ("req", &self.req), ("claims", &self.claims)];
        for filter in self.receiver.filters(entry) {
            if filter.evaluate(&bindings)? != CelResult::Bool(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").field("receiver", &self.receiver().key).finish_non_exhaustive()
    }
}
