//! From one state of a folder to the next: batches of objects, and which Secrets changed.

use std::sync::Arc;

use campanile_domain::ObjectKey;

use crate::Loaded;
use crate::batch::{Batch, WatchStep};
use crate::kind_state::{KindState, MalformedObject, Sighting, Sound};
use crate::manifest;
use crate::standing::Seed;
use crate::watched::Watched;

/// All objects of a kind. Those that did not change are shared with what is known; of those that break the schema what is
/// known stays.
pub(super) fn whole<K: Watched>(loaded: &mut Loaded, known: &KindState<K, ()>) -> Batch<Sighting<K, ()>> {
    let mut objects = std::mem::take(K::loaded(loaded));
    let mut malformed = Vec::new();
    for seen in loaded.malformed.values().filter(|seen| seen.id.0 == K::KIND) {
        objects.remove(&seen.id.1);
        malformed.push(WatchStep::Applied(Sighting::Malformed(Box::new(unusable(seen)))));
    }
    let steps = objects.into_iter().map(|(key, object)| {
        let spec = match known.get(&key) {
            Some(known) => renewed(&known.spec, object.value),
            None => object.value,
        };
        let (violation, remark) = (object.violation.map(Into::into), object.remark.map(Into::into));
        let sound = Sound { spec, violation, remark, facts: (), seed: Seed::default() };
        WatchStep::Applied(Sighting::Sound(Box::new(sound)))
    });
    Batch { whole: true, steps: steps.chain(malformed).collect() }
}

/// An object that breaks the schema. The folder's problems name it, with its lines.
fn unusable(seen: &manifest::MalformedEntry) -> MalformedObject<()> {
    let (key, uid, why) = (seen.id.1.clone(), seen.uid.clone(), seen.why.clone());
    MalformedObject { key, uid, generation: 1, why, told: true, facts: (), seed: Seed::default() }
}

/// `new`, with a generation above that of `old`; `old` if nothing but the generation differs. The API server would count
/// generations; here nobody does.
fn renewed<K: Watched>(old: &Arc<K>, new: Arc<K>) -> Arc<K> {
    if Arc::ptr_eq(old, &new) {
        return new;
    }
    let mut changed = K::clone(&new);
    changed.set_generation(old.generation());
    if changed == **old {
        return old.clone();
    }
    changed.set_generation(new.generation().max(old.generation() + 1));
    Arc::new(changed)
}

/// The Providers whose annotation asks anew for their queue to be tried at once, those that are new among them.
pub(super) fn requested(old: Option<&Loaded>, new: &Loaded) -> Vec<ObjectKey> {
    let Some(old) = old else { return Vec::new() };
    let changed = new.requested.iter().filter(|(key, at)| old.requested.get(*key) != Some(*at));
    changed.map(|(key, _)| key.clone()).collect()
}

/// The Secrets that appeared, changed or vanished. Equal ones of `new` are replaced by those of `old`, so that everybody
/// shares them.
pub(super) fn changed_secrets(old: Option<&Loaded>, new: &mut Loaded) -> Vec<ObjectKey> {
    let Some(old) = old else { return Vec::new() };
    let mut changed = Vec::new();
    for (key, secret) in &mut new.secrets {
        match old.secrets.get(key) {
            Some(old) if old.value == secret.value => secret.value = old.value.clone(),
            _ => changed.push(key.clone()),
        }
    }
    changed.extend(old.secrets.keys().filter(|key| !new.secrets.contains_key(*key)).cloned());
    let reason = |key: &ObjectKey| (old.unreadable_secrets.get(key), new.unreadable_secrets.get(key));
    let all = old.unreadable_secrets.keys().chain(new.unreadable_secrets.keys());
    changed.extend(all.filter(|key| matches!(reason(key), (before, now) if before != now)).cloned());
    changed.sort();
    changed.dedup();
    changed
}
