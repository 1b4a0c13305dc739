//! From one state of the objects to the next: what subscribers have to hear.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Alert, ObjectKey, ProviderSpec};
use campanile_protocol::{Change, Changes};

use crate::{Loaded, Located};

/// An object whose spec has a generation.
pub(crate) trait Spec: Clone + PartialEq {
    fn generation(&mut self) -> &mut i64;
}

impl Spec for Alert {
    fn generation(&mut self) -> &mut i64 {
        &mut self.generation
    }
}

impl Spec for ProviderSpec {
    fn generation(&mut self) -> &mut i64 {
        &mut self.generation
    }
}

/// Everything there is.
pub(crate) fn initial(loaded: &Loaded) -> Changes {
    Changes {
        initial: true,
        alerts: loaded.alerts.values().map(|alert| Change::Applied(alert.value.clone())).collect(),
        providers: loaded
            .providers
            .values()
            .map(|provider| Change::Applied(provider.value.clone()))
            .collect(),
        secrets: loaded.secrets.keys().chain(loaded.unreadable_secrets.keys()).cloned().collect(),
        labels: true,
    }
}

/// What differs between `old` and `new`. Equal objects of `new` are replaced by those of `old`, so that everybody
/// shares them. An object that changed without saying a newer generation gets one.
pub(crate) fn between(old: &Loaded, new: &mut Loaded) -> Changes {
    Changes {
        initial: false,
        alerts: specs(&old.alerts, &mut new.alerts),
        providers: specs(&old.providers, &mut new.providers),
        secrets: secrets(old, new),
        labels: false,
    }
}

fn specs<T: Spec>(
    old: &BTreeMap<ObjectKey, Located<T>>,
    new: &mut BTreeMap<ObjectKey, Located<T>>,
) -> Vec<Change<T>> {
    let gone = old.keys().filter(|key| !new.contains_key(*key)).cloned().map(Change::Deleted);
    let mut changes: Vec<Change<T>> = gone.collect();
    for (key, object) in new {
        match old.get(key).map(|old| &old.value) {
            Some(old) if Arc::ptr_eq(old, &object.value) => {}
            Some(old) => match renewed(old.as_ref(), object.value.as_ref()) {
                Some(changed) => {
                    object.value = Arc::new(changed);
                    changes.push(Change::Applied(object.value.clone()));
                }
                None => object.value = old.clone(),
            },
            None => changes.push(Change::Applied(object.value.clone())),
        }
    }
    changes
}

/// `new` with a generation above that of `old`; none if nothing but the generation differs.
fn renewed<T: Spec>(old: &T, new: &T) -> Option<T> {
    let (mut old, mut new) = (old.clone(), new.clone());
    let (before, written) = (*old.generation(), *new.generation());
    *new.generation() = before;
    if old == new {
        return None;
    }
    *new.generation() = written.max(before + 1);
    Some(new)
}

fn secrets(old: &Loaded, new: &mut Loaded) -> Vec<ObjectKey> {
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

/// Whether there is nothing to tell.
pub(crate) fn is_empty(changes: &Changes) -> bool {
    !changes.initial
        && !changes.labels
        && changes.alerts.is_empty()
        && changes.providers.is_empty()
        && changes.secrets.is_empty()
}
