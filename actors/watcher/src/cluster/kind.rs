//! The two kinds whose objects are watched whole.

use std::sync::Arc;

use campanile_crds::Object;
use campanile_domain::{Alert, ObjectKey, ProviderSpec};

use crate::faults;

/// Which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Alert,
    Provider,
}

impl Kind {
    /// As manifests write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::Provider => "Provider",
        }
    }

    /// As addresses write it.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Alert => "alerts",
            Self::Provider => "providers",
        }
    }
}

/// A domain type that objects of one kind become.
pub(crate) trait Watched: Sized + PartialEq + Send + Sync + 'static {
    const KIND: Kind;

    /// The value in `object`, if it is of this kind.
    fn of(object: Object) -> Option<Self>;

    /// Namespace and name.
    fn key(&self) -> &ObjectKey;

    /// The object's uid.
    fn uid(&self) -> &Arc<str>;

    /// What is wrong with it whatever else there is.
    fn fault(&self) -> Option<String>;
}

impl Watched for Alert {
    const KIND: Kind = Kind::Alert;

    fn of(object: Object) -> Option<Self> {
        match object {
            Object::Alert(alert) => Some(alert),
            Object::Provider(_) | Object::Secret(_) | Object::Labelled { .. } => None,
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn uid(&self) -> &Arc<str> {
        &self.uid
    }

    fn fault(&self) -> Option<String> {
        faults::summary(&faults::of_alert(self))
    }
}

impl Watched for ProviderSpec {
    const KIND: Kind = Kind::Provider;

    fn of(object: Object) -> Option<Self> {
        match object {
            Object::Provider(provider) => Some(provider),
            Object::Alert(_) | Object::Secret(_) | Object::Labelled { .. } => None,
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn uid(&self) -> &Arc<str> {
        &self.uid
    }

    fn fault(&self) -> Option<String> {
        self.kind().is_none().then(|| campanile_crds::unsupported_type(&self.type_name))
    }
}
