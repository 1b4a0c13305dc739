//! Answers to the status writer: the objects to look at, and the write plan of each.

use actix::{Context, Handler, MessageResult};
use campanile_protocol::Backlog;

use super::ClusterWatcher;
use crate::any_kind::Before;
use crate::cluster::messages::{Patched, PlanWrites, ReviewAll, StatusChanged};
use crate::cluster::reading::Facts;
use crate::cluster::write_plan::{Part, PlannedObject, WritePlan, is_first, plan};
use crate::kind::Id;
use crate::kinds::{ForEachKind, KeptIn, for_each_kind};

impl Handler<ReviewAll> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, _: ReviewAll, _: &mut Context<Self>) {
        self.source.changed.stale.extend(self.kinds.ids());
        self.tell_status_writer(true);
    }
}

impl Handler<PlanWrites> for ClusterWatcher {
    type Result = MessageResult<PlanWrites>;

    fn handle(&mut self, PlanWrites(ids): PlanWrites, _: &mut Context<Self>) -> Self::Result {
        if !self.is_loaded() || self.guard.is_retired() {
            return MessageResult(Vec::new());
        }
        let plans = ids.into_iter().map(|id| {
            let plan = self.plan(&id);
            (id, plan)
        });
        MessageResult(plans.collect())
    }
}

impl Handler<Patched> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, Patched { id, part, base, facts }: Patched, _: &mut Context<Self>) {
        let uid = facts.uid.clone();
        // The watch may have been faster, and have brought something newer than this answer.
        let is_newer = |known: &&mut Facts| known.uid == facts.uid && *known.resource_version == *base;
        if let Some(known) = self.kinds.get_mut(id.0).facts_mut(&id.1).filter(is_newer) {
            *known = Facts { uid: known.uid.clone(), ..facts };
        }
        self.share_status(&id);
        if part == Part::Metadata {
            self.record_migration(id, &uid);
        }
    }
}

impl ClusterWatcher {
    fn plan(&self, id: &Id) -> WritePlan {
        let (kind, key) = id;
        let state = self.kinds.get(*kind);
        let served = self.source.served.get(kind).copied();
        let (Some(facts), Some(served)) = (state.facts(key), served) else { return WritePlan::Gone };
        let shown = state.shown(key, self.backlog.as_deref());
        plan(id, &PlannedObject { served, suspended: state.is_suspended(key), facts, shown })
    }

    /// Whether an object is ready and has no status yet.
    fn waits_for_first(&self, (kind, key): &Id) -> bool {
        let state = self.kinds.get(*kind);
        let shown = state.shown(key, self.backlog.as_deref());
        state.facts(key).zip(shown).is_some_and(|(facts, shown)| is_first(facts, &shown))
    }

    /// Keeps once what is written as it is shown.
    fn share_status(&mut self, (kind, key): &Id) {
        let backlog = self.backlog.as_deref();
        if let Some((shown, facts)) = self.kinds.get_mut(*kind).shown_and_facts(key, backlog) {
            facts.status.share(&shown);
        }
    }

    /// An object was judged anew: its status may have to be written, and something to be said.
    pub(super) fn judged(&mut self, id: &Id, before: &Before) {
        self.share_status(id);
        self.record_turns(id, before);
        self.source.changed.stale.push(id.clone());
    }

    /// Tells the status writer what changed. One that is being restarted asks for everything by itself.
    pub(super) fn tell_status_writer(&mut self, urgent: bool) {
        let mut changed = std::mem::take(&mut self.source.changed);
        (changed.first, changed.stale) = changed.stale.into_iter().partition(|id| self.waits_for_first(id));
        let is_empty = [&changed.stale, &changed.first, &changed.gone].iter().all(|ids| ids.is_empty());
        if !is_empty && !self.guard.is_retired() {
            self.source.peers.status.hint(StatusChanged { urgent, ..changed });
        }
    }

    /// Has the objects looked at of which the outbox may hold something else than their status says.
    pub(super) fn backlog_changed(&mut self, before: Option<&Backlog>) {
        let (known, none) = (before.is_some(), Backlog::default());
        let now = self.backlog.clone().unwrap_or_default();
        let mut differing =
            Differing { watcher: self, before: before.unwrap_or(&none), now: &now, known, stale: Vec::new() };
        for_each_kind(&mut differing);
        let stale = differing.stale;
        self.source.changed.stale.extend(stale);
        self.tell_status_writer(false);
    }
}

/// Finds the objects of each kind whose status may say something else than the outbox.
struct Differing<'a> {
    watcher: &'a ClusterWatcher,
    before: &'a Backlog,
    now: &'a Backlog,
    /// Whether it is known what the outbox held before.
    known: bool,
    stale: Vec<Id>,
}

impl ForEachKind<Facts> for Differing<'_> {
    fn visit<K: KeptIn<Facts>>(&mut self) {
        let (Some(before), Some(now)) = (K::counts(self.before), K::counts(self.now)) else { return };
        let state = self.watcher.kinds.get(K::KIND);
        let says = |key| state.facts(key).is_some_and(|facts| facts.status.has_backlog());
        let differs = |key| before.get(key) != now.get(key) || !self.known && says(key);
        let keys = state.keys().filter(|key| differs(key));
        self.stale.extend(keys.map(|key| (K::KIND, key.clone())));
    }
}
