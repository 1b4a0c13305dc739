//! Receivers in the watcher, beyond what it does for every kind: it looks at their tokens, and tells how they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture};
use campanile_domain::ObjectKey;
use campanile_protocol::{
    Changes, EntryOutcome, PostponedCounts, PostponedReport, ReceiverStanding, ReceiverState,
    RequestReconciles, Secrets, WebhookReport,
};

use super::WatcherActor;
use crate::condition::is_true;
use crate::kind::Kind;
use crate::source::Source;
use crate::watched::Reference;

/// To itself: Receivers are due to be looked at.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LookNow;

impl<S: Source> Handler<LookNow> for WatcherActor<S> {
    type Result = ();

    fn handle(&mut self, _: LookNow, ctx: &mut Context<Self>) {
        self.look_at_tokens(ctx);
    }
}

impl<S: Source> Handler<RequestReconciles> for WatcherActor<S> {
    type Result = ResponseFuture<Vec<EntryOutcome>>;

    fn handle(&mut self, request: RequestReconciles, _: &mut Context<Self>) -> Self::Result {
        self.source.request_reconciles(request)
    }
}

impl<S: Source> Handler<WebhookReport> for WatcherActor<S> {
    type Result = ();

    fn handle(&mut self, WebhookReport(all): WebhookReport, _: &mut Context<Self>) {
        for counts in all {
            let id = (Kind::Receiver, counts.receiver.clone());
            if let Some(receiver) = self.kinds.receivers.get_mut(&id.1) {
                receiver.standing.aspect.heard(counts);
                self.source.status_changed(id);
            }
        }
        S::settled(self, false);
    }
}

impl<S: Source> Handler<PostponedReport> for WatcherActor<S> {
    type Result = ();

    fn handle(&mut self, report: PostponedReport, _: &mut Context<Self>) {
        let mut counts = report.counts;
        if report.is_whole {
            let named: BTreeSet<&ObjectKey> = counts.iter().map(|one| &one.receiver).collect();
            let all = self.kinds.receivers.objects.keys();
            // A status that an earlier process left may say otherwise.
            let others =
                all.filter(|key| !named.contains(key)).map(|key| PostponedCounts::none_of(key.clone()));
            let others: Vec<_> = others.collect();
            counts.extend(others);
        }
        for counts in counts {
            let id = (Kind::Receiver, counts.receiver.clone());
            if let Some(receiver) = self.kinds.receivers.get_mut(&id.1)
                && receiver.standing.aspect.postponed(counts)
            {
                self.source.status_changed(id);
            }
        }
        S::settled(self, false);
    }
}

impl<S: Source> WatcherActor<S> {
    /// Has the token of a Receiver looked at, as soon as the present message is handled.
    pub(crate) fn mark_look(&mut self, receiver: ObjectKey) {
        self.looks.mark(receiver, self.clock.now());
        if let Some(own) = self.own.as_ref().and_then(actix::WeakRecipient::upgrade) {
            own.do_send(LookNow);
        }
    }

    /// Has the tokens of all Receivers looked at that name one of these Secrets.
    pub(crate) fn look_for_secrets(&mut self, secrets: &[ObjectKey]) {
        for secret in secrets {
            for (kind, receiver) in self.kinds.owners(&Reference::Secret(secret.clone())) {
                if kind == Kind::Receiver {
                    self.mark_look(receiver);
                }
            }
        }
    }

    /// Reads the Secrets of the Receivers that are due. Those at rest, suspended or with a violation of their own, are not looked at.
    pub(super) fn look_at_tokens(&mut self, ctx: &mut Context<Self>) {
        if !self.is_loaded() || self.guard.is_retired() {
            return;
        }
        let (due, now) = (self.looks.take_due(self.clock.now()), self.clock.now());
        let mut secrets = BTreeMap::new();
        for receiver in due {
            match self.kinds.receivers.get(&receiver) {
                Some(known) if !known.spec.suspend && known.violation.is_none() => {
                    secrets.insert(receiver, known.spec.secret_key());
                }
                _ => self.looks.ended(&receiver, false, None, now),
            }
        }
        if secrets.is_empty() {
            return;
        }
        let began = Instant::now();
        let keys = secrets.values().flatten().cloned().collect();
        let reading = self.source.read_secrets(keys).into_actor(self);
        let receivers: Vec<ObjectKey> = secrets.into_keys().collect();
        ctx.spawn(reading.map(move |secrets, watcher, _| watcher.tokens_read(&receivers, &secrets, began)));
    }

    /// Judges Receivers by what their Secrets hold.
    fn tokens_read(&mut self, receivers: &[ObjectKey], secrets: &Secrets, began: Instant) {
        let now = self.clock.now();
        for key in receivers {
            let Some(receiver) = self.kinds.receivers.get_mut(key) else {
                self.looks.ended(key, false, None, now);
                continue;
            };
            let spec = receiver.spec.clone();
            let failed = receiver.standing.aspect.looked(&spec, secrets, began.elapsed());
            self.looks.ended(key, failed, Some(spec.effective_interval()), now);
            self.judge(&(Kind::Receiver, key.clone()));
        }
        self.publish(&Changes::default());
        S::settled(self, true);
    }

    /// The standing of one Receiver.
    fn standing_of(&self, key: &ObjectKey) -> Option<ReceiverStanding> {
        let known = self.kinds.receivers.get(key)?;
        let is_sound = is_true(known.standing.ready()) && !self.kinds.receivers.malformed.contains_key(key);
        let state = match (known.spec.suspend, is_sound) {
            (true, _) => ReceiverState::Suspended,
            (false, true) => ReceiverState::Ready,
            (false, false) => ReceiverState::NotReady,
        };
        Some(ReceiverStanding { receiver: key.clone(), state, paths: known.standing.aspect.paths().clone() })
    }

    /// The standings of all Receivers.
    pub(super) fn standings(&self) -> Vec<ReceiverStanding> {
        self.kinds.receivers.objects.keys().filter_map(|key| self.standing_of(key)).collect()
    }

    /// Notes how a Receiver stands now, if that is something else than subscribers were told.
    pub(super) fn note_standing(&mut self, key: &ObjectKey) {
        let Some(now) = self.standing_of(key) else { return };
        if self.told.get(key) != Some(&now) {
            self.told.insert(key.clone(), now.clone());
            self.standings.push(now);
        }
    }
}
