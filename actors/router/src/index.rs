//! The alert index: which Alerts name an object.
//!
//! A plain struct that changes synchronously. An event's cost follows the Alerts that name its namespace and kind, by
//! name or by `*`; all others are never looked at. Whatever depends on the Alert alone, its patterns above all, is worked
//! out when the Alert changes. An Alert that did not change is not compiled again, and equal patterns are compiled once.

mod addressee;
mod bucket;
mod compiled;
mod interner;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use campanile_domain::{Alert, EventSource, ObjectKey, ObjectRef, ProviderSpec};
use campanile_protocol::Change;

pub(crate) use addressee::Addressee;
use bucket::AlertBucket;
pub(crate) use bucket::Candidates;
pub(crate) use compiled::Compiled;
use interner::Interner;

/// All Alerts and Providers. Holds what it is given and nothing for objects that are gone.
#[derive(Debug, Default)]
pub struct Index {
    alerts: HashMap<ObjectKey, Arc<Compiled>>,
    providers: HashMap<ObjectKey, Arc<Addressee>>,
    /// Namespace, then kind of the object. Suspended Alerts are not in here.
    buckets: HashMap<Box<str>, HashMap<Box<str>, AlertBucket>>,
    patterns: Interner,
    next_rank: u64,
}

impl Index {
    /// Makes an index that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a change to one Alert. Says whether it made a difference.
    pub fn apply(&mut self, change: &Change<Alert>) -> bool {
        match change {
            Change::Applied(alert) => self.apply_alert(alert),
            Change::Deleted(key) => self.remove_alert(key).is_some(),
        }
    }

    /// Applies a change to one Provider. Says whether it made a difference.
    pub fn apply_provider(&mut self, change: &Change<ProviderSpec>) -> bool {
        match change {
            Change::Applied(provider) => {
                if self.providers.get(&provider.key).is_some_and(|known| known.spec == *provider) {
                    return false;
                }
                self.providers.insert(provider.key.clone(), Arc::new(Addressee::new(provider.clone())));
                true
            }
            Change::Deleted(key) => self.providers.remove(key).is_some(),
        }
    }

    /// Makes these the only Alerts and Providers. What stayed the same is kept as it is.
    pub fn replace(&mut self, alerts: &[Change<Alert>], providers: &[Change<ProviderSpec>]) {
        let mut gone: HashSet<ObjectKey> = self.alerts.keys().cloned().collect();
        for change in alerts {
            if let Change::Applied(alert) = change {
                gone.remove(&alert.key);
            }
            self.apply(change);
        }
        for key in gone {
            self.remove_alert(&key);
        }
        let mut known: HashSet<ObjectKey> = HashSet::new();
        for change in providers {
            if let Change::Applied(provider) = change {
                known.insert(provider.key.clone());
            }
            self.apply_provider(change);
        }
        self.providers.retain(|key, _| known.contains(key));
    }

    /// The number of Alerts, suspended ones included.
    pub fn alert_count(&self) -> usize {
        self.alerts.len()
    }

    /// The number of Providers in the index.
    pub fn provider_count(&self) -> usize {
        self.providers.len()
    }

    /// The number of different patterns that are compiled.
    pub fn pattern_count(&self) -> usize {
        self.patterns.count()
    }

    /// The Provider of that name.
    pub fn provider(&self, key: &ObjectKey) -> Option<&Arc<ProviderSpec>> {
        self.addressee(key).map(|addressee| &addressee.spec)
    }

    /// The Provider of that name with what was worked out for it.
    pub(crate) fn addressee(&self, key: &ObjectKey) -> Option<&Arc<Addressee>> {
        self.providers.get(key)
    }

    /// The Alerts with a source that names `object`, in the order in which the Alerts appeared.
    pub(crate) fn candidates(&self, object: &ObjectRef) -> Candidates<'_> {
        let kinds = self.buckets.get(object.namespace.as_str());
        let bucket = kinds.and_then(|kinds| kinds.get(object.kind.as_str()));
        bucket.map(|bucket| bucket.candidates(&object.name)).unwrap_or_default()
    }

    /// Every Alert, in no order.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &Arc<Compiled>> {
        self.alerts.values()
    }

    fn apply_alert(&mut self, alert: &Arc<Alert>) -> bool {
        if self.alerts.get(&alert.key).is_some_and(|known| known.alert == *alert) {
            return false;
        }
        let rank = self.remove_alert(&alert.key).unwrap_or_else(|| self.new_rank());
        let compiled = Arc::new(Compiled::new(alert.clone(), rank, &mut self.patterns));
        if !alert.suspend {
            for (position, source) in alert.sources.iter().enumerate() {
                self.bucket(source).insert(&source.name, &compiled, position);
            }
        }
        self.alerts.insert(alert.key.clone(), compiled);
        true
    }

    /// Removes an Alert and returns its rank.
    fn remove_alert(&mut self, key: &ObjectKey) -> Option<u64> {
        let known = self.alerts.remove(key)?;
        for source in &known.alert.sources {
            self.forget(source, known.rank);
        }
        Some(known.rank)
    }

    fn new_rank(&mut self) -> u64 {
        self.next_rank += 1;
        self.next_rank
    }

    fn bucket(&mut self, source: &EventSource) -> &mut AlertBucket {
        let kinds = self.buckets.entry(source.namespace.as_str().into()).or_default();
        kinds.entry(source.kind.as_str().into()).or_default()
    }

    fn forget(&mut self, source: &EventSource, rank: u64) {
        let Some(kinds) = self.buckets.get_mut(source.namespace.as_str()) else { return };
        let Some(bucket) = kinds.get_mut(source.kind.as_str()) else { return };
        bucket.remove(&source.name, rank);
        if bucket.is_empty() {
            kinds.remove(source.kind.as_str());
        }
        if kinds.is_empty() {
            self.buckets.remove(source.namespace.as_str());
        }
    }
}
