//! The watcher actor: owns the present state of all objects, and is the only one that changes it.
//!
//! It owns the objects of every kind and how each stands ([`Kinds`]), what the outbox holds of them, and who is told of
//! changes. Where objects come from is its [`Source`]'s concern: a folder of manifests or a cluster. **Promises**:
//! subscribers hear nothing until every kind was listed, and everything in order from then on; one that cannot be reached
//! is sent the whole state as soon as it can, so nobody ever misses a change, and nobody is waited for. It ends when its last
//! address is dropped.

mod handlers;
mod looks;
mod receivers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, WeakRecipient};
use campanile_domain::ObjectKey;
use campanile_protocol::{Backlog, Change, Changes, ReceiverStanding};
use campanile_supervision::{LifeGuard, Link, SharedClock};
use jiff::Timestamp;

use crate::any_kind::AnyKind;
use crate::batch::Batch;
use crate::kind::{Id, Kind};
use crate::kind_state::Sighting;
use crate::kinds::{KeptIn, Kinds, Resolver};
use crate::source::Source;
use crate::subscribers::Subscribers;
use crate::tick::start_ticking;
use crate::watched::Reference;
use looks::Looks;
pub use looks::RetryDelays;
use receivers::LookNow;

/// The parts of every watcher, whatever its source.
pub struct WatcherParts {
    /// The clock, by which conditions change.
    pub clock: SharedClock,
    /// Tells the supervisor when the watcher ends.
    pub guard: LifeGuard<&'static str>,
    /// The actors that hear of changes.
    pub subscribers: Vec<Link<Changes>>,
    /// The mode in which Receivers are served.
    pub receivers: Receivers,
    /// Pauses between looks at the token of a Receiver that is missing.
    pub retry_delays: RetryDelays,
}

/// What is done about Receivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receivers {
    /// Receivers take webhooks in this mode.
    #[default]
    Serve,
    /// They are not looked at.
    Ignore,
}

/// The watcher of objects from a source.
pub struct WatcherActor<S: Source> {
    pub(crate) kinds: Kinds<S::Facts>,
    /// What the outbox holds; none before it was counted.
    pub(crate) backlog: Option<Arc<Backlog>>,
    pub(crate) clock: SharedClock,
    pub(crate) guard: LifeGuard<&'static str>,
    pub(crate) source: S,
    subscribers: Subscribers,
    receivers: Receivers,
    looks: Looks,
    /// How Receivers stand, as subscribers know it.
    told: BTreeMap<ObjectKey, ReceiverStanding>,
    /// What they are to be told of that.
    standings: Vec<ReceiverStanding>,
    /// Its own mailbox; none before the start.
    own: Option<WeakRecipient<LookNow>>,
    /// Providers of which messages fail, and when they have failed for longer than an attempt may take.
    pub(crate) failing: BTreeMap<ObjectKey, Timestamp>,
}

/// Consequences of batches that are not judged and told yet.
pub(crate) struct News {
    /// Whether objects were not known before.
    first: bool,
    pub(crate) changes: Changes,
    judge: BTreeSet<Id>,
    moved: Vec<Id>,
    /// The objects that are gone.
    pub(crate) gone: Vec<Id>,
    /// Objects that changed and have a violation of their own.
    pub(crate) faulty: Vec<Id>,
    references: BTreeSet<Reference>,
    /// Receivers that changed, whose tokens are to be looked at.
    looks: Vec<ObjectKey>,
}

impl News {
    /// Has the token of a Receiver looked at.
    pub(crate) fn look_at(&mut self, receiver: ObjectKey) {
        self.looks.push(receiver);
    }
}

impl<S: Source> WatcherActor<S> {
    pub(crate) fn new(parts: WatcherParts, source: S) -> Self {
        Self {
            kinds: Kinds::default(),
            backlog: None,
            clock: parts.clock,
            guard: parts.guard,
            source,
            subscribers: Subscribers::new(parts.subscribers),
            receivers: parts.receivers,
            looks: Looks::new(parts.retry_delays),
            told: BTreeMap::new(),
            standings: Vec::new(),
            own: None,
            failing: BTreeMap::new(),
        }
    }

    /// Whether all objects are known.
    pub(crate) fn is_loaded(&self) -> bool {
        self.kinds.are_listed()
    }

    /// Whether objects of a kind are looked at.
    pub(crate) fn watches(&self, kind: Kind) -> bool {
        kind != Kind::Receiver || self.receivers == Receivers::Serve
    }

    /// Begins to take in batches.
    pub(crate) fn news(&self) -> News {
        News {
            first: !self.is_loaded(),
            changes: Changes::default(),
            judge: BTreeSet::new(),
            moved: Vec::new(),
            gone: Vec::new(),
            faulty: Vec::new(),
            references: BTreeSet::new(),
            looks: Vec::new(),
        }
    }

    /// Takes a batch of one kind in; nothing is judged or told before [`settle`](Self::settle).
    pub(crate) fn apply<K: KeptIn<S::Facts>>(
        &mut self,
        batch: Batch<Sighting<K, S::Facts>>,
        news: &mut News,
    ) {
        let id = |key| (K::KIND, key);
        let state = K::state_mut(&mut self.kinds);
        let applied = state.apply(batch, self.clock.now());
        let changed = applied.changes.iter().filter_map(|change| match change {
            Change::Applied(spec) if state.is_faulty(spec.key()) => Some(id(spec.key().clone())),
            Change::Applied(_) | Change::Deleted(_) => None,
        });
        news.faulty.extend(changed);
        news.gone.extend(applied.gone.into_iter().filter(|key| !state.is_known(key)).map(id));
        news.references.extend(applied.references);
        if K::KIND == Kind::Receiver {
            for change in &applied.changes {
                match change {
                    Change::Applied(spec) => news.looks.push(spec.key().clone()),
                    Change::Deleted(key) => {
                        self.looks.forget(key);
                        self.told.remove(key);
                    }
                }
            }
        }
        // The first time everything is judged and told.
        if !news.first {
            news.judge.extend(applied.seen.into_iter().map(id));
            news.moved.extend(applied.moved.into_iter().map(id));
            K::changes(&mut news.changes).extend(applied.changes);
        }
    }

    /// Judges and tells what follows from batches.
    pub(crate) fn settle(&mut self, news: News) {
        let references: Vec<Reference> = news.references.into_iter().collect();
        S::references_changed(self, &references);
        if news.first && self.is_loaded() {
            self.kinds.ids().iter().for_each(|id| self.judge(id));
            self.subscribers.mark_all_behind();
        } else if self.is_loaded() {
            let mut judge = news.judge;
            judge.extend(news.moved.into_iter().flat_map(|id| self.kinds.owners(&Reference::Object(id))));
            judge.iter().for_each(|id| self.judge(id));
            self.publish(&news.changes);
        }
        news.looks.into_iter().for_each(|receiver| self.mark_look(receiver));
        self.catch_up();
        S::settled(self, true);
    }

    /// Judges an object anew, once all are known: an earlier judgement could not know of the others.
    pub(crate) fn judge(&mut self, id: &Id) {
        if !self.is_loaded() {
            return;
        }
        let (kind, key) = id;
        let secret = |key: &_| self.source.secret(key);
        let labels_denied = |kind: &str| self.source.labels_denied(kind);
        let resolver = Resolver { kinds: &self.kinds, secret: &secret, labels_denied: &labels_denied };
        let unresolved = self.kinds.get(*kind).unresolved(key, &resolver);
        let now = self.clock.now();
        if let Some(before) = self.kinds.get_mut(*kind).judge(key, unresolved, now) {
            S::judged(self, id, &before);
        }
        if *kind == Kind::Receiver {
            self.note_standing(key);
        }
    }

    /// Tells subscribers, once everything is known; how Receivers stand with it, where that changed.
    pub(crate) fn publish(&mut self, news: &Changes) {
        let standings = std::mem::take(&mut self.standings);
        let news = Changes { standings, ..news.clone() };
        if self.is_loaded() && !self.guard.is_retired() && !news.is_empty() {
            self.subscribers.publish(&news);
        }
    }

    /// Sends the whole state to those who missed something.
    pub(crate) fn catch_up(&mut self) {
        if self.is_loaded() && !self.guard.is_retired() {
            let standings = self.standings();
            let Self { subscribers, kinds, source, .. } = self;
            let whole =
                || Changes { secrets: source.all_secrets(), standings: standings.clone(), ..kinds.whole() };
            subscribers.catch_up(whole);
        }
    }

    /// One line for each thing that does not work or cannot be used.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.source.problems().into_iter().chain(self.kinds.problems()).collect()
    }
}

impl<S: Source> Actor for WatcherActor<S> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.own = Some(ctx.address().recipient().downgrade());
        S::started(self, ctx);
        start_ticking(&ctx.address());
    }
}
