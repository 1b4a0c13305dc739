//! From the status table to patches.

use std::sync::Arc;
use std::time::Duration;

use actix::{Context, Handler, MessageResult};
use campanile_domain::{AlertRef, ObjectKey};
use campanile_protocol::Backlog;

use super::ClusterWatcherActor;
use super::news::{NextWrites, Trouble, Written};
use crate::cluster::kind::Kind;
use crate::cluster::object_status::Difference;
use crate::cluster::reading::Facts;
use crate::cluster::reconciles::Ending;
use crate::cluster::tasks::write::Refusal;
use crate::cluster::version::Served;
use crate::cluster::writer::{self, Admission, Id, Part, Write, without_finalizer};

/// The most patches handed out at once.
const MOST: usize = 32;

impl Handler<NextWrites> for ClusterWatcherActor {
    type Result = MessageResult<NextWrites>;

    fn handle(&mut self, _: NextWrites, _: &mut Context<Self>) -> Self::Result {
        if !*self.leader.borrow() || !self.loaded() {
            return MessageResult(Vec::new());
        }
        let due = self.writes.take_due(self.clock.now(), MOST);
        let writes = due.into_iter().filter_map(|id| {
            let (kind, write) = (id.0, self.write(id));
            write.map_err(|ending| self.config.meters.reconciles.ended(kind, ending, Duration::ZERO)).ok()
        });
        MessageResult(writes.collect())
    }
}

impl Handler<Written> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, Written { id, part, base, outcome, took }: Written, _: &mut Context<Self>) {
        let now = self.clock.now();
        self.config.meters.reconciles.ended(id.0, ending(&outcome), took);
        let about = format!("write {}", id.0.plural());
        match outcome {
            Ok(facts) => {
                self.trouble(Trouble { about, text: None });
                let uid = facts.uid.clone();
                // The watch may have been faster, and have brought something newer than this answer.
                let is_newer =
                    |known: &&mut Facts| known.uid == facts.uid && *known.resource_version == *base;
                if let Some(known) = self.facts_mut(&id).filter(is_newer) {
                    *known = Facts { uid: known.uid.clone(), ..facts };
                }
                self.share_status(&id);
                self.writes.landed(id.clone(), now);
                if part == Part::Metadata && id.0 == Kind::Alert {
                    self.announce_migration(AlertRef { key: id.1.clone(), uid: uid.to_string() });
                }
            }
            Err(refusal) => {
                if let Refusal::Trouble(text) = refusal {
                    self.trouble(Trouble { about, text: Some(text) });
                }
                self.writes.failed(id.clone(), now, fastrand::f64());
            }
        }
        if self.facts_mut(&id).is_none() {
            self.writes.forget(&id);
        }
    }
}

/// How the reconcile ended that a write belongs to.
fn ending<T>(outcome: &Result<T, Refusal>) -> Ending {
    match outcome {
        Ok(_) | Err(Refusal::Gone) => Ending::Success,
        Err(Refusal::Conflict) => Ending::Requeue,
        Err(Refusal::Trouble(_)) => Ending::Error,
    }
}

impl ClusterWatcherActor {
    /// Takes in what the outbox holds, and has the objects looked at of which that may differ from their status.
    pub(super) fn backlog_changed(&mut self, backlog: &Arc<Backlog>) {
        let before = self.status.backlog(backlog.clone());
        let now = self.clock.now();
        let whole = before.is_none();
        let before = before.unwrap_or_default();
        for (key, kept) in &self.alerts.kept {
            let differs = before.alerts.get(key) != backlog.alerts.get(key);
            if differs || whole && kept.facts.status.has_backlog() {
                self.writes.mark((Kind::Alert, key.clone()), now);
            }
        }
        for (key, kept) in &self.providers.kept {
            let differs = before.providers.get(key) != backlog.providers.get(key);
            if differs || whole && kept.facts.status.has_backlog() {
                self.writes.mark((Kind::Provider, key.clone()), now);
            }
        }
    }

    /// What is to be written of an object now, or how the look at it ends without.
    fn write(&mut self, id: Id) -> Result<(Served, Write), Ending> {
        let now = self.clock.now();
        let (served, suspended, facts) = self.written(&id.0, &id.1).ok_or(Ending::Success)?;
        let base = facts.resource_version.to_string();
        if let Some(patch) = without_finalizer(id.0, suspended, facts) {
            self.writes.sent(&id, writer::mark(&patch), now);
            return Ok((served, Write { id, part: Part::Metadata, base, patch }));
        }
        if facts.deleting {
            return Err(Ending::Success);
        }
        if !served.has_status {
            self.say_no_status();
            return Err(Ending::Success);
        }
        let shown = match id.0 {
            Kind::Alert => self.status.shown_alert(&id.1),
            Kind::Provider => self.status.shown_provider(&id.1),
        };
        let shown = shown.ok_or(Ending::Success)?;
        let wanted = facts.status.wanted(&shown, facts.generation, facts.requested_at.as_deref());
        let difference = facts.status.difference(&wanted);
        if difference == Difference::None {
            return Err(Ending::Success);
        }
        let patch = wanted.patch(&facts.uid, &facts.resource_version);
        let mark = writer::mark(&patch["status"]);
        match self.writes.admit(&id, difference, mark, now) {
            Admission::Now => {
                self.writes.sent(&id, mark, now);
                Ok((served, Write { id, part: Part::Status, base, patch }))
            }
            Admission::At(later) => {
                self.writes.mark(id, later);
                Err(Ending::RequeueAfter)
            }
            Admission::Never => Err(Ending::Success),
        }
    }

    fn written(&self, kind: &Kind, key: &ObjectKey) -> Option<(Served, bool, &Facts)> {
        match kind {
            Kind::Alert => {
                let kept = self.alerts.kept.get(key)?;
                Some((self.alerts.served?, kept.spec.suspend, &kept.facts))
            }
            Kind::Provider => {
                let kept = self.providers.kept.get(key)?;
                Some((self.providers.served?, kept.spec.suspend, &kept.facts))
            }
        }
    }

    fn facts_mut(&mut self, (kind, key): &Id) -> Option<&mut Facts> {
        match kind {
            Kind::Alert => self.alerts.kept.get_mut(key).map(|kept| &mut kept.facts),
            Kind::Provider => self.providers.kept.get_mut(key).map(|kept| &mut kept.facts),
        }
    }

    /// What is written now as it is shown is kept once.
    fn share_status(&mut self, (kind, key): &Id) {
        match kind {
            Kind::Alert => {
                if let Some(kept) = self.alerts.kept.get_mut(key) {
                    kept.facts.status.share(self.status.shown_alert(key).as_ref());
                }
            }
            Kind::Provider => {
                if let Some(kept) = self.providers.kept.get_mut(key) {
                    kept.facts.status.share(self.status.shown_provider(key).as_ref());
                }
            }
        }
    }

    fn say_no_status(&mut self) {
        if !std::mem::replace(&mut self.said_no_status, true) {
            tracing::warn!(
                "the installed definitions of Alert and Provider keep no status, it is only shown by campanile get; to keep it: campanile crds | kubectl apply -f -"
            );
        }
    }
}
