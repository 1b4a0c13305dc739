//! An object of a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Alert, ObjectKey, ProviderSpec, ReceiverSpec, Secret};

use crate::Located;
use crate::loaded::Hidden;

/// An object of a file.
#[derive(Clone, Debug)]
pub(crate) enum ManifestObject {
    Alert(Located<Alert>),
    Provider(Located<ProviderSpec>),
    Receiver(Located<ReceiverSpec>),
    Secret(Located<Secret>),
    /// A Secret whose contents are not known.
    Hidden(ObjectKey, Hidden),
    /// Labels of any other object, by its key in the index.
    Labels(String, Arc<BTreeMap<String, String>>),
}

impl ManifestObject {
    /// Kind and name; labels are nobody's.
    pub(super) fn identity(&self) -> Option<(&'static str, &ObjectKey)> {
        match self {
            Self::Alert(alert) => Some(("Alert", &alert.value.key)),
            Self::Provider(provider) => Some(("Provider", &provider.value.key)),
            Self::Receiver(receiver) => Some(("Receiver", &receiver.value.key)),
            Self::Secret(secret) => Some(("Secret", &secret.value.key)),
            Self::Hidden(key, _) => Some(("Secret", key)),
            Self::Labels(..) => None,
        }
    }

    /// Whether both are about the same object.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Labels(one, _), Self::Labels(other, _)) => one == other,
            _ => self.identity().is_some() && self.identity() == other.identity(),
        }
    }
}
