//! The state of one kind: its objects, how each stands, and what they name.

mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use campanile_domain::ObjectKey;
use campanile_protocol::{Backlog, Change, Counts};
use jiff::Timestamp;

use crate::batch::{Batch, WatchStep};
use crate::refs::Refs;
use crate::standing::{Seed, Standing};
use crate::watched::{Reference, Watched};
use memory::Memory;

/// A source's look at one object. `F` is what the source wants kept of it beside its spec.
#[derive(Debug)]
pub(crate) enum Sighting<K, F> {
    /// An object that can be used.
    Sound(Box<Sound<K, F>>),
    /// It breaks the schema. It stays what it was.
    Malformed(Box<MalformedObject<F>>),
}

/// An object that can be used.
#[derive(Debug)]
pub(crate) struct Sound<K, F> {
    pub(crate) spec: Arc<K>,
    /// What is wrong with it whatever else there is, in words for its status.
    pub(crate) violation: Option<Box<str>>,
    /// What its status says of it although it is ready.
    pub(crate) remark: Option<Box<str>>,
    pub(crate) facts: F,
    /// Where an earlier watcher ended; of no concern for an object that is known already.
    pub(crate) seed: Seed,
}

/// An object that breaks the schema.
#[derive(Debug)]
pub(crate) struct MalformedObject<F> {
    pub(crate) key: ObjectKey,
    pub(crate) uid: Arc<str>,
    pub(crate) generation: i64,
    /// What is wrong with it.
    pub(crate) why: String,
    /// Whether the source names it in the log and among its own problems, with the place where it stands.
    pub(crate) told: bool,
    pub(crate) facts: F,
    pub(crate) seed: Seed,
}

impl<K: Watched, F> Sound<K, F> {
    /// It can be used, and is not.
    fn refused(self, why: String) -> MalformedObject<F> {
        let Self { spec, facts, seed, .. } = self;
        let (key, uid, generation) = (spec.key().clone(), spec.uid().clone(), spec.generation());
        MalformedObject { key, uid, generation, why, told: false, facts, seed }
    }
}

/// An object that is in force.
pub(crate) struct HeldObject<K: Watched, F> {
    pub(crate) spec: Arc<K>,
    pub(crate) violation: Option<Box<str>>,
    pub(crate) remark: Option<Box<str>>,
    pub(crate) facts: F,
    pub(crate) standing: Standing<K::Aspect>,
}

/// An object that breaks the schema, as far as it is known.
pub(crate) struct Broken<A, F> {
    pub(crate) why: String,
    pub(crate) told: bool,
    pub(crate) generation: i64,
    /// How it stands, where it was never good. One that was stays in force and stands among the objects.
    pub(crate) alone: Option<Box<Alone<A, F>>>,
}

/// An object that was never good: it does nothing, and its status says why.
pub(crate) struct Alone<A, F> {
    pub(crate) uid: Arc<str>,
    pub(crate) facts: F,
    pub(crate) standing: Standing<A>,
}

/// The effects of a batch, one entry for each step that had one.
pub(crate) struct Applied<K> {
    /// What others have to hear.
    pub(crate) changes: Vec<Change<K>>,
    /// The objects to be judged anew.
    pub(crate) seen: Vec<ObjectKey>,
    /// Objects that appeared or vanished, which concerns those that name them.
    pub(crate) moved: Vec<ObjectKey>,
    /// The objects that are gone.
    pub(crate) gone: Vec<ObjectKey>,
    /// What objects began or ceased to name.
    pub(crate) references: BTreeSet<Reference>,
}

/// The state of a kind. A list replaces it in one step; an object that breaks the schema stays as it was, is named in
/// the log, and stops nothing.
pub(crate) struct KindState<K: Watched, F> {
    pub(crate) listed: bool,
    /// Boxed: a map that is filled in the order of its keys is half empty.
    pub(crate) objects: BTreeMap<ObjectKey, Box<HeldObject<K, F>>>,
    /// Objects that break the schema.
    pub(crate) malformed: BTreeMap<ObjectKey, Broken<K::Aspect, F>>,
    /// Which objects name a thing.
    pub(crate) references: Refs<Reference>,
    /// What the objects of each namespace take.
    memory: Memory,
}

impl<K: Watched, F> Default for KindState<K, F> {
    fn default() -> Self {
        let (objects, malformed) = (BTreeMap::new(), BTreeMap::new());
        Self { listed: false, objects, malformed, references: Refs::default(), memory: Memory::default() }
    }
}

impl<K> Default for Applied<K> {
    fn default() -> Self {
        let (changes, seen, moved) = (Vec::new(), Vec::new(), Vec::new());
        Self { changes, seen, moved, gone: Vec::new(), references: BTreeSet::new() }
    }
}

impl<K: Watched, F> KindState<K, F> {
    /// Takes a batch in. Nothing is judged.
    pub(crate) fn apply(&mut self, batch: Batch<Sighting<K, F>>, now: Timestamp) -> Applied<K> {
        let mut applied = Applied::default();
        self.listed = true;
        if batch.whole {
            self.drop_unlisted(&batch.steps, &mut applied);
        }
        for step in batch.steps {
            match step {
                WatchStep::Applied(Sighting::Sound(sound)) => self.keep(*sound, now, &mut applied),
                WatchStep::Applied(Sighting::Malformed(malformed)) => {
                    self.note_malformed(*malformed, now, &mut applied);
                }
                WatchStep::Deleted(key) => self.delete(&key, &mut applied),
            }
        }
        applied
    }

    fn drop_unlisted(&mut self, steps: &[WatchStep<Sighting<K, F>>], applied: &mut Applied<K>) {
        let listed: BTreeSet<&ObjectKey> = steps
            .iter()
            .filter_map(|step| match step {
                WatchStep::Applied(Sighting::Sound(sound)) => Some(sound.spec.key()),
                WatchStep::Applied(Sighting::Malformed(malformed)) => Some(&malformed.key),
                WatchStep::Deleted(_) => None,
            })
            .collect();
        let known: BTreeSet<&ObjectKey> = self.objects.keys().chain(self.malformed.keys()).collect();
        let gone: Vec<ObjectKey> = known.difference(&listed).map(|key| (*key).clone()).collect();
        gone.iter().for_each(|key| self.delete(key, applied));
    }

    fn keep(&mut self, sound: Sound<K, F>, now: Timestamp, applied: &mut Applied<K>) {
        let key = sound.spec.key().clone();
        let former = self.objects.get(&key).map_or(0, |known| known.spec.bytes());
        if let Err(full) = self.memory.exchange(&key.namespace, former, sound.spec.bytes()) {
            return self.note_malformed(sound.refused(full.why(K::KIND)), now, applied);
        }
        let Sound { spec, violation, remark, facts, seed } = sound;
        let broken = self.malformed.remove(&key);
        if broken.is_some() {
            tracing::info!(kind = K::KIND.name(), object = %key, "object is well-formed again");
        }
        let Some(known) = self.objects.get_mut(&key) else {
            applied.rename(&mut self.references, &key, None, Some(&spec));
            applied.changes.push(Change::Applied(spec.clone()));
            applied.moved.push(key.clone());
            applied.seen.push(key.clone());
            let alone = broken.and_then(|broken| broken.alone).filter(|alone| alone.uid == *spec.uid());
            let standing = alone.map_or_else(|| Standing::seeded(seed, now), |alone| alone.standing);
            self.objects.insert(key, Box::new(HeldObject { spec, violation, remark, facts, standing }));
            return;
        };
        if known.spec.uid() != spec.uid() {
            known.standing = Standing::seeded(seed, now);
        }
        (known.violation, known.remark, known.facts) = (violation, remark, facts);
        if !Arc::ptr_eq(&known.spec, &spec) && known.spec != spec {
            applied.rename(&mut self.references, &key, Some(&known.spec), Some(&spec));
            applied.changes.push(Change::Applied(spec.clone()));
            known.spec = spec;
        }
        applied.seen.push(key);
    }

    fn note_malformed(&mut self, seen: MalformedObject<F>, now: Timestamp, applied: &mut Applied<K>) {
        let MalformedObject { key, uid, generation, why, told, facts, seed } = seen;
        if self.objects.get(&key).is_some_and(|known| *known.spec.uid() != uid) {
            // It is another object than the good one of this name.
            self.delete(&key, applied);
        }
        let before = self.malformed.remove(&key);
        if !told && before.as_ref().is_none_or(|before| before.why != why) {
            let stays = self.objects.contains_key(&key);
            tracing::error!(kind = K::KIND.name(), object = %key, cause = why, stays, "object is malformed and ignored");
        }
        let alone = if let Some(known) = self.objects.get_mut(&key) {
            known.facts = facts;
            None
        } else {
            let alone = before.and_then(|before| before.alone).filter(|alone| alone.uid == uid);
            let standing = alone.map_or_else(|| Standing::seeded(seed, now), |alone| alone.standing);
            Some(Box::new(Alone { uid, facts, standing }))
        };
        applied.seen.push(key.clone());
        self.malformed.insert(key, Broken { why, told, generation, alone });
    }

    fn delete(&mut self, key: &ObjectKey, applied: &mut Applied<K>) {
        let broken = self.malformed.remove(key);
        if let Some(gone) = self.objects.remove(key) {
            self.memory.give_back(&key.namespace, gone.spec.bytes());
            applied.rename(&mut self.references, key, Some(&gone.spec), None);
            applied.changes.push(Change::Deleted(key.clone()));
            applied.moved.push(key.clone());
            applied.gone.push(key.clone());
        } else if broken.is_some() {
            applied.gone.push(key.clone());
        }
    }

    /// An object of which nothing was ever good.
    pub(crate) fn alone(&self, key: &ObjectKey) -> Option<&Alone<K::Aspect, F>> {
        self.malformed.get(key)?.alone.as_deref()
    }

    /// The same, to change it.
    pub(crate) fn alone_mut(&mut self, key: &ObjectKey) -> Option<&mut Alone<K::Aspect, F>> {
        self.malformed.get_mut(key)?.alone.as_deref_mut()
    }

    pub(crate) fn get(&self, key: &ObjectKey) -> Option<&HeldObject<K, F>> {
        self.objects.get(key).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, key: &ObjectKey) -> Option<&mut HeldObject<K, F>> {
        self.objects.get_mut(key).map(Box::as_mut)
    }

    /// The specs of all objects, in the order of their keys.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &Arc<K>> {
        self.objects.values().map(|object| &object.spec)
    }

    /// The rows of all objects, in the order of their keys.
    pub(crate) fn rows(&self, backlog: Option<&Backlog>) -> Vec<K::Row> {
        let counted = |key: &ObjectKey| counts::<K>(backlog, key).unwrap_or_default();
        let sound = self.objects.iter().map(|(key, object)| {
            let common = object.standing.row(key, object.spec.is_suspended(), counted(key));
            (key, object.spec.row(common, &object.standing.aspect))
        });
        let alone = self.malformed.iter().filter_map(|(key, broken)| {
            let common = broken.alone.as_ref()?.standing.row(key, false, counted(key));
            Some((key, K::row_of_malformed(common)))
        });
        let mut rows: Vec<(&ObjectKey, K::Row)> = sound.chain(alone).collect();
        rows.sort_by_key(|(key, _)| *key);
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

impl<K: Watched> Applied<K> {
    /// Notes that an object names other things than before.
    fn rename(&mut self, refs: &mut Refs<Reference>, owner: &ObjectKey, old: Option<&K>, new: Option<&K>) {
        let names = |spec: Option<&K>| spec.map(K::references).unwrap_or_default();
        let (old, new) = (names(old), names(new));
        if old != new {
            refs.replace(owner, old.iter().cloned(), new.iter().cloned());
            self.references.extend(old.into_iter().chain(new));
        }
    }
}

/// What the outbox holds of an object; none before it was counted.
pub(crate) fn counts<K: Watched>(backlog: Option<&Backlog>, key: &ObjectKey) -> Option<Counts> {
    let all = K::counts(backlog?)?;
    Some(all.get(key).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests;
