//! One child of the supervisor: its builds, one after the other.

use std::pin::Pin;

use actix::Recipient;
use jiff::Timestamp;
use serde::Serialize;

use super::{Factory, Heartbeat, Supervise};
use crate::guard::Retirement;
use crate::{DeathNotice, End, EndCounts, LifeGuard, Restart, RestartLog, RestartPolicy};

/// One child, as metrics and tests see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChildReport {
    /// The name of the child.
    pub name: &'static str,
    /// Whether it is alive now.
    pub alive: bool,
    /// How often it was restarted, for whatever reason.
    pub restarts: u64,
    /// How often that was because it did not answer.
    pub stalls: u64,
    /// How often it came to each end.
    pub ends: EndCounts,
}

/// A heartbeat that one build of a child was asked for.
pub(super) struct Ping {
    pub(super) name: &'static str,
    pub(super) build: u64,
    /// The answer to the ping, which ends the wait.
    pub(super) answer: Pin<Box<dyn Future<Output = ()>>>,
}

pub(super) struct SupervisedActor {
    pub(super) name: &'static str,
    factory: Factory,
    heartbeat: Heartbeat,
    /// Counts builds; what an earlier one does is no concern.
    build: u64,
    alive: bool,
    /// Whether it is being asked.
    asked: bool,
    retirement: Retirement,
    log: RestartLog,
    ends: EndCounts,
}

impl SupervisedActor {
    pub(super) fn new(message: Supervise) -> Self {
        Self {
            name: message.name,
            factory: message.factory,
            heartbeat: message.heartbeat,
            build: 0,
            alive: false,
            asked: false,
            retirement: Retirement::default(),
            log: RestartLog::default(),
            ends: EndCounts::default(),
        }
    }

    pub(super) fn build(&mut self, parent: Recipient<DeathNotice<&'static str>>) {
        self.build += 1;
        self.alive = true;
        self.asked = false;
        self.retirement = Retirement::default();
        let guard = LifeGuard::new(self.name, parent).of_build(self.build, self.retirement.clone());
        (self.factory)(guard);
    }

    /// Whether that build is the one that should be there.
    pub(super) fn is_present(&self, build: u64) -> bool {
        self.alive && self.build == build
    }

    /// The child came to that end: notes when, and says what to do about it.
    pub(super) fn lost(&mut self, end: End, policy: &RestartPolicy, now: Timestamp) -> Restart {
        self.alive = false;
        self.ends.count(end);
        self.retirement.declare();
        self.log.record(policy, now, fastrand::f64())
    }

    /// Asks the present build for a sign of life, if one is alive and not being asked.
    pub(super) fn ping(&mut self) -> Option<Ping> {
        if !self.alive || std::mem::replace(&mut self.asked, true) {
            return None;
        }
        Some(Ping { name: self.name, build: self.build, answer: (self.heartbeat)() })
    }

    /// Takes note of an answer, or of its absence. True if the build that was asked must be replaced.
    pub(super) fn is_stuck(&mut self, build: u64, answered: bool) -> bool {
        if !self.is_present(build) {
            return false;
        }
        self.asked = false;
        !answered
    }

    pub(super) fn report(&self) -> ChildReport {
        ChildReport {
            name: self.name,
            alive: self.alive,
            restarts: self.log.total(),
            stalls: self.ends.stuck,
            ends: self.ends,
        }
    }
}
