//! The lives of provider actors: each is built when there is work and the one before has ended, stopped when it is idle or
//! cannot be used, and built anew after a panic or when it does not answer.

use actix::{AsyncContext, Context, Handler};
use campanile_domain::{Failure, FailureClass, ObjectKey};
use campanile_supervision::{End, Restart, Retirement};

use super::Dispatcher;
use super::child::Child;
use super::slots::Resolution;
use crate::kept::ProviderHandover;
use crate::provider_actor::{ActorEnded, Configuration, Idle, Parent, ProviderParts, Wakes};

impl Dispatcher {
    /// Makes sure that the Provider's actor knows of its work.
    pub(super) fn work(&mut self, key: &ObjectKey, ctx: &mut Context<Self>) {
        if !self.synced || self.draining || self.guard.is_retired() {
            return;
        }
        let now = self.shared.clock.now();
        let Some(slot) = self.slots.get_mut(key) else { return self.provider_is_gone(key) };
        if slot.spec.suspend {
            return;
        }
        match &slot.child {
            Some(child) if child.is_running() => child.wake(now),
            // Its last message brings what the next one needs, and work is looked for then.
            Some(_) => {}
            None => self.start(key, ctx),
        }
    }

    pub(super) fn work_if_any(&mut self, key: &ObjectKey, ctx: &mut Context<Self>) {
        if self.shared.outbox.next_due(key).is_some() {
            self.work(key, ctx);
        }
    }

    fn start(&mut self, key: &ObjectKey, ctx: &Context<Self>) {
        let Some(configuration) = self.configuration(key) else { return };
        let Some(slot) = self.slots.get_mut(key) else { return };
        self.builds += 1;
        let parts = ProviderParts {
            key: key.clone(),
            build: self.builds,
            configuration,
            kept: std::mem::take(&mut slot.kept),
            clients: self.clients.clone(),
            shared: self.shared.clone(),
            reports: self.reports.clone(),
            announces: self.announces.clone(),
            wakes: Wakes::default(),
            retirement: Retirement::default(),
            parent: Parent {
                idle: ctx.address().recipient(),
                ended: ctx.address().recipient(),
                retirement: self.guard.retirement(),
            },
        };
        slot.child = Some(Child::start(parts, self.threads.place()));
    }

    /// What the Provider's actor works with; none while the Provider does not resolve.
    fn configuration(&mut self, key: &ObjectKey) -> Option<Configuration> {
        let slot = self.slots.get_mut(key)?;
        let Resolution::Ready(endpoint) = &slot.resolution else { return None };
        Some(Configuration {
            endpoint: endpoint.clone(),
            generation: slot.spec.generation,
            destination: slot.destination,
            tally: self.tallies.of(key, endpoint.kind),
        })
    }

    /// Gives a running actor its new settings, or stops it where there are none to use.
    pub(super) fn hand_over(&mut self, key: &ObjectKey) {
        self.shared.outbox.wake(key);
        let (configuration, now) = (self.configuration(key), self.shared.clock.now());
        let Some(slot) = self.slots.get_mut(key) else { return };
        let is_used = !slot.spec.suspend;
        match (slot.child.as_mut(), configuration.filter(|_| is_used)) {
            (Some(child), Some(configuration)) if child.is_running() => child.configure(configuration),
            (Some(child), None) => child.stop(now),
            (Some(_), Some(_)) | (None, _) => {}
        }
    }

    /// Counts the end of a Provider's actor, and builds another one after a pause unless that happened too often.
    fn replace(&mut self, key: ObjectKey, ctx: &mut Context<Self>) {
        let now = self.shared.clock.now();
        let Some(slot) = self.slots.get_mut(&key) else { return };
        self.restarts += 1;
        match slot.log.record(&self.shared.config.restart, now, fastrand::f64()) {
            Restart::After(pause) => {
                ctx.run_later(pause, move |dispatcher, ctx| dispatcher.work_if_any(&key, ctx));
            }
            Restart::GiveUp => {
                let text =
                    format!("provider actor of '{key}' ended too often; change the Provider to try again");
                self.resolved(&key, Err(Failure::new(FailureClass::Config, text)), ctx);
            }
        }
    }

    /// Replaces the actors that do not answer; what they hold is given up.
    pub(super) fn replace_stuck(&mut self, ctx: &mut Context<Self>) {
        let limit = self.shared.config.restart.stalled_after;
        for key in self.slots.stuck(limit, self.shared.clock.now()) {
            tracing::error!(provider = %key, seconds = limit.as_secs_f32(), "provider actor does not answer, replacing it");
            self.ends.count(End::Stuck);
            if let Some(slot) = self.slots.get_mut(&key) {
                (slot.child, slot.kept) = (None, ProviderHandover::after_a_stuck_actor());
            }
            self.replace(key, ctx);
        }
    }
}

impl Handler<ActorEnded> for Dispatcher {
    type Result = ();

    fn handle(&mut self, ActorEnded { key, build, end, kept }: ActorEnded, ctx: &mut Self::Context) {
        let present = |child: &Child| child.is_build(build);
        let Some(slot) = self.slots.get_mut(&key) else { return self.ends.count(end) };
        if !slot.child.as_ref().is_some_and(present) {
            // It was counted as stuck, and another one has its place; or its Provider was deleted and is there again.
            return;
        }
        self.ends.count(end);
        (slot.child, slot.kept) = (None, kept);
        if end == End::Panicked {
            tracing::error!(provider = %key, "provider actor panicked, restarting it");
            self.replace(key, ctx);
        } else {
            self.work_if_any(&key, ctx);
        }
    }
}

impl Handler<Idle> for Dispatcher {
    type Result = ();

    fn handle(&mut self, Idle { key, build }: Idle, _: &mut Self::Context) {
        let now = self.shared.clock.now();
        if self.shared.outbox.next_due(&key).is_none()
            && let Some(slot) = self.slots.get_mut(&key)
            && let Some(child) = slot.child.as_mut().filter(|child| child.is_build(build))
        {
            child.stop(now);
        }
    }
}
