//! Reports of a provider actor: to the log, to the watcher, to the owners of Alerts.

use actix::{AsyncContext, Context};
use campanile_domain::{Delivery, ObjectKey};
use campanile_outbox::Settlement;
use campanile_protocol::{DeliveryOutcome, DeliveryReport, ProviderState, log_event};

use super::ProviderActor;
use crate::pace::Turn;
use crate::task::Finished;

impl ProviderActor {
    pub(super) fn turn(&self, turn: Turn) {
        match turn {
            Turn::None => {}
            Turn::Resumed => self.shared.outbox.wake(&self.key),
            Turn::Recovered => {
                tracing::info!(provider = %self.key, "provider delivers again");
                self.shared.outbox.wake(&self.key);
                self.report_state();
            }
            Turn::Stopped(failure) => {
                let class = failure.class.label();
                tracing::error!(provider = %self.key, class, error = %failure, "provider does not deliver");
                self.report_state();
            }
        }
    }

    pub(super) fn report_state(&self) {
        self.reports.provider(ProviderState {
            provider: self.key.clone(),
            generation: self.configuration.generation,
            ready: Ok(()),
            remark: self.memo.sharing().borrow().remark().map(ToOwned::to_owned),
            delivering: self.pace.stopped().map_or(Ok(()), |failure| Err(failure.clone())),
        });
    }

    /// Tells the owner of the Provider of statuses that objects share, and when they do no more.
    pub(super) fn report_sharing(&self) {
        let is_news = self.memo.sharing().borrow_mut().news(self.shared.clock.now());
        if is_news {
            if let Some(remark) = self.memo.sharing().borrow().remark() {
                tracing::warn!(provider = %self.key, "{remark}");
            }
            self.report_state();
        }
    }

    pub(super) fn report(&mut self, finished: Finished, ctx: &mut Context<Self>) {
        let outcome = match finished.settlement {
            Settlement::Done => DeliveryOutcome::Delivered,
            Settlement::RetryAt(_, failure) | Settlement::Parked(_, failure) => {
                DeliveryOutcome::Delayed(failure)
            }
            Settlement::Dead(failure) => DeliveryOutcome::Dead(failure),
            Settlement::Release => return,
        };
        log(&self.key, &finished.delivery, &outcome);
        self.reports.announce(&finished.delivery, &outcome);
        let report = DeliveryReport {
            provider: self.key.clone(),
            alert: finished.delivery.plan.alert,
            at: self.shared.clock.now(),
            outcome,
        };
        if self.reports.note(report) {
            ctx.run_later(self.shared.config.report, |actor, _| actor.reports.flush());
        }
    }
}

/// One line for each setback, at the level it deserves; a delivery that arrived is told at debug level.
fn log(provider: &ObjectKey, delivery: &Delivery, outcome: &DeliveryOutcome) {
    let (id, object) = (delivery.id, &delivery.event.involved_object);
    let alert = &delivery.plan.alert.key;
    let (name, namespace, provider) = (&*alert.name, &*alert.namespace, &*provider.name);
    match outcome {
        DeliveryOutcome::Delivered => {
            log_event!(
                DEBUG,
                object,
                alert.name = name,
                alert.namespace = namespace,
                alert.providerName = provider,
                delivery = %id,
                "delivered"
            );
        }
        DeliveryOutcome::Delayed(failure) => {
            let (class, attempts) = (failure.class.label(), delivery.attempts + 1);
            log_event!(WARN, object, alert.name = name, alert.namespace = namespace, alert.providerName = provider, delivery = %id, class, attempts, error = %failure, "failed to send notification, will retry");
        }
        DeliveryOutcome::Dead(failure) => {
            let class = failure.class.label();
            log_event!(ERROR, object, alert.name = name, alert.namespace = namespace, alert.providerName = provider, delivery = %id, class, error = %failure, "failed to send notification, gave up");
        }
    }
}
