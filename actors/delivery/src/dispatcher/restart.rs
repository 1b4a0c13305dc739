//! Provider actors that panicked or do not answer, and what is done about it.

use actix::{AsyncContext, Context, Handler};
use campanile_domain::{Failure, FailureClass, ObjectKey};
use campanile_supervision::{DeathNotice, Restart};

use super::Dispatcher;
use super::slots::Slot;

impl Dispatcher {
    /// Ends the actor of a Provider and builds another one after a pause, unless that happened too often.
    fn replace(&mut self, key: ObjectKey, ctx: &mut Context<Self>) {
        let now = self.shared.clock.now();
        let Some(slot) = self.slots.get_mut(&key) else { return };
        slot.stop();
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

    pub(super) fn replace_stalled(&mut self, ctx: &mut Context<Self>) {
        let limit = self.shared.config.restart.stalled_after;
        for key in self.slots.stalled(limit, self.shared.clock.now()) {
            tracing::error!(provider = %key, seconds = limit.as_secs_f32(), "provider actor does not answer, replacing it");
            self.replace(key, ctx);
        }
    }
}

impl Handler<DeathNotice<ObjectKey>> for Dispatcher {
    type Result = ();

    fn handle(&mut self, notice: DeathNotice<ObjectKey>, ctx: &mut Self::Context) {
        let key = notice.child;
        let present =
            |slot: &&mut Slot| slot.child.as_ref().is_some_and(|child| child.is_build(notice.build));
        if notice.panicked && self.slots.get_mut(&key).filter(present).is_some() {
            tracing::error!(provider = %key, "provider actor panicked, restarting it");
            self.replace(key, ctx);
        }
    }
}
