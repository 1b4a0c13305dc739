//! Kubernetes Events on Alerts and Providers (contract, control plane 7): what is said, and on which object. The event
//! recorder writes it.

use campanile_protocol::{Announce, reason};

use super::ClusterWatcher;
use super::turns;
use crate::any_kind::Before;
use crate::cluster::messages::RecordEvent;
use crate::kind::{Id, Kind};

impl ClusterWatcher {
    /// Says something on an object; one that is gone has no place for it, and the log has it.
    pub(super) fn record(&self, announce: Announce) {
        let (kind, key) = Kind::of_subject(&announce.on);
        match self.kinds.get(kind).uid(&key) {
            Some(uid) => self.record_on(&uid, announce),
            None => tracing::debug!(object = %key, "nothing to put a kubernetes event on"),
        }
    }

    fn record_on(&self, uid: &str, announce: Announce) {
        // While the recorder is being restarted, the log alone has it.
        self.source.peers.events.hint(RecordEvent { announce, uid: uid.to_owned() });
    }

    /// Says what is wrong with objects that changed. Only the leader does, so it is said once.
    pub(super) fn record_faults(&self, faulty: &[Id]) {
        if !self.source.leads() {
            return;
        }
        for (kind, key) in faulty {
            for message in self.kinds.get(*kind).announcements(key) {
                let on = kind.subject(key.clone());
                self.record(Announce::warning(on, reason::INVALID_CONFIG, message));
            }
        }
    }

    /// Says that the finalizer of the replaced controller was taken off an Alert.
    pub(super) fn record_migration(&self, (kind, key): Id, uid: &str) {
        if kind == Kind::Alert {
            let message = "removed finalizer from Alert to migrate to static Alert";
            self.record_on(uid, Announce::normal(kind.subject(key), reason::MIGRATION, message));
        }
    }

    /// Says how an object turned out after it was judged anew.
    pub(super) fn record_turns(&self, (kind, key): &Id, before: &Before) {
        let Some(shown) = self.kinds.get(*kind).shown(key, self.backlog.as_deref()) else { return };
        let leads = self.source.leads();
        let finished = self.kinds.get(*kind).finished(key);
        let said = turns::said(&kind.subject(key.clone()), before, &shown.conditions, &finished);
        for (_, announce) in said.into_iter().filter(|(leaders, _)| leads || !leaders) {
            self.record(announce);
        }
    }
}
