//! The table of Providers: settings, actor, and what is kept between two actors.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{Failure, ObjectKey, ProviderSpec};
use campanile_protocol::Change;
use campanile_providers::BuiltProvider;
use campanile_supervision::RestartLog;
use jiff::Timestamp;

use super::child::Child;
use crate::DeliverySnapshot;
use crate::kept::{DestinationId, ProviderHandover};

/// Of so many Providers each may ask for its Secrets by itself.
const FEW: usize = 64;

/// Whether a Provider can be used.
#[derive(Clone)]
pub(super) enum Resolution {
    /// Its Secrets are being read.
    Pending,
    /// The Provider can be delivered to.
    Ready(Arc<BuiltProvider>),
    /// It cannot, and why: its queue waits until it changes.
    Broken(Failure),
}

/// The slot of one Provider.
pub(super) struct ProviderSlot {
    pub(super) spec: Arc<ProviderSpec>,
    pub(super) resolution: Resolution,
    /// Its actor, from its build to its last message.
    pub(super) child: Option<Child>,
    pub(super) log: RestartLog,
    /// Where it leads, as last resolved.
    pub(super) destination: DestinationId,
    /// What the last actor left, for the next one; nothing while there is an actor.
    pub(super) kept: ProviderHandover,
    /// Whether its actor is to be woken in a later turn.
    pub(super) waking: bool,
}

impl ProviderSlot {
    /// Tells the actor to end; exchanges under way settle themselves.
    pub(super) fn stop(&mut self, now: Timestamp) {
        if let Some(child) = &mut self.child {
            child.stop(now);
        }
    }
}

/// The slots of all Providers by key.
#[derive(Default)]
pub(super) struct Slots(HashMap<ObjectKey, ProviderSlot>);

impl Slots {
    pub(super) fn get_mut(&mut self, key: &ObjectKey) -> Option<&mut ProviderSlot> {
        self.0.get_mut(key)
    }

    pub(super) fn remove(&mut self, key: &ObjectKey) -> Option<ProviderSlot> {
        self.0.remove(key)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut ProviderSlot> {
        self.0.values_mut()
    }

    /// Notes what a Provider looks like now; a running actor goes on with the old settings until the new are resolved.
    pub(super) fn apply(&mut self, spec: Arc<ProviderSpec>) -> ObjectKey {
        let key = spec.key.clone();
        match self.0.get_mut(&key) {
            Some(slot) => slot.spec = spec,
            None => {
                let slot = ProviderSlot {
                    spec,
                    resolution: Resolution::Pending,
                    child: None,
                    log: RestartLog::default(),
                    destination: DestinationId::default(),
                    kept: ProviderHandover::default(),
                    waking: false,
                };
                self.0.insert(key.clone(), slot);
            }
        }
        key
    }

    /// The actors that take deliveries.
    pub(super) fn running(&self) -> impl Iterator<Item = &Child> {
        self.0.values().filter_map(|slot| slot.child.as_ref()).filter(|child| child.is_running())
    }

    /// The Providers whose actor has taken no message for longer than `limit`.
    pub(super) fn stuck(&self, limit: Duration, now: Timestamp) -> Vec<ObjectKey> {
        let is_stuck =
            |slot: &&ProviderSlot| slot.child.as_ref().is_some_and(|child| child.is_stuck(limit, now));
        self.0.values().filter(is_stuck).map(|slot| slot.spec.key.clone()).collect()
    }

    /// Keys that are known here but not in `changes`.
    pub(super) fn missing_from(&self, changes: &[Change<ProviderSpec>]) -> Vec<ObjectKey> {
        let there: HashSet<&ObjectKey> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Applied(spec) => Some(&spec.key),
                Change::Deleted(_) => None,
            })
            .collect();
        self.0.keys().filter(|key| !there.contains(key)).cloned().collect()
    }

    /// These Providers in groups, each with the Secrets that it asks for in one question, and for which no other waits. Few
    /// Providers share a group if they name the same Secrets; of many, those of a namespace do.
    pub(super) fn groups(&self, keys: Vec<ObjectKey>) -> Vec<(Vec<ObjectKey>, Vec<ObjectKey>)> {
        if keys.len() <= FEW {
            let mut groups = BTreeMap::<Vec<ObjectKey>, Vec<ObjectKey>>::new();
            for key in keys {
                groups.entry(self.secrets_of(std::slice::from_ref(&key))).or_default().push(key);
            }
            return groups.into_iter().collect();
        }
        let mut groups = BTreeMap::<_, Vec<ObjectKey>>::new();
        for key in keys {
            groups.entry(key.namespace.clone()).or_default().push(key);
        }
        groups.into_values().map(|keys| (self.secrets_of(&keys), keys)).collect()
    }

    /// The Secrets that these Providers name, each once.
    fn secrets_of(&self, keys: &[ObjectKey]) -> Vec<ObjectKey> {
        let mut wanted: Vec<ObjectKey> =
            keys.iter().filter_map(|key| self.0.get(key)).flat_map(|slot| slot.spec.secret_keys()).collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }

    /// The Providers that name one of these Secrets.
    pub(super) fn naming(&self, secrets: &[ObjectKey]) -> Vec<ObjectKey> {
        if secrets.is_empty() {
            return Vec::new();
        }
        let secrets: HashSet<&ObjectKey> = secrets.iter().collect();
        let names_one = |slot: &&ProviderSlot| slot.spec.secret_keys().any(|key| secrets.contains(&key));
        self.0.values().filter(names_one).map(|slot| slot.spec.key.clone()).collect()
    }

    /// The Providers that cannot be used, and why.
    pub(super) fn broken(&self) -> HashMap<ObjectKey, Failure> {
        let broken = self.0.iter().filter_map(|(key, slot)| match &slot.resolution {
            Resolution::Broken(failure) => Some((key.clone(), failure.clone())),
            Resolution::Pending | Resolution::Ready(_) => None,
        });
        broken.collect()
    }

    /// Adds this table's counts to `snapshot`.
    pub(super) fn count(&self, snapshot: DeliverySnapshot) -> DeliverySnapshot {
        let broken = |slot: &&ProviderSlot| matches!(slot.resolution, Resolution::Broken(_));
        DeliverySnapshot {
            providers: self.0.len(),
            not_ready: self.0.values().filter(broken).count(),
            actors: self.running().count(),
            ..snapshot
        }
    }
}
