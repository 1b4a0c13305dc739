//! Batches from watches: objects, Secrets and labels are taken in, and what follows from them is judged and told.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix::{Addr, Context, Handler};
use campanile_domain::ObjectKey;
use campanile_protocol::Changes;

use super::ClusterWatcher;
use crate::batch::{Batch, WatchStep};
use crate::cluster::label_cache::GroupKind;
use crate::cluster::messages::{
    LabelsDenied, LabelsSeen, LabelsServed, ObjectsSeen, SecretsDiffer, SecretsSeen, SecretsWatched,
};
use crate::cluster::outlet::{tell, weak};
use crate::cluster::reading::Facts;
use crate::cluster::secrets::SecretVersion;
use crate::cluster::source_kinds;
use crate::cluster::task::LocalTask;
use crate::cluster::tasks::{label_aim, watch_labels};
use crate::kind::{Id, Kind};
use crate::kind_state::{Sighting, Sound};
use crate::kinds::KeptIn;
use crate::watched::Reference;

impl<K: KeptIn<Facts>> Handler<ObjectsSeen<K>> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, ObjectsSeen { served, batch }: ObjectsSeen<K>, _: &mut Context<Self>) {
        self.source.served.insert(K::KIND, served);
        let mut news = self.news();
        let requested = self.requested(&batch);
        match K::KIND {
            Kind::Provider => news.changes.requested = requested,
            Kind::Receiver => requested.into_iter().for_each(|receiver| news.look_at(receiver)),
            Kind::Alert => {}
        }
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
        let quiet: BTreeSet<ObjectKey> = batch.steps.iter().filter_map(unselected).collect();
        let changed = self.source.secrets.noticed(batch);
        let heard: Vec<ObjectKey> = changed.iter().filter(|key| !quiet.contains(*key)).cloned().collect();
        self.secrets_changed(changed);
        self.look_for_secrets(&heard);
    }
}

/// The key of a Secret of whose change Receivers do not hear at once.
fn unselected(step: &WatchStep<SecretVersion>) -> Option<ObjectKey> {
    match step {
        WatchStep::Applied(notice) if !notice.is_selected => Some(notice.key.clone()),
        WatchStep::Applied(_) | WatchStep::Deleted(_) => None,
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
        self.secrets_changed(changed.clone());
        self.look_for_secrets(&changed);
    }
}

impl Handler<LabelsServed> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, LabelsServed { kind, groups }: LabelsServed, _: &mut Context<Self>) {
        let gone = |of: &GroupKind| of.kind == kind && !groups.contains(&of.group);
        self.allow_labels(gone);
        if self.needs_labels(&kind) && self.source.labels.served_by(&kind, &groups) {
            self.publish(&Changes { labels: true, ..Changes::default() });
        }
    }
}

impl Handler<LabelsSeen> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, LabelsSeen { of, batch }: LabelsSeen, _: &mut Context<Self>) {
        if batch.whole {
            self.allow_labels(|denied| *denied == of);
        }
        if self.needs_labels(&of.kind) && self.source.labels.apply(&of, batch) {
            self.publish(&Changes { labels: true, ..Changes::default() });
        }
    }
}

impl Handler<LabelsDenied> for ClusterWatcher {
    type Result = ();

    /// The Alerts that ask for the labels of a kind are not ready any more, and say which right is missing. Those of Flux's own
    /// kinds are waited for all the same: the roles in `deploy` grant them, so it is a matter of time.
    fn handle(&mut self, LabelsDenied { of, resource }: LabelsDenied, _: &mut Context<Self>) {
        if !self.needs_labels(&of.kind) {
            return;
        }
        if source_kinds::group_of(&of.kind).is_none() && self.source.labels.deny(&of) {
            self.publish(&Changes { labels: true, ..Changes::default() });
        }
        let text = format!(
            "spec.eventSources asks for labels of {}, and the right to read them is missing: grant list and watch on \
             {resource} to the service account of this controller",
            of.kind
        );
        if self.source.denied.insert(of.clone(), text.clone()) != Some(text) {
            self.judge_labelled(&of.kind);
        }
    }
}

impl ClusterWatcher {
    /// The objects of a batch on which the annotation `reconcile.fluxcd.io/requestedAt` changed.
    fn requested<K: KeptIn<Facts>>(&self, batch: &Batch<Sighting<K, Facts>>) -> Vec<ObjectKey> {
        let state = K::state(&self.kinds);
        let is_requested = |sound: &Sound<K, Facts>| {
            let before = state.get(sound.spec.key()).map(|object| &object.facts.requested_at);
            before.is_some_and(|before| {
                sound.facts.requested_at.is_some() && *before != sound.facts.requested_at
            })
        };
        let key = |step: &WatchStep<Sighting<K, Facts>>| match step {
            WatchStep::Applied(Sighting::Sound(sound)) if is_requested(sound) => {
                Some(sound.spec.key().clone())
            }
            WatchStep::Applied(_) | WatchStep::Deleted(_) => None,
        };
        batch.steps.iter().filter_map(key).collect()
    }

    /// Reads Secrets again that are not watched.
    pub(super) fn refresh_secrets(&mut self, watcher: &Addr<Self>) {
        if self.source.watches.scope.is_none() {
            return;
        }
        let (secrets, to) = (self.source.secrets.clone(), weak(watcher));
        self.source.watches.refreshing = Some(LocalTask::spawn(async move {
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

    /// Whether an object asks for the labels of a kind. A last batch may come after the last that does went away.
    fn needs_labels(&self, kind: &Arc<str>) -> bool {
        self.kinds.names(&Reference::Labels(kind.clone()))
    }

    /// Forgets that labels were denied, where they are not any more.
    fn allow_labels(&mut self, is_allowed: impl Fn(&GroupKind) -> bool) {
        let denied = &mut self.source.denied;
        let allowed: Vec<GroupKind> = denied.keys().filter(|of| is_allowed(of)).cloned().collect();
        allowed.iter().for_each(|of| drop(denied.remove(of)));
        allowed.iter().for_each(|of| self.judge_labelled(&of.kind));
    }

    fn judge_labelled(&mut self, kind: &Arc<str>) {
        let owners = self.kinds.owners(&Reference::Labels(kind.clone()));
        owners.iter().for_each(|id| self.judge(id));
        self.tell_status_writer(true);
    }

    /// Starts watches of kinds whose labels an object needs now, and ends those that none needs any more.
    pub(super) fn follow_labels(&mut self) {
        let Self { kinds, source, .. } = self;
        let Some(scope) = &source.watches.scope else { return };
        let needed = kinds.labelled_kinds();
        for kind in &needed {
            if !source.watches.labels.contains_key(kind) {
                let task = LocalTask::spawn(watch_labels(scope.clone(), kind.clone()));
                source.watches.labels.insert(kind.clone(), task);
            }
        }
        let followed = source.watches.labels.keys();
        let idle: Vec<Arc<str>> = followed.filter(|kind| !needed.contains(*kind)).cloned().collect();
        for kind in idle {
            source.watches.labels.remove(&kind);
            source.troubles.remove(&label_aim(&kind));
            source.denied.retain(|of, _| of.kind != kind);
            source.labels.forget(&kind);
        }
    }
}
