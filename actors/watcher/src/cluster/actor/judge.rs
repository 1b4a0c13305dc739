//! What follows from a batch: indexes, status, and news for subscribers.

use std::collections::BTreeSet;

use campanile_domain::{Alert, EventSource, ObjectKey, ProviderSpec};
use campanile_protocol::{Change, Changes};

use super::ClusterWatcherActor;
use super::turns::Before;
use crate::cluster::batch::Batch;
use crate::cluster::kind::Kind;
use crate::cluster::listing::Touched;
use crate::cluster::reading::Reading;
use crate::cluster::source_kinds;
use crate::cluster::tasks::{self, Task};
use crate::cluster::version::Served;

impl ClusterWatcherActor {
    pub(super) fn take_alerts(&mut self, served: Served, batch: Batch<Reading<Alert>>) {
        let first = !self.loaded();
        self.alerts.served = Some(served);
        let touched = self.alerts.apply(batch);
        let mut news = Changes::default();
        for Touched { key, before, change } in touched {
            let now = self.alerts.kept.get(&key).map(|kept| kept.spec.clone());
            self.alerts_of.replace(
                &key,
                before.iter().map(|alert| alert.provider.clone()),
                now.iter().map(|alert| alert.provider.clone()),
            );
            let old = before.as_deref().map(label_kinds).unwrap_or_default();
            let new = now.as_deref().map(label_kinds).unwrap_or_default();
            self.label_users.replace(&key, old.into_iter(), new.into_iter());
            if now.is_none() {
                self.writes.forget(&(Kind::Alert, key.clone()));
                self.status.forget_alert(&key);
            }
            self.judge_alert(&key);
            if let Some(Change::Applied(alert)) = &change {
                self.announce_faults(alert);
            }
            news.alerts.extend(change);
        }
        self.follow_labels();
        self.tell(&news, first);
    }

    pub(super) fn take_providers(&mut self, served: Served, batch: Batch<Reading<ProviderSpec>>) {
        let first = !self.loaded();
        self.providers.served = Some(served);
        let touched = self.providers.apply(batch);
        let mut news = Changes::default();
        for Touched { key, before, change } in touched {
            let now = self.providers.kept.get(&key).map(|kept| kept.spec.clone());
            self.secrets.provider_changed(&key, before.as_deref(), now.as_deref());
            if now.is_none() {
                self.writes.forget(&(Kind::Provider, key.clone()));
                self.status.forget_provider(&key);
            }
            self.judge_provider(&key);
            if before.is_none() || matches!(change, Some(Change::Deleted(_))) {
                self.judge_alerts_of(&key);
            }
            news.providers.extend(change);
        }
        self.tell(&news, first);
    }

    /// Secrets are not what they were: everybody who names one is told and judged anew.
    pub(super) fn secrets_changed(&mut self, secrets: Vec<ObjectKey>) {
        let owners: BTreeSet<ObjectKey> = secrets.iter().flat_map(|key| self.secrets.owners(key)).collect();
        owners.iter().for_each(|provider| self.judge_provider(provider));
        self.publish(&Changes { secrets, ..Changes::default() });
        self.write_bell.notify_one();
    }

    fn tell(&mut self, news: &Changes, first: bool) {
        match (first, self.loaded()) {
            (true, true) => {
                self.judge_all();
                self.subscribers.owe_all();
                self.catch_up();
            }
            (false, true) => self.publish(news),
            (_, false) => {}
        }
        self.write_bell.notify_one();
    }

    /// Judgements made while only one kind was listed could not know of the other.
    fn judge_all(&mut self) {
        let providers: Vec<ObjectKey> = self.providers.kept.keys().cloned().collect();
        providers.iter().for_each(|key| self.judge_provider(key));
        let alerts: Vec<ObjectKey> = self.alerts.kept.keys().cloned().collect();
        alerts.iter().for_each(|key| self.judge_alert(key));
    }

    fn judge_alerts_of(&mut self, provider: &ObjectKey) {
        let alerts: Vec<ObjectKey> = self.alerts_of.owners(provider).cloned().collect();
        alerts.iter().for_each(|alert| self.judge_alert(alert));
    }

    fn judge_alert(&mut self, key: &ObjectKey) {
        if !self.loaded() {
            return;
        }
        let Some(kept) = self.alerts.kept.get_mut(key) else { return };
        let now = self.clock.now();
        self.status.seed_alert(&kept.spec, kept.facts.status.seed(kept.facts.created), now);
        let before = Before::of(self.status.shown_alert(key));
        let provider_exists = self.providers.kept.contains_key(&kept.spec.provider);
        self.status.judge_alert(&kept.spec, kept.fault.as_deref(), provider_exists, now);
        kept.facts.status.share(self.status.shown_alert(key).as_ref());
        self.announce_alert(key, &before);
        self.writes.mark((Kind::Alert, key.clone()), now);
    }

    pub(super) fn judge_provider(&mut self, key: &ObjectKey) {
        if !self.loaded() {
            return;
        }
        let Some(kept) = self.providers.kept.get_mut(key) else { return };
        let now = self.clock.now();
        self.status.seed_provider(&kept.spec, kept.facts.status.seed(kept.facts.created), now);
        let before = Before::of(self.status.shown_provider(key));
        let fault = kept.fault.as_deref().map(ToOwned::to_owned).or_else(|| self.secrets.fault(&kept.spec));
        self.status.judge_provider(&kept.spec, fault, now);
        kept.facts.status.share(self.status.shown_provider(key).as_ref());
        self.announce_provider(key, &before);
        self.writes.mark((Kind::Provider, key.clone()), now);
    }

    /// Starts watches of kinds that an Alert needs now, and ends those that none needs any more.
    pub(super) fn follow_labels(&mut self) {
        let Some(scope) = &self.scope else { return };
        for kind in self.label_users.keys().filter_map(|kind| source_kinds::named(kind)) {
            self.label_tasks
                .entry(kind.kind)
                .or_insert_with(|| Task::spawn(tasks::watch_labels(scope.clone(), kind)));
        }
        let unused = |kind: &&&'static str| !self.label_users.contains(*kind);
        let unused: Vec<&'static str> = self.label_tasks.keys().filter(unused).copied().collect();
        for kind in unused {
            self.label_tasks.remove(kind);
            self.troubles.remove(&tasks::label_aim(kind));
            if let Some(kind) = source_kinds::named(kind) {
                self.labels.forget(kind);
            }
        }
    }
}

/// The kinds whose labels an Alert asks for.
fn label_kinds(alert: &Alert) -> Vec<&'static str> {
    let asks = |source: &&EventSource| source.match_labels.is_some();
    let kinds = alert.sources.iter().filter(asks).filter_map(|source| source_kinds::named(&source.kind));
    kinds.map(|kind| kind.kind).collect()
}
