//! The state of a kind that is a value: what is asked about an object without knowing its type.

use std::sync::Arc;

use campanile_domain::ObjectKey;
use campanile_protocol::{Backlog, Condition};
use jiff::Timestamp;

use crate::condition::{Judgement, VALIDATION_FAILED};
use crate::kind_state::{HeldObject, KindState, counts};
use crate::standing::ShownStanding;
use crate::watched::{Reference, ReferenceLookup, Watched};

/// The conditions of an object before it was judged anew.
pub(crate) type Before = Vec<Arc<Condition>>;

/// A [`KindState`] of whatever kind: what is asked about an object whose kind is a value.
pub(crate) trait AnyKind<F> {
    fn is_listed(&self) -> bool;

    /// How many objects are in force.
    fn len(&self) -> usize;

    /// All objects, those that cannot be used included.
    fn keys(&self) -> Box<dyn Iterator<Item = &ObjectKey> + '_>;

    /// Whether an object is in force.
    fn contains(&self, key: &ObjectKey) -> bool;

    /// Whether there is such an object at all.
    fn is_known(&self, key: &ObjectKey) -> bool;

    fn uid(&self, key: &ObjectKey) -> Option<Arc<str>>;
    fn is_suspended(&self, key: &ObjectKey) -> bool;
    fn facts(&self, key: &ObjectKey) -> Option<&F>;
    fn facts_mut(&mut self, key: &ObjectKey) -> Option<&mut F>;

    /// One line for each malformed object.
    fn problems(&self) -> Vec<String>;

    /// The objects that name a thing.
    fn owners(&self, reference: &Reference) -> Vec<ObjectKey>;

    /// Iterates over everything that objects name.
    fn named(&self) -> Box<dyn Iterator<Item = &Reference> + '_>;

    /// Whether any object names a thing.
    fn is_named(&self, reference: &Reference) -> bool;

    /// Whether an object has a violation of its own.
    fn is_faulty(&self, key: &ObjectKey) -> bool;

    /// The violations of an object as Kubernetes Events say them.
    fn announcements(&self, key: &ObjectKey) -> Vec<String>;

    /// What is to be shown of an object.
    fn shown<'a>(&'a self, key: &ObjectKey, backlog: Option<&'a Backlog>) -> Option<ShownStanding<'a>>;

    /// What is to be shown of an object, beside its facts.
    fn shown_and_facts(
        &mut self,
        key: &ObjectKey,
        backlog: Option<&Backlog>,
    ) -> Option<(ShownStanding<'_>, &mut F)>;

    /// What is wrong with what an object names.
    fn unresolved(&self, key: &ObjectKey, known: &dyn ReferenceLookup) -> Option<String>;

    /// Judges an object anew. None if there is no such object.
    fn judge(&mut self, key: &ObjectKey, unresolved: Option<String>, now: Timestamp) -> Option<Before>;

    /// What a Kubernetes Event says when an object became ready.
    fn finished(&self, key: &ObjectKey) -> String;

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
        let alone = self.malformed.iter().filter(|(_, broken)| broken.alone.is_some()).map(|(key, _)| key);
        Box::new(self.objects.keys().chain(alone))
    }

    fn contains(&self, key: &ObjectKey) -> bool {
        self.objects.contains_key(key)
    }

    fn is_known(&self, key: &ObjectKey) -> bool {
        self.objects.contains_key(key) || self.malformed.contains_key(key)
    }

    fn uid(&self, key: &ObjectKey) -> Option<Arc<str>> {
        let sound = self.get(key).map(|object| object.spec.uid());
        sound.or_else(|| Some(&self.alone(key)?.uid)).cloned()
    }

    fn is_suspended(&self, key: &ObjectKey) -> bool {
        self.get(key).is_some_and(|object| object.spec.is_suspended())
    }

    fn facts(&self, key: &ObjectKey) -> Option<&F> {
        let sound = self.get(key).map(|object| &object.facts);
        sound.or_else(|| Some(&self.alone(key)?.facts))
    }

    fn facts_mut(&mut self, key: &ObjectKey) -> Option<&mut F> {
        if self.objects.contains_key(key) {
            return Some(&mut self.get_mut(key)?.facts);
        }
        Some(&mut self.alone_mut(key)?.facts)
    }

    fn problems(&self) -> Vec<String> {
        let own = self.malformed.iter().filter(|(_, broken)| !broken.told);
        own.map(|(key, broken)| format!("{}/{key}: {}", K::KIND.name(), broken.why)).collect()
    }

    fn owners(&self, reference: &Reference) -> Vec<ObjectKey> {
        self.references.owners(reference).cloned().collect()
    }

    fn named(&self) -> Box<dyn Iterator<Item = &Reference> + '_> {
        Box::new(self.references.named())
    }

    fn is_named(&self, reference: &Reference) -> bool {
        self.references.contains(reference)
    }

    fn is_faulty(&self, key: &ObjectKey) -> bool {
        self.get(key).is_some_and(|object| object.violation.is_some())
    }

    fn announcements(&self, key: &ObjectKey) -> Vec<String> {
        self.get(key).map(|object| object.spec.announcements()).unwrap_or_default()
    }

    fn shown<'a>(&'a self, key: &ObjectKey, backlog: Option<&'a Backlog>) -> Option<ShownStanding<'a>> {
        let sound = self.get(key).map(|object| &object.standing);
        let standing = sound.or_else(|| Some(&self.alone(key)?.standing))?;
        Some(standing.shown(counts::<K>(backlog, key), terminal::<K>()))
    }

    fn shown_and_facts(
        &mut self,
        key: &ObjectKey,
        backlog: Option<&Backlog>,
    ) -> Option<(ShownStanding<'_>, &mut F)> {
        let counts = counts::<K>(backlog, key);
        if let Some(object) = self.objects.get_mut(key) {
            return Some((object.standing.shown(counts, terminal::<K>()), &mut object.facts));
        }
        let alone = self.malformed.get_mut(key)?.alone.as_deref_mut()?;
        Some((alone.standing.shown(counts, terminal::<K>()), &mut alone.facts))
    }

    fn unresolved(&self, key: &ObjectKey, known: &dyn ReferenceLookup) -> Option<String> {
        self.get(key)?.spec.unresolved(known)
    }

    fn judge(&mut self, key: &ObjectKey, unresolved: Option<String>, now: Timestamp) -> Option<Before> {
        let Self { objects, malformed, .. } = self;
        let (broken, object) = (malformed.get_mut(key), objects.get_mut(key).map(Box::as_mut));
        let (standing, ready, generation) = match (object, broken) {
            (Some(HeldObject { spec, standing, .. }), None) if spec.is_left_alone() => {
                return Some(standing.conditions().cloned().collect());
            }
            (Some(HeldObject { spec, violation, remark, standing, .. }), None) => {
                let ready = spec.ready(violation.as_deref(), unresolved, &standing.aspect);
                (standing, ready.with_remark(remark.as_deref()), spec.generation())
            }
            (Some(HeldObject { spec, standing, .. }), Some(broken)) => {
                let message = format!("{}; until it is corrected, what it was before counts", broken.why);
                let generation = spec.generation().max(broken.generation);
                (standing, Judgement::not_ready(VALIDATION_FAILED, message), generation)
            }
            (None, Some(broken)) => {
                let ready = Judgement::not_ready(VALIDATION_FAILED, broken.why.clone());
                (&mut broken.alone.as_deref_mut()?.standing, ready, broken.generation)
            }
            (None, None) => return None,
        };
        let before = standing.conditions().cloned().collect();
        standing.judge(ready, generation, now);
        Some(before)
    }

    fn finished(&self, key: &ObjectKey) -> String {
        self.get(key).map(|object| object.spec.finished()).unwrap_or_default()
    }

    fn announced(&mut self, key: &ObjectKey, reason: &str, message: &str) -> bool {
        self.get_mut(key).is_some_and(|object| object.standing.last.announced(reason, message))
    }
}

/// What [`Standing::shown`](crate::standing::Standing::shown) has to know of a kind.
fn terminal<K: Watched>() -> (&'static [&'static str], bool) {
    (K::TERMINAL, K::OBSERVES_TERMINAL)
}
