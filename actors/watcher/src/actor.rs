//! The watcher actor: follows a folder of manifests and keeps the status table.
//!
//! It owns the present state of all objects and is the only one that changes it, so subscribers hear of changes in
//! order. Until the folder was read once it sends nothing. A subscriber that can not be reached is sent the whole
//! state as soon as it can; so nobody ever misses a change, and nobody is waited for.

mod handlers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Message, WeakAddr, WrapFuture};
use campanile_protocol::Changes;
use campanile_supervision::{LifeGuard, Link, SharedClock};

use crate::status::StatusTable;
use crate::subscribers::Subscribers;
use crate::watch::{Doorbell, Observed};
use crate::{FolderError, LabelStore, Loaded, changes};

/// How often a lost folder is looked for, and an unreachable subscriber tried again.
const TICK: Duration = Duration::from_secs(1);

/// Ticks between two rescans: the safety net under the hints of the operating system.
const RESCAN_TICKS: u32 = 30;

/// The longest wait after a hint, so that files written together are read together.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// What the watcher is made of.
pub struct WatcherParts {
    /// The folder of manifests, or one manifest.
    pub manifests: PathBuf,
    /// Tells when conditions change.
    pub clock: SharedClock,
    /// Tells the supervisor when the watcher ends.
    pub guard: LifeGuard<&'static str>,
    /// Who hears of changes.
    pub subscribers: Vec<Link<Changes>>,
    /// Filled from the manifests.
    pub labels: Arc<LabelStore>,
}

/// The watcher in standalone mode. It ends when its last address is dropped.
pub struct WatcherActor {
    manifests: PathBuf,
    clock: SharedClock,
    subscribers: Subscribers,
    labels: Arc<LabelStore>,
    /// The folder; none while it is being read on the blocking pool.
    observed: Option<Observed>,
    /// Whether the folder is to be read again as soon as it is back.
    again: bool,
    ticks: u32,
    /// Why the folder can not be read now.
    lost: Option<String>,
    /// The present state; none before the first load.
    loaded: Option<Loaded>,
    status: StatusTable,
    guard: LifeGuard<&'static str>,
}

/// A moment passed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Tick;

impl WatcherActor {
    /// A watcher that has read nothing yet.
    pub fn new(parts: WatcherParts) -> Self {
        Self {
            manifests: parts.manifests,
            clock: parts.clock,
            subscribers: Subscribers::new(parts.subscribers),
            labels: parts.labels,
            observed: None,
            again: false,
            ticks: 0,
            lost: None,
            loaded: None,
            status: StatusTable::default(),
            guard: parts.guard,
        }
    }

    /// Reads the folder on the blocking pool, now or as soon as the present reading ends.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let Some(mut observed) = self.observed.take() else {
            self.again = true;
            return;
        };
        self.ticks = 0;
        let reading = tokio::task::spawn_blocking(move || {
            let outcome = observed.look();
            (observed, outcome)
        });
        let reading = reading.into_actor(self).map(|finished, this, ctx| match finished {
            Ok((observed, outcome)) => this.looked(observed, outcome, ctx),
            Err(error) => {
                tracing::error!(%error, "reading the manifests panicked, starting over");
                this.observed = Some(this.observe(ctx));
            }
        });
        ctx.spawn(reading);
    }

    fn observe(&self, ctx: &Context<Self>) -> Observed {
        Observed::new(self.manifests.clone(), Doorbell::new(ctx.address().downgrade()))
    }

    fn looked(
        &mut self,
        observed: Observed,
        outcome: Result<Option<Loaded>, FolderError>,
        ctx: &mut Context<Self>,
    ) {
        self.observed = Some(observed);
        match outcome {
            Ok(news) => {
                if self.lost.take().is_some() {
                    tracing::info!(folder = %self.manifests.display(), "manifests folder is back");
                }
                // An empty folder is news once: it says that there is nothing.
                if let Some(loaded) = news.or_else(|| self.loaded.is_none().then(Loaded::default)) {
                    self.apply(loaded);
                }
            }
            Err(error) => {
                let message = error.to_string();
                if self.lost.as_ref() != Some(&message) {
                    tracing::error!("{message}");
                }
                self.lost = Some(message);
            }
        }
        if std::mem::take(&mut self.again) {
            self.look(ctx);
        }
    }

    fn apply(&mut self, mut loaded: Loaded) {
        self.log_problems(&loaded);
        let relabelled = self.labels.replace(&loaded.labels);
        let mut news = match &self.loaded {
            None => changes::initial(&loaded),
            Some(old) => changes::between(old, &mut loaded),
        };
        news.labels |= relabelled;
        self.status.update(&loaded, self.clock.now());
        self.loaded = Some(loaded);
        if !changes::is_empty(&news) && !self.guard.is_retired() {
            self.subscribers.publish(&news);
        }
        // Those who asked for the whole state before there was one do not wait for the next tick.
        self.catch_up();
    }

    fn log_problems(&self, loaded: &Loaded) {
        let known = self.loaded.as_ref().map_or(&[][..], |old| &old.problems);
        for problem in loaded.problems.iter().filter(|problem| !known.contains(problem)) {
            tracing::error!("{problem}");
        }
    }

    /// Sends the whole state to those who missed something.
    fn catch_up(&mut self) {
        let Some(loaded) = self.loaded.as_ref().filter(|_| !self.guard.is_retired()) else { return };
        self.subscribers.catch_up(|| changes::initial(loaded));
    }
}

impl Actor for WatcherActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.observed = Some(self.observe(ctx));
        self.look(ctx);
        actix::spawn(tick(ctx.address().downgrade()));
    }
}

/// Ticks from outside of the actor: a timer of its own would keep it alive after its last address is gone.
async fn tick(watcher: WeakAddr<WatcherActor>) {
    loop {
        tokio::time::sleep(TICK).await;
        match watcher.upgrade() {
            Some(watcher) => watcher.do_send(Tick),
            None => return,
        }
    }
}
