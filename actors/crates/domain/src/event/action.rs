//! The step of a controller that an event tells of.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The actions that Flux's controllers name (contract, flux-2.10, section 2), the frequent ones first.
const KNOWN: [&str; 22] = [
    "Apply",
    "Reconcile",
    "HealthCheck",
    "CheckDependencies",
    "Prune",
    "Finalize",
    "ResolveSource",
    "Decrypt",
    "WaitForTermination",
    "ReconcileStorage",
    "ReconcileSource",
    "VerifySource",
    "ReconcileArtifact",
    "GarbageCollect",
    "ResolveValues",
    "DriftDetection",
    "HelmInstall",
    "HelmUpgrade",
    "HelmRollback",
    "HelmTest",
    "HelmUninstall",
    "Unlock",
];

/// The action of a controller when an event came about, for example `Apply`. Any text, the empty one too.
///
/// The names that Flux's controllers use take no memory of their own, since their events always have one.
#[derive(Clone, PartialEq, Eq)]
pub struct Action(Cow<'static, str>);

impl Action {
    /// The text as the sender wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Action {
    fn from(text: &str) -> Self {
        let known = KNOWN.iter().find(|known| **known == text);
        Self(known.map_or_else(|| Cow::Owned(text.to_owned()), |known| Cow::Borrowed(*known)))
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ActionVisitor)
    }
}

struct ActionVisitor;

impl Visitor<'_> for ActionVisitor {
    type Value = Action;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t07_an_action_of_fluxs_controllers_takes_no_memory_and_any_other_is_kept() {
        for name in KNOWN {
            assert!(matches!(Action::from(name), Action(Cow::Borrowed(text)) if text == name));
        }
        for name in ["", "apply", "Deploy ü"] {
            assert_eq!(Action::from(name).as_str(), name);
        }
    }
}
