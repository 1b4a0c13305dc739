//! Batches from watches: objects, Secrets and labels are taken in, and what follows from them is judged and told.

use std::collections::BTreeSet;

use actix::{Addr, Context, Handler};
use campanile_domain::ObjectKey;
use campanile_protocol::Changes;

use super::ClusterWatcher;
use crate::cluster::messages::{LabelsSeen, ObjectsSeen, SecretsDiffer, SecretsSeen, SecretsWatched};
use crate::cluster::outlet::{tell, weak};
use crate::cluster::reading::Facts;
use crate::cluster::source_kinds;
use crate::cluster::task::Task;
use crate::cluster::tasks::{label_aim, watch_labels};
use crate::kind::Id;
use crate::kinds::KeptIn;
use crate::watched::Reference;

impl<K: KeptIn<Facts>> Handler<ObjectsSeen<K>> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, ObjectsSeen { served, batch }: ObjectsSeen<K>, _: &mut Context<Self>) {
        self.source.served.insert(K::KIND, served);
        let mut news = self.news();
        self.apply(batch, &mut news);
        self.source.changed.gone.extend(news.gone.iter().cloned());
        let faulty = std::mem::take(&mut news.faulty);
        self.settle(news);
        self.record_faults(&faulty);
    }
}

impl Handler<SecretsSeen> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, SecretsSeen(batch): SecretsSeen, _: &mut Context<Self>) {
        self.source.secrets.set_watched(true);
        let changed = self.source.secrets.noticed(batch);
        self.secrets_changed(changed);
    }
}

impl Handler<SecretsWatched> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, SecretsWatched(watched): SecretsWatched, _: &mut Context<Self>) {
        self.source.secrets.set_watched(watched);
    }
}

impl Handler<SecretsDiffer> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, SecretsDiffer(changed): SecretsDiffer, _: &mut Context<Self>) {
        self.secrets_changed(changed);
    }
}

impl Handler<LabelsSeen> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, LabelsSeen { kind, batch }: LabelsSeen, _: &mut Context<Self>) {
        // A last batch may come after the last Alert that needs the kind went away.
        let is_needed = self.kinds.names(&Reference::Labels(kind.kind.into()));
        if is_needed && self.source.labels.apply(kind, batch) {
            self.publish(&Changes { labels: true, ..Changes::default() });
        }
    }
}

impl ClusterWatcher {
    /// Reads Secrets again that are not watched.
    pub(super) fn refresh_secrets(&mut self, watcher: &Addr<Self>) {
        if self.source.watches.scope.is_none() {
            return;
        }
        let (secrets, to) = (self.source.secrets.clone(), weak(watcher));
        self.source.watches.refreshing = Some(Task::spawn(async move {
            let changed = secrets.refresh().await;
            tell(&to, SecretsDiffer(changed)).await;
        }));
    }

    /// Secrets are not what they were: everybody who names one is told and judged anew.
    fn secrets_changed(&mut self, secrets: Vec<ObjectKey>) {
        let owners = |key: &ObjectKey| self.kinds.owners(&Reference::Secret(key.clone()));
        let owners: BTreeSet<Id> = secrets.iter().flat_map(owners).collect();
        owners.iter().for_each(|id| self.judge(id));
        self.publish(&Changes { secrets, ..Changes::default() });
        self.tell_status_writer(true);
    }

    /// Keeps the Secrets and watches the labels that objects name, and no others.
    pub(super) fn references_changed(&mut self, references: &[Reference]) {
        let mut labels = false;
        for reference in references {
            match reference {
                Reference::Secret(key) => self.source.secrets.set_named(key, self.kinds.names(reference)),
                Reference::Labels(_) => labels = true,
                Reference::Object(_) => {}
            }
        }
        if labels {
            self.follow_labels();
        }
    }

    /// Starts watches of kinds whose labels an object needs now, and ends those that none needs any more.
    pub(super) fn follow_labels(&mut self) {
        let Self { kinds, source, .. } = self;
        let Some(scope) = &source.watches.scope else { return };
        for kind in source_kinds::ALL {
            let is_needed = kinds.names(&Reference::Labels(kind.kind.into()));
            let is_followed = source.watches.labels.contains_key(kind.kind);
            if is_needed && !is_followed {
                let task = Task::spawn(watch_labels(scope.clone(), kind));
                source.watches.labels.insert(kind.kind, task);
            } else if is_followed && !is_needed {
                source.watches.labels.remove(kind.kind);
                source.troubles.remove(&label_aim(kind.kind));
                source.labels.forget(kind);
            }
        }
    }
}
