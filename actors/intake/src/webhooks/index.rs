//! Which Receiver answers at which path, as the HTTP workers see it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use campanile_domain::{ObjectKey, Secret};
use campanile_protocol::ReceiverState;
use campanile_receivers::Receiver;

/// A Receiver with what was read of its Secret.
pub(super) struct WebhookRoute {
    pub(super) key: ObjectKey,
    pub(super) state: ReceiverState,
    /// None if it is not valid; then it is not ready either.
    pub(super) receiver: Option<Arc<Receiver>>,
    /// Its Secret, once a request needed it. A changed Secret makes a new route.
    pub(super) secret: Arc<ArcSwapOption<Secret>>,
}

/// All paths. Replaced as a whole when a Receiver, its standing or its Secret changes.
#[derive(Default)]
pub(super) struct PathIndex {
    /// Whether the Receivers are known.
    pub(super) is_loaded: bool,
    pub(super) routes: HashMap<String, Arc<WebhookRoute>>,
}

impl PathIndex {
    /// The Receiver that answers at `target`, compared byte for byte.
    pub(super) fn find(&self, target: &str) -> Option<&Arc<WebhookRoute>> {
        self.routes.get(target)
    }
}
