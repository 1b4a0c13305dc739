//! The parent of the long-lived actors: builds each from its factory, and again after each death.

use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message};
use serde::Serialize;

use crate::{DeathNotice, LifeGuard, Restart, RestartLog, RestartPolicy, SharedClock};

/// Builds a child. It is called in the supervisor's arbiter and may place the actor in another one; it points the
/// links of the child at the new address.
pub type Factory = Box<dyn FnMut(LifeGuard<&'static str>) + Send>;

/// Called when a child died too often. The process can not go on without it.
pub type GiveUp = Box<dyn FnMut(&'static str) + Send>;

/// Puts a child under supervision and builds it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Supervise {
    /// The child's name in logs and metrics.
    pub name: &'static str,
    /// How to build it.
    pub factory: Factory,
}

/// Asks how the children are.
#[derive(Debug, Message)]
#[rtype(result = "Vec<ChildReport>")]
pub struct GetChildren;

/// One child, as metrics and tests see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChildReport {
    /// The child's name.
    pub name: &'static str,
    /// Whether it is alive now.
    pub alive: bool,
    /// How often it was restarted.
    pub restarts: u64,
}

struct Child {
    name: &'static str,
    factory: Factory,
    alive: bool,
    log: RestartLog,
}

/// The supervisor. A death while it is stopping is no reason for a restart.
pub struct Supervisor {
    policy: RestartPolicy,
    clock: SharedClock,
    give_up: GiveUp,
    children: Vec<Child>,
}

impl Supervisor {
    /// A supervisor without children.
    pub fn new(policy: RestartPolicy, clock: SharedClock, give_up: GiveUp) -> Self {
        Self { policy, clock, give_up, children: Vec::new() }
    }

    fn build(&mut self, name: &'static str, ctx: &Context<Self>) {
        let parent = ctx.address().recipient();
        if let Some(child) = self.children.iter_mut().find(|child| child.name == name) {
            child.alive = true;
            (child.factory)(LifeGuard::new(name, parent));
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Handler<Supervise> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Supervise, ctx: &mut Self::Context) {
        let Supervise { name, factory } = message;
        self.children.push(Child { name, factory, alive: false, log: RestartLog::default() });
        self.build(name, ctx);
    }
}

impl Handler<DeathNotice<&'static str>> for Supervisor {
    type Result = ();

    fn handle(&mut self, notice: DeathNotice<&'static str>, ctx: &mut Self::Context) {
        let now = self.clock.now();
        let Some(child) = self.children.iter_mut().find(|child| child.name == notice.child) else { return };
        child.alive = false;
        match child.log.record(&self.policy, now, fastrand::f64()) {
            Restart::After(pause) => {
                let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                tracing::error!(
                    actor = child.name,
                    panicked = notice.panicked,
                    pause_ms,
                    "actor ended, restarting it"
                );
                restart_later(ctx, child.name, pause);
            }
            Restart::GiveUp => {
                tracing::error!(actor = child.name, "actor ended too often");
                (self.give_up)(child.name);
            }
        }
    }
}

fn restart_later(ctx: &mut Context<Supervisor>, name: &'static str, pause: Duration) {
    ctx.run_later(pause, move |supervisor, ctx| supervisor.build(name, ctx));
}

impl Handler<GetChildren> for Supervisor {
    type Result = Vec<ChildReport>;

    fn handle(&mut self, _: GetChildren, _: &mut Self::Context) -> Self::Result {
        let report =
            |child: &Child| ChildReport { name: child.name, alive: child.alive, restarts: child.log.total() };
        self.children.iter().map(report).collect()
    }
}

#[cfg(test)]
mod tests;
