//! The postponer: what verified webhooks asked for while the API server was away is tried again until it is taken.
//!
//! **Owns** the line of what waits ([`PostponedQueue`]) and its copy in the store. **Promises** that what it answered with `Ok` is
//! annotated after any crash as soon as the API server takes it, or told as expired after 24 hours, and that one resource waits
//! once, however many webhooks ask for it. A try that was under way when the process ended is made again. Every replica has its
//! own line, as each acts on the webhooks that it took: who leads does not matter.

mod attempt;
mod line;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, MessageResult,
    ResponseActFuture, WrapFuture,
};
use campanile_domain::PostponedReconcile;
use campanile_protocol::{Postpone, PostponeRefusal, PostponedReport, PostponedStore, RequestReconciles};
use campanile_supervision::{GetSnapshot, LifeGuard, Link, SharedClock, failpoint, failpoint_stall};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::PostponerSnapshot;
use crate::tick::{Tick, start_ticking};
use attempt::{ReconcileAttempt, RetryResult, attempt};
use line::{Moment, PostponedQueue};

/// The least time between two looks at those that are put off, so that those that come close together go together.
const SOONEST: Duration = Duration::from_millis(5);

/// The longest time that is waited for such a look.
const LATEST: Duration = Duration::from_secs(2);

/// Ticks after which all that waits is told again, to a watcher that may have been restarted.
const REPEAT_TICKS: u32 = 30;

/// The parts of the postponer.
pub struct PostponerParts {
    /// The store that keeps what waits.
    pub store: Arc<dyn PostponedStore>,
    /// The link to the watcher, which annotates.
    pub watcher: Link<RequestReconciles>,
    /// The link to who shows what waits.
    pub reports: Link<PostponedReport>,
    /// Says when what waits is due, and too old.
    pub clock: SharedClock,
    /// Tells the supervisor when the actor ends.
    pub guard: LifeGuard<&'static str>,
}

/// The postponer of cluster mode.
pub struct PostponerActor {
    store: Arc<dyn PostponedStore>,
    watcher: Link<RequestReconciles>,
    reports: Link<PostponedReport>,
    clock: SharedClock,
    guard: LifeGuard<&'static str>,
    line: PostponedQueue,
    loading: Loading,
    ticks: u32,
    /// When the next round of those is begun that are put off, so that it is not asked for twice.
    recall: Option<Timestamp>,
}

/// To itself: one that is put off is due.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Recall;

/// The progress of reading the stored ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loading {
    /// The stored entries are not read yet.
    Due,
    /// The stored entries are being read.
    UnderWay,
    /// They are in the line.
    Done,
}

impl PostponerActor {
    /// A postponer that has not read the store yet.
    pub fn new(parts: PostponerParts) -> Self {
        let PostponerParts { store, watcher, reports, clock, guard } = parts;
        let (line, loading) = (PostponedQueue::default(), Loading::Due);
        Self { store, watcher, reports, clock, guard, line, loading, ticks: 0, recall: None }
    }

    fn load(&mut self, ctx: &mut Context<Self>) {
        if self.loading != Loading::Due {
            return;
        }
        self.loading = Loading::UnderWay;
        let loading = self.store.all().into_actor(self).map(|all, actor, ctx| match all {
            Ok(all) => {
                if !all.is_empty() {
                    tracing::info!(
                        waiting = all.len(),
                        "stored requests to reconcile wait for the API server"
                    );
                }
                let replaced = actor.line.load(all);
                actor.remove(replaced);
                actor.loading = Loading::Done;
                actor.begin_round(ctx);
            }
            Err(error) => {
                tracing::error!(%error, "failed to read the stored requests to reconcile");
                actor.loading = Loading::Due;
            }
        });
        ctx.spawn(loading);
    }

    fn remove(&self, numbers: Vec<i64>) {
        if !numbers.is_empty() {
            self.store.remove(numbers);
        }
    }

    /// What was to be stored is, or not.
    fn stored(
        &mut self,
        fresh: Vec<PostponedReconcile>,
        after: Option<Duration>,
        stored: Result<Vec<i64>, String>,
        ctx: &mut Context<Self>,
    ) -> Result<(), PostponeRefusal> {
        match stored {
            Ok(numbers) => {
                let moment = self.moment();
                let after =
                    after.map(|after| SignedDuration::try_from(after).unwrap_or(SignedDuration::ZERO));
                let due = after.map(|after| moment.now.checked_add(after).unwrap_or(moment.now));
                let replaced = self.line.stored(numbers, fresh, due, moment);
                self.remove(replaced);
                self.begin_round(ctx);
                Ok(())
            }
            Err(error) => {
                self.line.not_stored(&fresh);
                Err(PostponeRefusal::Store(error))
            }
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), random: fastrand::f64() }
    }

    /// Tries the next ones, if it is time, or comes back when it is.
    fn begin_round(&mut self, ctx: &mut Context<Self>) {
        let now = self.clock.now();
        let tries = self.line.take(now);
        if tries.is_empty() {
            return self.await_recall(now, ctx);
        }
        let round = tries.into_iter().map(|one| attempt(self.watcher.clone(), one, now));
        let round = join_all(round).into_actor(self).map(|endings, actor, ctx| actor.end_round(endings, ctx));
        ctx.spawn(round);
    }

    fn await_recall(&mut self, now: Timestamp, ctx: &mut Context<Self>) {
        let Some(due) = self.line.next_due() else { return };
        let pause = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        // What comes later is for the tick.
        if pause < LATEST && self.recall.is_none_or(|known| due < known || known <= now) {
            self.recall = Some(due);
            ctx.notify_later(Recall, pause.max(SOONEST));
        }
    }

    fn end_round(&mut self, endings: Vec<(ReconcileAttempt, RetryResult)>, ctx: &mut Context<Self>) {
        let mut over = Vec::new();
        for (ReconcileAttempt { number, reconcile }, ending) in endings {
            let (receiver, resource) = (&reconcile.receiver, &reconcile.resource);
            match &ending {
                RetryResult::Done { .. } => {
                    tracing::info!(%receiver, resource, "a postponed request to reconcile was made");
                }
                RetryResult::Failed(error) => {
                    tracing::error!(%receiver, resource, error, "unable to request reconciliation");
                }
                RetryResult::Away(error) => {
                    tracing::debug!(%receiver, resource, error, "the API server is still away");
                }
            }
            if self.line.ended(number, ending) {
                over.push(number);
            }
        }
        self.remove(over);
        self.line.round_ended(self.moment());
        self.begin_round(ctx);
    }

    /// Gives up what has waited for too long.
    fn expire(&mut self) {
        let expired = self.line.expire(self.clock.now());
        for ReconcileAttempt {
            reconcile: PostponedReconcile { receiver, resource, accepted_at, .. }, ..
        } in &expired
        {
            tracing::error!(
                %receiver, resource, %accepted_at,
                "a request to reconcile waited for 24 hours for the API server and was given up"
            );
        }
        self.remove(expired.into_iter().map(|one| one.number).collect());
    }

    fn tell(&mut self) {
        let is_whole = self.ticks.is_multiple_of(REPEAT_TICKS);
        self.ticks = self.ticks.wrapping_add(1);
        let counts = self.line.news(is_whole);
        if is_whole || !counts.is_empty() {
            self.reports.hint(PostponedReport { counts, is_whole });
        }
    }
}

impl Actor for PostponerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
        let own: Addr<Self> = ctx.address();
        start_ticking(&own);
    }
}

impl Handler<Tick> for PostponerActor {
    type Result = ();

    fn handle(&mut self, _: Tick, ctx: &mut Context<Self>) {
        if self.guard.is_retired() {
            return ctx.stop();
        }
        failpoint("postponer", "tick");
        failpoint_stall(self, ctx, "postponer", "tick");
        self.load(ctx);
        if self.loading == Loading::Done {
            self.expire();
            self.begin_round(ctx);
            self.tell();
        }
    }
}

impl Handler<Recall> for PostponerActor {
    type Result = ();

    fn handle(&mut self, _: Recall, ctx: &mut Context<Self>) {
        self.recall = None;
        self.begin_round(ctx);
    }
}

impl Handler<Postpone> for PostponerActor {
    type Result = ResponseActFuture<Self, Result<(), PostponeRefusal>>;

    fn handle(&mut self, Postpone { reconciles, after }: Postpone, _: &mut Context<Self>) -> Self::Result {
        let admitted = match self.loading {
            Loading::Done => self.line.admit(reconciles, self.clock.now()),
            Loading::Due | Loading::UnderWay => {
                Err(PostponeRefusal::Store("the stored requests are not read yet".to_owned()))
            }
        };
        match admitted {
            Ok(fresh) if fresh.is_empty() => Box::pin(async { Ok(()) }.into_actor(self)),
            Ok(fresh) => {
                let storing = self.store.store(fresh.clone()).into_actor(self);
                Box::pin(storing.map(move |stored, actor, ctx| actor.stored(fresh, after, stored, ctx)))
            }
            Err(refusal) => Box::pin(async { Err(refusal) }.into_actor(self)),
        }
    }
}

impl Handler<GetSnapshot<PostponerSnapshot>> for PostponerActor {
    type Result = MessageResult<GetSnapshot<PostponerSnapshot>>;

    fn handle(&mut self, _: GetSnapshot<PostponerSnapshot>, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.line.snapshot())
    }
}
