//! The state of a kind that is a value: what is asked about an object without knowing its type.

use std::sync::Arc;

use campanile_domain::ObjectKey;
use campanile_protocol::{Backlog, Condition};
use jiff::Timestamp;

use crate::kind_state::{KindState, Object, counts};
use crate::standing::Shown;
use crate::watched::{Known, Reference, Watched};

/// The conditions of an object before it was judged anew.
pub(crate) type Before = Vec<Arc<Condition>>;

/// A [`KindState`] of whatever kind: what is asked about an object whose kind is a value.
pub(crate) trait AnyKind<F> {
    fn is_listed(&self) -> bool;
    fn len(&self) -> usize;
    fn keys(&self) -> Box<dyn Iterator<Item = &ObjectKey> + '_>;
    fn contains(&self, key: &ObjectKey) -> bool;
    fn uid(&self, key: &ObjectKey) -> Option<Arc<str>>;
    fn is_suspended(&self, key: &ObjectKey) -> bool;
    fn facts(&self, key: &ObjectKey) -> Option<&F>;
    fn facts_mut(&mut self, key: &ObjectKey) -> Option<&mut F>;

    /// One line for each malformed object.
    fn problems(&self) -> Vec<String>;

    /// The objects that name a thing.
    fn owners(&self, reference: &Reference) -> Vec<ObjectKey>;

    /// Whether any object names a thing.
    fn is_named(&self, reference: &Reference) -> bool;

    /// Whether an object has a fault of its own.
    fn is_faulty(&self, key: &ObjectKey) -> bool;

    /// The faults of an object as Kubernetes Events say them.
    fn announcements(&self, key: &ObjectKey) -> Vec<String>;

    /// What is to be shown of an object.
    fn shown<'a>(&'a self, key: &ObjectKey, backlog: Option<&'a Backlog>) -> Option<Shown<'a>>;

    /// What is to be shown of an object, beside its facts.
    fn shown_and_facts(&mut self, key: &ObjectKey, backlog: Option<&Backlog>) -> Option<(Shown<'_>, &mut F)>;

    /// What is wrong with what an object names.
    fn unresolved(&self, key: &ObjectKey, known: &dyn Known) -> Option<String>;

    /// Judges an object anew. None if there is no such object.
    fn judge(&mut self, key: &ObjectKey, unresolved: Option<String>, now: Timestamp) -> Option<Before>;

    /// Notes what is announced on an object as its last setback, if it is one. Returns whether it is.
    fn announced(&mut self, key: &ObjectKey, reason: &str, message: &str) -> bool;
}

impl<K: Watched, F> AnyKind<F> for KindState<K, F> {
    fn is_listed(&self) -> bool {
        self.listed
    }

    fn len(&self) -> usize {
        self.objects.len()
    }

    fn keys(&self) -> Box<dyn Iterator<Item = &ObjectKey> + '_> {
        Box::new(self.objects.keys())
    }

    fn contains(&self, key: &ObjectKey) -> bool {
        self.objects.contains_key(key)
    }

    fn uid(&self, key: &ObjectKey) -> Option<Arc<str>> {
        Some(self.get(key)?.spec.uid().clone())
    }

    fn is_suspended(&self, key: &ObjectKey) -> bool {
        self.get(key).is_some_and(|object| object.spec.is_suspended())
    }

    fn facts(&self, key: &ObjectKey) -> Option<&F> {
        Some(&self.get(key)?.facts)
    }

    fn facts_mut(&mut self, key: &ObjectKey) -> Option<&mut F> {
        Some(&mut self.get_mut(key)?.facts)
    }

    fn problems(&self) -> Vec<String> {
        let line = |(key, why): (&ObjectKey, &String)| format!("{}/{key}: {why}", K::KIND.name());
        self.malformed.iter().map(line).collect()
    }

    fn owners(&self, reference: &Reference) -> Vec<ObjectKey> {
        self.references.owners(reference).cloned().collect()
    }

    fn is_named(&self, reference: &Reference) -> bool {
        self.references.contains(reference)
    }

    fn is_faulty(&self, key: &ObjectKey) -> bool {
        self.get(key).is_some_and(|object| object.fault.is_some())
    }

    fn announcements(&self, key: &ObjectKey) -> Vec<String> {
        self.get(key).map(|object| object.spec.announcements()).unwrap_or_default()
    }

    fn shown<'a>(&'a self, key: &ObjectKey, backlog: Option<&'a Backlog>) -> Option<Shown<'a>> {
        Some(self.get(key)?.standing.shown(counts::<K>(backlog, key)))
    }

    fn shown_and_facts(&mut self, key: &ObjectKey, backlog: Option<&Backlog>) -> Option<(Shown<'_>, &mut F)> {
        let Object { standing, facts, .. } = self.get_mut(key)?;
        Some((standing.shown(counts::<K>(backlog, key)), facts))
    }

    fn unresolved(&self, key: &ObjectKey, known: &dyn Known) -> Option<String> {
        self.get(key)?.spec.unresolved(known)
    }

    fn judge(&mut self, key: &ObjectKey, unresolved: Option<String>, now: Timestamp) -> Option<Before> {
        let Object { spec, fault, standing, .. } = self.get_mut(key)?;
        let before = standing.conditions().cloned().collect();
        let ready = spec.ready(fault.as_deref(), unresolved, &standing.aspect);
        standing.judge(ready, spec.generation(), now);
        Some(before)
    }

    fn announced(&mut self, key: &ObjectKey, reason: &str, message: &str) -> bool {
        self.get_mut(key).is_some_and(|object| object.standing.last.announced(reason, message))
    }
}
