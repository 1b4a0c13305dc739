//! The parent of the long-lived actors: builds each from its factory, and again after each death, and also when it does
//! not answer any more.

mod child;

use std::pin::Pin;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};

use crate::{DeathNotice, End, GetSnapshot, LifeGuard, Restart, RestartPolicy, SharedClock};
pub use child::ChildReport;
use child::Ping;
use child::SupervisedActor;

/// Builds a child. It is called in the supervisor's arbiter and may place the actor in another one; it points the
/// links of the child at the new address.
pub type Factory = Box<dyn FnMut(LifeGuard<&'static str>) + Send>;

/// Asks a child something that costs it nothing, and ends when it has answered or is gone.
/// [`Link::heartbeat`](crate::Link::heartbeat) makes one.
pub type Heartbeat = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Called when a child died too often. The process cannot go on without it.
pub type GiveUp = Box<dyn FnMut(&'static str) + Send>;

/// Puts a child under supervision and builds it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Supervise {
    /// The child's name in logs and metrics.
    pub name: &'static str,
    /// The factory that builds the child.
    pub factory: Factory,
    /// How to find out whether it answers.
    pub heartbeat: Heartbeat,
}

/// The supervisor. A death while it is stopping is no reason for a restart.
pub struct Supervisor {
    policy: RestartPolicy,
    clock: SharedClock,
    give_up: GiveUp,
    children: Vec<SupervisedActor>,
}

impl Supervisor {
    /// Makes a supervisor that has no children.
    pub fn new(policy: RestartPolicy, clock: SharedClock, give_up: GiveUp) -> Self {
        Self { policy, clock, give_up, children: Vec::new() }
    }

    fn child(&mut self, name: &'static str) -> Option<&mut SupervisedActor> {
        self.children.iter_mut().find(|child| child.name == name)
    }

    fn build(&mut self, name: &'static str, ctx: &Context<Self>) {
        let parent = ctx.address().recipient();
        if let Some(child) = self.child(name) {
            child.build(parent);
        }
    }

    /// Plans the next build of a child that came to that end, or gives it up.
    fn replace(&mut self, name: &'static str, end: End, ctx: &mut Context<Self>) {
        let (policy, now) = (self.policy, self.clock.now());
        let Some(child) = self.child(name) else { return };
        match child.lost(end, &policy, now) {
            Restart::After(pause) => {
                let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(actor = name, pause_ms, "restarting the actor");
                ctx.run_later(pause, move |supervisor, ctx| supervisor.build(name, ctx));
            }
            Restart::GiveUp => {
                tracing::error!(actor = name, "actor ended too often");
                (self.give_up)(name);
            }
        }
    }

    /// Asks every child that is not being asked already for a sign of life.
    fn check_heartbeats(&mut self, ctx: &mut Context<Self>) {
        let limit = self.policy.stalled_after;
        let pings: Vec<Ping> = self.children.iter_mut().filter_map(SupervisedActor::ping).collect();
        for Ping { name, build, answer } in pings {
            let answer = tokio::time::timeout(limit, answer).into_actor(self);
            ctx.spawn(answer.map(move |answer, supervisor, ctx| {
                supervisor.heartbeat_checked(name, build, answer.is_ok(), ctx);
            }));
        }
    }

    fn heartbeat_checked(&mut self, name: &'static str, build: u64, answered: bool, ctx: &mut Context<Self>) {
        let limit = self.policy.stalled_after;
        let Some(child) = self.child(name) else { return };
        if child.is_stuck(build, answered) {
            let seconds = limit.as_secs_f32();
            tracing::error!(actor = name, seconds, "actor does not answer, replacing it");
            self.replace(name, End::Stuck, ctx);
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.policy.heartbeat_every, Self::check_heartbeats);
    }
}

impl Handler<Supervise> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Supervise, ctx: &mut Self::Context) {
        let name = message.name;
        self.children.push(SupervisedActor::new(message));
        self.build(name, ctx);
    }
}

impl Handler<DeathNotice<&'static str>> for Supervisor {
    type Result = ();

    fn handle(&mut self, notice: DeathNotice<&'static str>, ctx: &mut Self::Context) {
        let name = notice.child;
        // One that was replaced already may come to its end much later.
        if self.child(name).is_some_and(|child| child.is_present(notice.build)) {
            tracing::error!(actor = name, end = notice.end.label(), "actor ended");
            self.replace(name, notice.end, ctx);
        }
    }
}

impl Handler<GetSnapshot<Vec<ChildReport>>> for Supervisor {
    type Result = Vec<ChildReport>;

    fn handle(&mut self, _: GetSnapshot<Vec<ChildReport>>, _: &mut Self::Context) -> Self::Result {
        self.children.iter().map(SupervisedActor::report).collect()
    }
}

#[cfg(test)]
mod tests;
