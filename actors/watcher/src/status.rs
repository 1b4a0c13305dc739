//! The status table: conditions by the rules of kstatus (contract, control plane 3.1) and what was last delivered.
//!
//! `Ready` says that an object is valid and its references resolve, `Delivering` whether messages get through. The
//! table has a row for each object there is, keyed by its uid: an object that is made anew starts anew.

mod condition;

use std::collections::BTreeMap;

use campanile_domain::{Alert, ObjectKey, ProviderSpec};
use campanile_protocol::{
    AlertRow, Condition, DeliveryOutcome, DeliveryResult, ProviderRow, ProviderState, Report,
};
use jiff::Timestamp;

use crate::{Loaded, Located};
use condition::Judgement;

/// What was last delivered.
#[derive(Clone, Debug, Default)]
struct Last {
    delivery: Option<Timestamp>,
    error: Option<String>,
}

impl Last {
    fn note(&mut self, outcome: &DeliveryOutcome) {
        match &outcome.result {
            DeliveryResult::Delivered => *self = Self { delivery: Some(outcome.at), error: None },
            DeliveryResult::Delayed(failure) | DeliveryResult::Dead(failure) => {
                self.error = Some(failure.message.clone());
            }
        }
    }
}

struct AlertStatus {
    uid: String,
    since: Timestamp,
    ready: Condition,
    last: Last,
}

struct ProviderStatus {
    uid: String,
    since: Timestamp,
    ready: Condition,
    delivering: Condition,
    /// The dispatcher's newest word.
    state: Option<ProviderState>,
    last: Last,
}

/// The status of every Alert and Provider.
#[derive(Default)]
pub(crate) struct StatusTable {
    alerts: BTreeMap<ObjectKey, AlertStatus>,
    providers: BTreeMap<ObjectKey, ProviderStatus>,
}

impl StatusTable {
    /// Judges all objects anew and forgets those that are gone.
    pub(crate) fn update(&mut self, loaded: &Loaded, now: Timestamp) {
        self.alerts.retain(|key, status| loaded.alerts.get(key).is_some_and(|is| is.value.uid == status.uid));
        for (key, alert) in &loaded.alerts {
            let judgement = condition::alert(alert, loaded);
            let old = self.alerts.remove(key);
            self.alerts.insert(key.clone(), AlertStatus::next(old, &alert.value, judgement, now));
        }
        self.providers
            .retain(|key, status| loaded.providers.get(key).is_some_and(|is| is.value.uid == status.uid));
        for (key, provider) in &loaded.providers {
            let old = self.providers.remove(key);
            self.providers.insert(key.clone(), ProviderStatus::next(old, provider, loaded, now));
        }
    }

    /// Takes news from the dispatcher. News of objects that are gone are dropped.
    pub(crate) fn report(&mut self, report: Report, loaded: &Loaded, now: Timestamp) {
        match report {
            Report::Delivery(outcome) => self.outcome(&outcome),
            Report::Provider(state) => {
                let Some(provider) = loaded.providers.get(&state.provider) else { return };
                let Some(mut old) = self.providers.remove(&state.provider) else { return };
                let key = state.provider.clone();
                old.state = Some(state);
                self.providers.insert(key, ProviderStatus::next(Some(old), provider, loaded, now));
            }
        }
    }

    fn outcome(&mut self, outcome: &DeliveryOutcome) {
        if let Some(provider) = self.providers.get_mut(&outcome.provider) {
            provider.last.note(outcome);
        }
        match self.alerts.get_mut(&outcome.alert.key) {
            Some(alert) if alert.uid == outcome.alert.uid => alert.last.note(outcome),
            _ => {}
        }
    }

    /// The rows of all Alerts.
    pub(crate) fn alert_rows(&self, loaded: &Loaded) -> Vec<AlertRow> {
        let row = |(key, status): (&ObjectKey, &AlertStatus)| {
            let alert = &loaded.alerts.get(key)?.value;
            Some(AlertRow {
                namespace: key.namespace.to_string(),
                name: key.name.to_string(),
                provider: alert.provider.name.to_string(),
                suspended: alert.suspend,
                conditions: vec![status.ready.clone()],
                since: status.since,
                last_delivery: status.last.delivery,
                last_error: status.last.error.clone(),
            })
        };
        self.alerts.iter().filter_map(row).collect()
    }

    /// The rows of all Providers.
    pub(crate) fn provider_rows(&self, loaded: &Loaded) -> Vec<ProviderRow> {
        let row = |(key, status): (&ObjectKey, &ProviderStatus)| {
            let provider = &loaded.providers.get(key)?.value;
            Some(ProviderRow {
                namespace: key.namespace.to_string(),
                name: key.name.to_string(),
                type_name: provider.type_name.clone(),
                suspended: provider.suspend,
                conditions: vec![status.ready.clone(), status.delivering.clone()],
                since: status.since,
                last_delivery: status.last.delivery,
                last_error: status.last.error.clone(),
            })
        };
        self.providers.iter().filter_map(row).collect()
    }
}

impl AlertStatus {
    fn next(old: Option<Self>, alert: &Alert, ready: Judgement, now: Timestamp) -> Self {
        let condition = ready.condition(old.as_ref().map(|old| &old.ready), alert.generation, now);
        Self {
            uid: alert.uid.clone(),
            since: old.as_ref().map_or(now, |old| old.since),
            ready: condition,
            last: old.map(|old| old.last).unwrap_or_default(),
        }
    }
}

impl ProviderStatus {
    fn next(old: Option<Self>, provider: &Located<ProviderSpec>, loaded: &Loaded, now: Timestamp) -> Self {
        let generation = provider.value.generation;
        let state = old.as_ref().and_then(|old| old.state.clone());
        let current = state.as_ref().filter(|state| state.generation >= generation);
        let ready = condition::provider(provider, current, loaded);
        let delivering = condition::delivering(current);
        Self {
            uid: provider.value.uid.clone(),
            since: old.as_ref().map_or(now, |old| old.since),
            ready: ready.condition(old.as_ref().map(|old| &old.ready), generation, now),
            delivering: delivering.condition(old.as_ref().map(|old| &old.delivering), generation, now),
            state,
            last: old.map(|old| old.last).unwrap_or_default(),
        }
    }
}
