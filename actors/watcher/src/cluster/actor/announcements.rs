//! What is said on Alerts and Providers in Kubernetes Events (contract, control plane 7).

use actix::{Context, Handler, MessageResult};
use campanile_domain::{Alert, AlertRef};
use campanile_protocol::{Announce, Subject, reason};

use super::ClusterWatcherActor;
use super::news::{Announced, NextAnnouncements};
use crate::cluster::announcer::Posting;
use crate::cluster::kind::Kind;
use crate::faults;

/// The most postings handed out at once.
const MOST: usize = 16;

impl Handler<Announce> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, announce: Announce, _: &mut Context<Self>) {
        if self.status.announced(&announce) {
            match &announce.on {
                Subject::Alert(key) => self.writes.mark((Kind::Alert, key.clone()), self.clock.now()),
                Subject::Provider(key) => self.judge_provider(key),
            }
        }
        self.announce(announce);
    }
}

impl Handler<NextAnnouncements> for ClusterWatcherActor {
    type Result = MessageResult<NextAnnouncements>;

    fn handle(&mut self, _: NextAnnouncements, _: &mut Context<Self>) -> Self::Result {
        let postings: Vec<Posting> = self.announcer.take(self.clock.now(), MOST);
        MessageResult(postings)
    }
}

impl Handler<Announced> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, Announced { posting, outcome }: Announced, _: &mut Context<Self>) {
        self.announcer.posted(&posting, outcome, self.clock.now(), fastrand::f64());
    }
}

impl ClusterWatcherActor {
    /// Says something on an object; one that is gone has no place for it, and the log has it.
    pub(super) fn announce(&mut self, announce: Announce) {
        let uid = match &announce.on {
            Subject::Alert(key) => self.alerts.kept.get(key).map(|kept| kept.spec.uid.clone()),
            Subject::Provider(key) => self.providers.kept.get(key).map(|kept| kept.spec.uid.clone()),
        };
        match uid {
            Some(uid) => self.announce_on(&uid, announce),
            None => tracing::debug!(object = %announce.on.key(), "nothing to put a kubernetes event on"),
        }
    }

    pub(super) fn announce_on(&mut self, uid: &str, announce: Announce) {
        self.announcer.note(announce, uid, self.clock.now());
        self.announce_bell.notify_one();
    }

    /// Says what is wrong with an Alert that changed. Only the leader does, so it is said once.
    pub(super) fn announce_faults(&mut self, alert: &Alert) {
        // Most have no fault, as is known: their patterns need not be compiled again to find none.
        let is_faulty = self.alerts.kept.get(&alert.key).is_some_and(|kept| kept.fault.is_some());
        if !is_faulty || !*self.leader.borrow() {
            return;
        }
        for message in faults::announcements(alert) {
            let on = Subject::Alert(alert.key.clone());
            self.announce_on(&alert.uid, Announce::warning(on, reason::INVALID_CONFIG, message));
        }
    }

    /// Says that the finalizer of the replaced controller was taken off an Alert.
    pub(super) fn announce_migration(&mut self, alert: AlertRef) {
        let message = "removed finalizer from Alert to migrate to static Alert";
        let announce = Announce::normal(Subject::Alert(alert.key), reason::MIGRATION, message);
        self.announce_on(&alert.uid, announce);
    }
}
