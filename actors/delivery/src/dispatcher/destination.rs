//! The identity of the destination that a Provider leads to. As long as it stays, so do the pauses that it asked for.

use std::hash::{DefaultHasher, Hash, Hasher};

use campanile_domain::ProviderSpec;
use campanile_protocol::Secrets;

use crate::kept::DestinationId;

/// The same as long as type, address, credentials and channel are. Timeouts, names of statuses and labels are nothing to a
/// destination.
pub(super) fn identify(spec: &ProviderSpec, secrets: &Secrets) -> DestinationId {
    let ProviderSpec { uid, type_name, address, channel, username, proxy, service_account, .. } = spec;
    let mut hasher = DefaultHasher::new();
    (uid, type_name, address, channel, username, proxy, service_account).hash(&mut hasher);
    (&spec.secret_ref, &spec.cert_secret_ref, &spec.proxy_secret_ref).hash(&mut hasher);
    for key in spec.secret_keys() {
        if let Some(Ok(secret)) = secrets.get(&key) {
            (&secret.type_name, &secret.data).hash(&mut hasher);
        }
    }
    DestinationId(hasher.finish())
}
