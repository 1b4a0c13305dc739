//! The kinds whose objects are watched whole: their names.

use campanile_domain::ObjectKey;
use campanile_protocol::Subject;

/// Which kind. [`Watched`](crate::watched::Watched) says what is particular about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Says which events to notify about.
    Alert,
    /// The kind that says where to notify.
    Provider,
    /// Takes webhooks in, in a later version.
    Receiver,
}

/// An object: its kind, namespace and name.
pub(crate) type Id = (Kind, ObjectKey);

struct Names {
    name: &'static str,
    plural: &'static str,
    controller: &'static str,
}

impl Kind {
    /// Every kind, in the order of metrics and tables.
    pub(crate) const ALL: [Self; 3] = [Self::Alert, Self::Provider, Self::Receiver];

    fn names(self) -> &'static Names {
        match self {
            Self::Alert => &Names { name: "Alert", plural: "alerts", controller: "alert" },
            Self::Provider => &Names { name: "Provider", plural: "providers", controller: "provider" },
            Self::Receiver => &Names { name: "Receiver", plural: "receivers", controller: "receiver" },
        }
    }

    /// Whether everything else works where the kind is not installed or may not be read.
    pub(crate) fn is_optional(self) -> bool {
        self == Self::Receiver
    }

    /// The kind that manifests call `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of the kind in manifests.
    pub(crate) fn name(self) -> &'static str {
        self.names().name
    }

    /// As addresses of the API write it.
    pub(crate) fn plural(self) -> &'static str {
        self.names().plural
    }

    /// As metrics write it, which is how other controllers name themselves.
    pub(crate) fn controller(self) -> &'static str {
        self.names().controller
    }

    /// An object of this kind, as announcements name it.
    pub(crate) fn subject(self, key: ObjectKey) -> Subject {
        match self {
            Self::Alert => Subject::Alert(key),
            Self::Provider => Subject::Provider(key),
            Self::Receiver => Subject::Receiver(key),
        }
    }

    /// The object that an announcement is about.
    pub(crate) fn of_subject(subject: &Subject) -> Id {
        match subject {
            Subject::Alert(key) => (Self::Alert, key.clone()),
            Subject::Provider(key) => (Self::Provider, key.clone()),
            Subject::Receiver(key) => (Self::Receiver, key.clone()),
        }
    }
}
