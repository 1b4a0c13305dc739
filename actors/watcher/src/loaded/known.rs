//! Objects that others name, as far as they are known, and what may be meant by a name that leads nowhere.

use campanile_crds::{Cause, Rule, nearest};
use campanile_domain::ObjectKey;

use super::Loaded;
use crate::position::Position;

/// The state of an object that another one names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReferenceState {
    /// The object is there and can be used.
    Usable,
    /// It exists, and its contents are not known here.
    Elsewhere,
    /// It is among the manifests and cannot be used, as a finding says.
    Refused,
    /// Nothing is known of it.
    Absent,
}

/// A Secret whose contents are not known.
#[derive(Clone, Debug)]
pub(crate) struct Hidden {
    pub(crate) cause: Cause,
    pub(crate) position: Position,
}

impl Loaded {
    /// What is known of an object; `is_there` says whether it is among the usable ones.
    pub(crate) fn known(&self, kind: &str, key: &ObjectKey, is_there: bool) -> ReferenceState {
        if is_there {
            ReferenceState::Usable
        } else if kind == "Secret" && self.hidden.contains_key(key) {
            ReferenceState::Elsewhere
        } else if self.refused.contains(&(kind.to_owned(), key.clone())) {
            ReferenceState::Refused
        } else {
            ReferenceState::Absent
        }
    }

    /// What may be meant by a name that leads nowhere, to stand behind "not found": it is among the manifests and refused, it
    /// lives in another namespace, or a name is nearly the same.
    pub(crate) fn hint(&self, kind: &str, key: &ObjectKey, by: &Position) -> String {
        if self.refused.contains(&(kind.to_owned(), key.clone())) {
            return " among what can be used, as said before".to_owned();
        }
        let own = if by.has_namespace { "" } else { ", for metadata.namespace is not set" };
        let usable: Vec<&ObjectKey> = match kind {
            "Provider" => self.providers.keys().collect(),
            _ => self.secrets.keys().chain(self.hidden.keys()).collect(),
        };
        if let Some(other) = usable.iter().find(|known| known.name == key.name) {
            return format!(" in namespace '{}'{own}, but in '{}'", key.namespace, other.namespace);
        }
        let beside = usable.iter().filter(|known| known.namespace == key.namespace);
        match nearest(&key.name, beside.map(|known| &*known.name)) {
            Some(meant) => format!(", but '{meant}' is there{own}"),
            None => match self.remarks.iter().find(|remark| remark.rule == Rule::EncryptedFile) {
                Some(encrypted) => format!(", unless it is in {}, which is encrypted", encrypted.place),
                None => own.to_owned(),
            },
        }
    }
}
