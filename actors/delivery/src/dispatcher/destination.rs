//! What a destination knows a Provider by. As long as that stays, so do the pauses that it asked for.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use campanile_domain::ProviderSpec;
use campanile_protocol::Secrets;
use jiff::Timestamp;
use parking_lot::Mutex;

/// Until when a destination wants no messages. Shared with the provider actor, and outlives it.
#[derive(Clone, Default)]
pub(crate) struct Hold(Arc<Mutex<Option<Timestamp>>>);

impl Hold {
    pub(crate) fn get(&self) -> Option<Timestamp> {
        *self.0.lock()
    }

    pub(crate) fn set(&self, until: Option<Timestamp>) {
        *self.0.lock() = until;
    }
}

/// The destination that a Provider was last resolved to, and its pause.
#[derive(Default)]
pub(super) struct Destination {
    mark: Option<u64>,
    hold: Hold,
}

impl Destination {
    /// Takes note of what the Provider resolved to; another destination has asked for no pause.
    pub(super) fn is_now(&mut self, mark: u64) {
        if self.mark.replace(mark) != Some(mark) {
            self.hold = Hold::default();
        }
    }

    pub(super) fn hold(&self) -> Hold {
        self.hold.clone()
    }
}

/// The same as long as type, address, credentials and channel are. Timeouts, names of statuses and labels are nothing to a
/// destination.
pub(super) fn mark(spec: &ProviderSpec, secrets: &Secrets) -> u64 {
    let ProviderSpec { uid, type_name, address, channel, username, proxy, service_account, .. } = spec;
    let mut hasher = DefaultHasher::new();
    (uid, type_name, address, channel, username, proxy, service_account).hash(&mut hasher);
    (&spec.secret_ref, &spec.cert_secret_ref, &spec.proxy_secret_ref).hash(&mut hasher);
    for key in spec.secret_keys() {
        if let Some(Ok(secret)) = secrets.get(&key) {
            (&secret.type_name, &secret.data).hash(&mut hasher);
        }
    }
    hasher.finish()
}
