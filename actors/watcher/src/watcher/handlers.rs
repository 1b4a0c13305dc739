//! Message handlers of a watcher, whatever its source.

use std::collections::BTreeMap;

use actix::{ActorContext, Context, Handler, MessageResult, ResponseFuture};
use campanile_domain::{FailureClass, ObjectKey};
use campanile_protocol::{
    AccountError, Announce, DeliveryOutcome, DeliveryReport, GetObjects, GetSpecs, ObjectTable,
    ProviderState, ReadSecrets, ReadServiceAccount, Report, RequestToken, Resync, ReviewError, ReviewToken,
    Secrets, Specs, TokenOwner,
};
use campanile_supervision::{GetSnapshot, failpoint, failpoint_stall};

use super::WatcherActor;
use crate::WatcherSnapshot;
use crate::any_kind::AnyKind;
use crate::kind::{Id, Kind};
use crate::source::Source;
use crate::tick::Tick;

impl<S: Source> Handler<Tick> for WatcherActor<S> {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Context<Self>) {
        if self.guard.is_retired() {
            return ctx.stop();
        }
        failpoint("watcher", "tick");
        failpoint_stall(self, ctx, "watcher", "tick");
        S::ticked(self, ctx);
        self.look_at_tokens(ctx);
        self.judge_failing();
        self.catch_up();
    }
}

impl<S: Source> Handler<Resync> for WatcherActor<S> {
    type Result = ();

    fn handle(&mut self, _: Resync, _: &mut Context<Self>) {
        self.subscribers.mark_all_behind();
        self.catch_up();
    }
}

impl<S: Source> Handler<ReadSecrets> for WatcherActor<S> {
    type Result = ResponseFuture<Secrets>;

    fn handle(&mut self, ReadSecrets(keys): ReadSecrets, _: &mut Context<Self>) -> Self::Result {
        self.source.read_secrets(keys)
    }
}

impl<S: Source> Handler<ReadServiceAccount> for WatcherActor<S> {
    type Result = ResponseFuture<Result<BTreeMap<String, String>, AccountError>>;

    fn handle(&mut self, request: ReadServiceAccount, _: &mut Context<Self>) -> Self::Result {
        self.source.read_account(request)
    }
}

impl<S: Source> Handler<RequestToken> for WatcherActor<S> {
    type Result = ResponseFuture<Result<String, AccountError>>;

    fn handle(&mut self, request: RequestToken, _: &mut Context<Self>) -> Self::Result {
        self.source.request_token(request)
    }
}

impl<S: Source> Handler<ReviewToken> for WatcherActor<S> {
    type Result = ResponseFuture<Result<TokenOwner, ReviewError>>;

    fn handle(&mut self, request: ReviewToken, _: &mut Context<Self>) -> Self::Result {
        self.source.review_token(request)
    }
}

impl<S: Source> Handler<Report> for WatcherActor<S> {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Context<Self>) {
        match report {
            Report::Provider(state) => self.provider_state(state),
            Report::Delivery(report) => self.delivery(report),
            Report::Backlog(backlog) => {
                let before = self.backlog.replace(backlog);
                S::backlog_changed(self, before);
            }
        }
    }
}

impl<S: Source> WatcherActor<S> {
    /// Takes the dispatcher's word on a Provider.
    fn provider_state(&mut self, state: ProviderState) {
        let id = (Kind::Provider, state.provider.clone());
        if let Some(provider) = self.kinds.providers.get_mut(&id.1) {
            provider.standing.aspect.heard(state);
            self.judge(&id);
            S::settled(self, true);
        }
    }

    /// Judges Providers anew of which messages have failed for longer than an attempt may take. The next attempt may be
    /// minutes away, so the clock tells.
    fn judge_failing(&mut self) {
        let now = self.clock.now();
        let due: Vec<ObjectKey> =
            self.failing.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            self.failing.remove(&key);
            let Some(provider) = self.kinds.providers.get_mut(&key) else { continue };
            let timeout = provider.spec.effective_timeout();
            if provider.standing.aspect.is_overdue(timeout, now) {
                let id = (Kind::Provider, key);
                self.judge(&id);
                self.source.status_changed(id);
                S::settled(self, true);
            }
        }
    }

    /// Takes in what became of a delivery, for its Provider and its Alert. News of objects that are gone are dropped.
    fn delivery(&mut self, report: DeliveryReport) {
        let mut urgent = false;
        if let Some(provider) = self.kinds.providers.get_mut(&report.provider) {
            provider.standing.last.note(&report);
            let (delivering, timeout) = (&mut provider.standing.aspect, provider.spec.effective_timeout());
            urgent = match &report.outcome {
                DeliveryOutcome::Delivered => delivering.delivered(),
                DeliveryOutcome::Delayed(failure) => {
                    if delivering.delayed(failure, report.at) {
                        self.failing.insert(report.provider.clone(), report.at + timeout);
                    }
                    delivering.is_overdue(timeout, report.at)
                }
                DeliveryOutcome::Dead(failure) => {
                    if failure.class == FailureClass::Rejected {
                        delivering.refused();
                    }
                    false
                }
            };
            let id = (Kind::Provider, report.provider.clone());
            if urgent {
                self.judge(&id);
            }
            self.source.status_changed(id);
        }
        if let Some(alert) = self.kinds.alerts.get_mut(&report.alert.key) {
            if *alert.spec.uid == *report.alert.uid {
                alert.standing.last.note(&report);
            }
            self.source.status_changed((Kind::Alert, report.alert.key));
        }
        S::settled(self, urgent);
    }
}

impl<S: Source> Handler<Announce> for WatcherActor<S> {
    type Result = ();

    fn handle(&mut self, announce: Announce, _: &mut Context<Self>) {
        let id: Id = Kind::of_subject(&announce.on);
        if self.kinds.get_mut(id.0).announced(&id.1, &announce.reason, &announce.message) {
            // It may stand in a condition, too.
            self.judge(&id);
            S::settled(self, false);
        }
        S::announced(self, announce);
    }
}

impl<S: Source> Handler<GetObjects> for WatcherActor<S> {
    type Result = MessageResult<GetObjects>;

    fn handle(&mut self, _: GetObjects, _: &mut Context<Self>) -> Self::Result {
        let problems = self.problems();
        if !self.is_loaded() {
            return MessageResult(ObjectTable { problems, ..ObjectTable::default() });
        }
        let backlog = self.backlog.as_deref();
        MessageResult(ObjectTable {
            alerts: self.kinds.alerts.rows(backlog),
            providers: self.kinds.providers.rows(backlog),
            receivers: self.kinds.receivers.rows(backlog),
            problems,
        })
    }
}

impl<S: Source> Handler<GetSpecs> for WatcherActor<S> {
    type Result = MessageResult<GetSpecs>;

    fn handle(&mut self, _: GetSpecs, _: &mut Context<Self>) -> Self::Result {
        let specs = || Specs {
            alerts: self.kinds.alerts.specs().cloned().collect(),
            providers: self.kinds.providers.specs().cloned().collect(),
            labels: self.source.labels(),
            problems: self.problems(),
        };
        MessageResult(self.is_loaded().then(specs))
    }
}

impl<S: Source> Handler<GetSnapshot<WatcherSnapshot>> for WatcherActor<S> {
    type Result = MessageResult<GetSnapshot<WatcherSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<WatcherSnapshot>, _: &mut Context<Self>) -> Self::Result {
        MessageResult(WatcherSnapshot {
            loaded: self.is_loaded(),
            alerts: self.kinds.alerts.len(),
            providers: self.kinds.providers.len(),
            receivers: self.kinds.receivers.len(),
            secrets: self.source.secret_count(),
            problems: self.problems().len(),
        })
    }
}
