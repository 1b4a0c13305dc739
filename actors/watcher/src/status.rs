//! The status table: conditions by the rules of kstatus (contract, control plane 3.1) and what was last delivered.
//!
//! `Ready` says that an object is valid and its references resolve, `Delivering` whether messages get through. The
//! table has a row for each object there is, keyed by its uid: an object that is made anew starts anew.

mod condition;
mod folder;

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Alert, ObjectKey, ProviderSpec};
use campanile_protocol::{
    AlertRow, Announce, Backlog, Condition, Counts, DeliveryOutcome, DeliveryReport, ProviderRow,
    ProviderState, Subject, reason,
};
use jiff::Timestamp;

pub(crate) use condition::INVALID_URL;
use condition::{Judgement, Word};

/// What was last delivered.
#[derive(Clone, Debug, Default)]
struct Last {
    delivery: Option<Timestamp>,
    error: Option<String>,
    /// That notifications were given up because the queue was full. Until something is delivered again it is worse news
    /// than that the next try failed.
    overflow: Option<String>,
    /// The last delivery that came to an end, and whether it was a good one.
    fate: Option<(Timestamp, bool)>,
}

impl Last {
    fn note(&mut self, report: &DeliveryReport) {
        match &report.outcome {
            DeliveryOutcome::Delivered => {
                let fate = Some((report.at, true));
                *self = Self { delivery: Some(report.at), fate, ..Self::default() };
            }
            DeliveryOutcome::Delayed(failure) => self.error = Some(failure.message.clone()),
            DeliveryOutcome::Dead(failure) => {
                self.error = Some(failure.message.clone());
                self.fate = Some((report.at, false));
            }
        }
    }

    /// The last setback, if it is newer than the last delivery.
    fn setback(&self) -> Option<&str> {
        self.overflow.as_deref().or(self.error.as_deref())
    }
}

/// What is to be shown of an object.
pub(crate) struct Shown<'a> {
    /// The conditions, `Ready` first.
    pub(crate) conditions: Vec<&'a Arc<Condition>>,
    /// When the last delivery came to an end, and whether it was a good one.
    pub(crate) fate: Option<(Timestamp, bool)>,
    /// The last setback, if it is newer than the last delivery.
    pub(crate) error: Option<&'a str>,
    /// What waits and what was given up; none before it was counted.
    pub(crate) counts: Option<Counts>,
}

/// What an earlier watcher left in the status of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seed {
    pub(crate) since: Option<Timestamp>,
    pub(crate) ready: Option<Arc<Condition>>,
    pub(crate) delivering: Option<Arc<Condition>>,
}

struct AlertStatus {
    uid: Arc<str>,
    since: Timestamp,
    ready: Arc<Condition>,
    last: Last,
}

struct ProviderStatus {
    uid: Arc<str>,
    since: Timestamp,
    ready: Arc<Condition>,
    delivering: Arc<Condition>,
    /// The dispatcher's newest word.
    word: Option<Word>,
    /// An earlier watcher said that messages do not get through, and nothing was heard of any since.
    still_down: bool,
    last: Last,
}

/// The status of every Alert and Provider.
///
/// Rows are boxed: a map that is filled in the order of its keys is half empty, and the rows are large.
#[derive(Default)]
pub(crate) struct StatusTable {
    alerts: BTreeMap<ObjectKey, Box<AlertStatus>>,
    providers: BTreeMap<ObjectKey, Box<ProviderStatus>>,
    backlog: Option<Arc<Backlog>>,
}

impl StatusTable {
    /// Goes on where an earlier watcher ended, if the Alert is not in the table yet. To be judged next.
    pub(crate) fn seed_alert(&mut self, alert: &Alert, seed: Seed, now: Timestamp) {
        if self.alerts.get(&alert.key).is_none_or(|known| known.uid != alert.uid) {
            let ready = seed.ready.unwrap_or_else(|| condition::unjudged(condition::READY, now));
            let (uid, since) = (alert.uid.clone(), seed.since.unwrap_or(now));
            let status = AlertStatus { uid, since, ready, last: Last::default() };
            self.alerts.insert(alert.key.clone(), Box::new(status));
        }
    }

    /// Goes on where an earlier watcher ended, if the Provider is not in the table yet. To be judged next.
    pub(crate) fn seed_provider(&mut self, provider: &ProviderSpec, seed: Seed, now: Timestamp) {
        if self.providers.get(&provider.key).is_some_and(|known| known.uid == provider.uid) {
            return;
        }
        let unjudged = |kind| condition::unjudged(kind, now);
        let still_down = seed.ready.as_deref().is_some_and(condition::is_true)
            && seed.delivering.as_deref().is_some_and(condition::is_false);
        let status = ProviderStatus {
            uid: provider.uid.clone(),
            since: seed.since.unwrap_or(now),
            ready: seed.ready.unwrap_or_else(|| unjudged(condition::READY)),
            delivering: seed.delivering.unwrap_or_else(|| unjudged(condition::DELIVERING)),
            word: None,
            still_down,
            last: Last::default(),
        };
        self.providers.insert(provider.key.clone(), Box::new(status));
    }

    /// What is to be shown of an Alert.
    pub(crate) fn shown_alert(&self, key: &ObjectKey) -> Option<Shown<'_>> {
        let status = self.alerts.get(key)?;
        Some(Shown {
            conditions: vec![&status.ready],
            fate: status.last.fate,
            error: status.last.setback(),
            counts: self.counts(|backlog| backlog.alerts.get(key)),
        })
    }

    /// What is to be shown of a Provider.
    pub(crate) fn shown_provider(&self, key: &ObjectKey) -> Option<Shown<'_>> {
        let status = self.providers.get(key)?;
        Some(Shown {
            conditions: vec![&status.ready, &status.delivering],
            fate: status.last.fate,
            error: status.last.setback(),
            counts: self.counts(|backlog| backlog.providers.get(key)),
        })
    }

    fn counts<'a>(&'a self, find: impl FnOnce(&'a Backlog) -> Option<&'a Counts>) -> Option<Counts> {
        self.backlog.as_deref().map(|backlog| find(backlog).copied().unwrap_or_default())
    }

    /// Judges an Alert anew. `fault` is what is wrong with it whatever else there is.
    pub(crate) fn judge_alert(
        &mut self,
        alert: &Alert,
        fault: Option<&str>,
        provider_exists: bool,
        now: Timestamp,
    ) {
        let judgement = condition::alert(alert, fault, provider_exists);
        let old = self.alerts.remove(&alert.key).filter(|old| old.uid == alert.uid);
        let next = AlertStatus::next(old.map(|old| *old), alert, judgement, now);
        self.alerts.insert(alert.key.clone(), Box::new(next));
    }

    /// Judges a Provider anew. `fault` is what can be seen without resolving it.
    pub(crate) fn judge_provider(&mut self, provider: &ProviderSpec, fault: Option<String>, now: Timestamp) {
        let old = self.providers.remove(&provider.key).filter(|old| old.uid == provider.uid);
        let next = ProviderStatus::next(old.map(|old| *old), provider, fault, now);
        self.providers.insert(provider.key.clone(), Box::new(next));
    }

    /// Forgets all Alerts but those.
    pub(crate) fn retain_alerts(&mut self, exists: impl Fn(&ObjectKey) -> bool) {
        self.alerts.retain(|key, _| exists(key));
    }

    /// Forgets all Providers but those.
    pub(crate) fn retain_providers(&mut self, exists: impl Fn(&ObjectKey) -> bool) {
        self.providers.retain(|key, _| exists(key));
    }

    /// Forgets an Alert that is gone.
    pub(crate) fn forget_alert(&mut self, key: &ObjectKey) {
        self.alerts.remove(key);
    }

    /// Forgets a Provider that is gone.
    pub(crate) fn forget_provider(&mut self, key: &ObjectKey) {
        self.providers.remove(key);
    }

    /// Takes the dispatcher's word on a Provider, which is to be judged anew then.
    pub(crate) fn state(&mut self, state: ProviderState) {
        if let Some(provider) = self.providers.get_mut(&state.provider) {
            provider.word = Some(Word::of(state));
        }
    }

    /// Notes what became of a delivery. News of objects that are gone are dropped. Returns whether its Provider is to be
    /// judged anew.
    pub(crate) fn outcome(&mut self, report: &DeliveryReport) -> bool {
        let mut is_up = false;
        if let Some(provider) = self.providers.get_mut(&report.provider) {
            provider.last.note(report);
            is_up = provider.still_down && report.outcome == DeliveryOutcome::Delivered;
            provider.still_down &= !is_up;
        }
        match self.alerts.get_mut(&report.alert.key) {
            Some(alert) if *alert.uid == *report.alert.uid => alert.last.note(report),
            _ => {}
        }
        is_up
    }

    /// Takes in what the outbox holds. Returns what was known before.
    pub(crate) fn backlog(&mut self, backlog: Arc<Backlog>) -> Option<Arc<Backlog>> {
        self.backlog.replace(backlog)
    }

    /// Notes what is announced as the object's last setback, if it is one. Returns whether it is; then a Provider is to be
    /// judged anew.
    pub(crate) fn announced(&mut self, announce: &Announce) -> bool {
        let last = match &announce.on {
            Subject::Alert(key) => self.alerts.get_mut(key).map(|alert| &mut alert.last),
            Subject::Provider(key) => self.providers.get_mut(key).map(|provider| &mut provider.last),
        };
        let Some(last) = last else { return false };
        let place = match &*announce.reason {
            reason::NOTIFICATION_DISPATCH_FAILED | reason::NOTIFICATIONS_EXPIRED => &mut last.error,
            reason::QUEUE_OVERFLOWED => &mut last.overflow,
            _ => return false,
        };
        *place = Some(announce.message.clone());
        true
    }

    /// The row of an Alert, once it was judged.
    pub(crate) fn alert_row(&self, alert: &Alert) -> Option<AlertRow> {
        let status = self.alerts.get(&alert.key)?;
        let counts = self.counts(|backlog| backlog.alerts.get(&alert.key)).unwrap_or_default();
        Some(AlertRow {
            namespace: alert.key.namespace.to_string(),
            name: alert.key.name.to_string(),
            provider: alert.provider.name.to_string(),
            suspended: alert.suspend,
            conditions: vec![Condition::clone(&status.ready)],
            since: status.since,
            last_delivery: status.last.delivery,
            last_error: status.last.setback().map(str::to_owned),
            pending: counts.pending,
            dead_letters: counts.dead,
        })
    }

    /// The row of a Provider, once it was judged.
    pub(crate) fn provider_row(&self, provider: &ProviderSpec) -> Option<ProviderRow> {
        let status = self.providers.get(&provider.key)?;
        let counts = self.counts(|backlog| backlog.providers.get(&provider.key)).unwrap_or_default();
        Some(ProviderRow {
            namespace: provider.key.namespace.to_string(),
            name: provider.key.name.to_string(),
            type_name: provider.type_name.clone(),
            suspended: provider.suspend,
            conditions: vec![Condition::clone(&status.ready), Condition::clone(&status.delivering)],
            since: status.since,
            last_delivery: status.last.delivery,
            last_error: status.last.setback().map(str::to_owned),
            pending: counts.pending,
            dead_letters: counts.dead,
        })
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
    fn next(old: Option<Self>, provider: &ProviderSpec, fault: Option<String>, now: Timestamp) -> Self {
        let generation = provider.generation;
        let word = old.as_ref().and_then(|old| old.word.clone());
        let current = word.as_ref().filter(|word| word.generation >= generation);
        let ready = condition::provider(provider, fault, current);
        let overflow = old.as_ref().and_then(|old| old.last.overflow.as_deref());
        let delivering = condition::delivering(current, overflow);
        // What an earlier watcher found stays so until it is known better: a restart is no news.
        let still_down = !delivering.is_bad()
            && old
                .as_ref()
                .is_some_and(|old| old.still_down && old.delivering.observed_generation == generation);
        let follow = |judgement: Judgement, old: Option<&Arc<Condition>>, stays: bool| {
            let good = |old: &Condition| judgement.is_open() && condition::is_good(old, generation);
            match old.filter(|old| stays || good(old)) {
                Some(good) => good.clone(),
                None => judgement.condition(old, generation, now),
            }
        };
        Self {
            uid: provider.uid.clone(),
            since: old.as_ref().map_or(now, |old| old.since),
            ready: follow(ready, old.as_ref().map(|old| &old.ready), false),
            delivering: follow(delivering, old.as_ref().map(|old| &old.delivering), still_down),
            word,
            still_down,
            last: old.map(|old| old.last).unwrap_or_default(),
        }
    }
}
