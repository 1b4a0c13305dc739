//! What is said on Alerts in Kubernetes Events (contract, control plane 7).

use std::collections::BTreeMap;

use actix::{Context, Handler, MessageResult};
use campanile_domain::{Alert, AlertRef};
use campanile_protocol::Announce;

use super::ClusterWatcherActor;
use super::news::{Announced, NextAnnouncements};
use crate::cluster::announcer::Posting;
use crate::faults;

/// The most postings handed out at once.
const MOST: usize = 16;

impl Handler<Announce> for ClusterWatcherActor {
    type Result = ();

    fn handle(&mut self, announce: Announce, _: &mut Context<Self>) {
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
    fn announce(&mut self, announce: Announce) {
        self.announcer.note(announce, self.clock.now());
        self.announce_bell.notify_one();
    }

    /// Says what is wrong with an Alert that changed. Only the leader does, so it is said once.
    pub(super) fn announce_faults(&mut self, alert: &Alert) {
        if !*self.leader.borrow() {
            return;
        }
        for message in faults::announcements(alert) {
            self.announce(Announce {
                alert: AlertRef { key: alert.key.clone(), uid: alert.uid.clone() },
                warning: true,
                reason: "InvalidConfig".into(),
                message,
                annotations: BTreeMap::new(),
            });
        }
    }

    /// Says that the finalizer of the replaced controller was taken off an Alert.
    pub(super) fn announce_migration(&mut self, alert: AlertRef) {
        self.announce(Announce {
            alert,
            warning: false,
            reason: "Migration".into(),
            message: "removed finalizer from Alert to migrate to static Alert".to_owned(),
            annotations: BTreeMap::new(),
        });
    }
}
