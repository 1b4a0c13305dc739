//! The table kept for a folder of manifests, where every change judges all objects anew.

use campanile_domain::{ObjectKey, ProviderSpec};
use campanile_protocol::{AlertRow, Announce, ProviderRow, Report, Subject};
use jiff::Timestamp;

use super::StatusTable;
use crate::findings::{missing_secret, secret_fields};
use crate::{Loaded, Located};

impl StatusTable {
    /// Judges all objects anew and forgets those that are gone.
    pub(crate) fn update(&mut self, loaded: &Loaded, now: Timestamp) {
        self.retain_alerts(|key| loaded.alerts.contains_key(key));
        for alert in loaded.alerts.values() {
            let provider_exists = loaded.providers.contains_key(&alert.value.provider);
            self.judge_alert(&alert.value, alert.fault.as_deref(), provider_exists, now);
        }
        self.retain_providers(|key| loaded.providers.contains_key(key));
        for provider in loaded.providers.values() {
            self.judge_provider(&provider.value, fault(provider, loaded), now);
        }
    }

    /// Takes news from the dispatcher. News of objects that are gone are dropped.
    pub(crate) fn report(&mut self, report: Report, loaded: &Loaded, now: Timestamp) {
        match report {
            // There is no earlier watcher here whose word is put right by it.
            Report::Delivery(outcome) => {
                self.outcome(&outcome);
            }
            Report::Backlog(backlog) => drop(self.backlog(backlog)),
            Report::Provider(state) => {
                let Some(provider) = loaded.providers.get(&state.provider) else { return };
                self.state(state);
                self.judge_provider(&provider.value, fault(provider, loaded), now);
            }
        }
    }

    /// Takes in what is announced on an object.
    pub(crate) fn announce(&mut self, announce: &Announce, loaded: &Loaded, now: Timestamp) {
        if self.announced(announce)
            && let Subject::Provider(key) = &announce.on
            && let Some(provider) = loaded.providers.get(key)
        {
            self.judge_provider(&provider.value, fault(provider, loaded), now);
        }
    }

    /// The rows of all Alerts.
    pub(crate) fn alert_rows(&self, loaded: &Loaded) -> Vec<AlertRow> {
        loaded.alerts.values().filter_map(|alert| self.alert_row(&alert.value)).collect()
    }

    /// The rows of all Providers.
    pub(crate) fn provider_rows(&self, loaded: &Loaded) -> Vec<ProviderRow> {
        loaded.providers.values().filter_map(|provider| self.provider_row(&provider.value)).collect()
    }
}

fn fault(provider: &Located<ProviderSpec>, loaded: &Loaded) -> Option<String> {
    provider.fault.clone().or_else(|| unusable_secret(&provider.value, loaded))
}

fn unusable_secret(provider: &ProviderSpec, loaded: &Loaded) -> Option<String> {
    let judge = |(field, key): (&'static str, ObjectKey)| {
        if loaded.secrets.contains_key(&key) {
            return None;
        }
        match loaded.unreadable_secrets.get(&key) {
            Some(why) => Some(format!("failed to read secret '{key}': {why}")),
            None => Some(missing_secret(&key, field)),
        }
    };
    secret_fields(provider).find_map(judge)
}
