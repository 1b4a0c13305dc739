//! Announcements to the owners of Alerts about events (contract, control plane 7).
//!
//! Announcements are held for [`PAUSE`], so that a storm of the same one is one message. A Provider that does not
//! resolve stops no delivery, but each event that has to wait for it is told, as one that could not be dispatched.

use std::time::Duration;

use actix::{AsyncContext, Context};
use campanile_domain::{AlertRef, Event};
use campanile_protocol::{Announce, Announcements, Subject, Unusable, reason};

use super::RouterActor;
use super::few::few_of_each_namespace;
use crate::plan::ObjectPath;
use crate::{Dropped, OwnerNotice, Plan};

/// How long announcements are held.
const PAUSE: Duration = Duration::from_millis(500);

/// Announcements that are held, and the Providers that notifications wait for.
#[derive(Debug, Default)]
pub(super) struct Announcing {
    held: Announcements,
    unusable: Unusable,
}

impl Announcing {
    pub(super) fn unusable(&mut self, unusable: Unusable) {
        self.unusable = unusable;
    }

    fn note(&mut self, event: &Event, plan: &Plan) {
        for notice in few_of_each_namespace(&plan.notices).0 {
            self.held.note(of_notice(event, notice));
        }
        let errors = plan.drops.iter().filter(|dropped| dropped.reason.is_error());
        for dropped in few_of_each_namespace(errors).0 {
            self.held.note(undispatched(event, subject(dropped), dropped.message(event)));
        }
        if self.unusable.0.is_empty() {
            return;
        }
        for delivery in &plan.deliveries {
            if let Some(failure) = self.unusable.0.get(&delivery.provider) {
                let AlertRef { key, .. } = &delivery.alert;
                self.held.note(undispatched(event, Subject::Alert(key.clone()), failure));
            }
        }
    }
}

fn subject(dropped: &Dropped) -> Subject {
    Subject::Alert(dropped.alert.key.clone())
}

fn of_notice(event: &Event, notice: &OwnerNotice) -> Announce {
    let on = Subject::Alert(notice.alert.key.clone());
    let announce = Announce::warning(on, notice.reason(), notice.message(event));
    Announce { annotations: notice.annotations(), ..announce }
}

fn undispatched(event: &Event, on: Subject, cause: impl std::fmt::Display) -> Announce {
    let object = ObjectPath(&event.involved_object);
    let message = format!("failed to dispatch notification for {object}: {cause}");
    Announce::warning(on, reason::NOTIFICATION_DISPATCH_FAILED, message)
}

impl RouterActor {
    /// Notes what there is to tell about a planned event, and sees to it that it is told.
    pub(super) fn announce(&mut self, event: &Event, plan: &Plan, ctx: &mut Context<Self>) {
        let idle = self.announcing.held.is_empty();
        self.announcing.note(event, plan);
        if self.announcing.held.is_full() {
            self.flush();
        } else if idle && !self.announcing.held.is_empty() {
            ctx.run_later(PAUSE, |router, _| router.flush());
        }
    }

    /// Losing one costs a line on an Alert; the log has it.
    fn flush(&mut self) {
        for announce in self.announcing.held.take() {
            self.parts.announces.hint(announce);
        }
    }
}
