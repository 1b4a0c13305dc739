//! The watcher actor of cluster mode: owns the present state and is the only one that changes it.
//!
//! Subscribers hear nothing until Alerts and Providers were both listed, and everything in order from then on. One that
//! can not be reached is sent the whole state as soon as it can. Only the leader writes to objects.

mod announcements;
mod handlers;
mod judge;
pub(crate) mod news;
#[cfg(test)]
mod tests;
mod turns;
mod writes;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Message, WeakAddr};
use campanile_domain::{Alert, ObjectKey, ProviderSpec};
use campanile_protocol::{Change, Changes};
use campanile_supervision::{LifeGuard, Link, SharedClock};
use tokio::sync::{Notify, watch};

use super::announcer::Announcer;
use super::client::ClusterConfig;
use super::label_cache::LabelCache;
use super::listing::Listing;
use super::refs::Refs;
use super::secrets::SecretCache;
use super::tasks::{self, Scope, Task, announce, write};
use super::writer::WriteQueue;
use crate::changes;
use crate::status::StatusTable;
use crate::subscribers::Subscribers;

/// How often an unreachable subscriber is tried again and the tasks are looked after.
const TICK: Duration = Duration::from_secs(1);

/// Ticks between two looks at Secrets that are not watched.
const REFRESH_TICKS: u32 = 60;

/// How long after a refused token the kubeconfig is read again: it may have been renewed.
const RECONNECT: Duration = Duration::from_secs(15);

/// What the watcher is made of.
pub struct ClusterParts {
    /// Which cluster, and how much of it.
    pub config: ClusterConfig,
    /// Tells when conditions change.
    pub clock: SharedClock,
    /// Tells the supervisor when the watcher ends.
    pub guard: LifeGuard<&'static str>,
    /// Who hears of changes.
    pub subscribers: Vec<Link<Changes>>,
    /// Filled with the labels of the kinds that Alerts ask for.
    pub labels: Arc<LabelCache>,
    /// Whether this replica may write to objects.
    pub leader: watch::Receiver<bool>,
}

/// The watcher in cluster mode. It ends when its last address is dropped, and when one of its tasks panicked.
pub struct ClusterWatcherActor {
    config: ClusterConfig,
    clock: SharedClock,
    subscribers: Subscribers,
    labels: Arc<LabelCache>,
    leader: watch::Receiver<bool>,
    alerts: Listing<Alert>,
    providers: Listing<ProviderSpec>,
    secrets: Arc<SecretCache>,
    status: StatusTable,
    /// Which Alerts name a Provider.
    alerts_of: Refs<ObjectKey>,
    /// Which Alerts ask for labels of a kind.
    label_users: Refs<&'static str>,
    /// What does not work now.
    troubles: BTreeMap<String, String>,
    writes: WriteQueue,
    /// Rung when there may be something to write.
    write_bell: Arc<Notify>,
    announcer: Announcer,
    /// Rung when there is something to announce.
    announce_bell: Arc<Notify>,
    /// Whether it was said that status can not be kept.
    said_no_status: bool,
    ticks: u32,
    /// Where to look; none before there is a client.
    scope: Option<Scope>,
    tasks: Vec<Task>,
    label_tasks: HashMap<&'static str, Task>,
    refreshing: Option<Task>,
    /// On its way to a new client.
    reconnecting: Option<Task>,
    guard: LifeGuard<&'static str>,
}

/// A moment passed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Tick;

/// Secrets turned out to be different.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct SecretsDiffer(Vec<ObjectKey>);

impl ClusterWatcherActor {
    /// A watcher that knows nothing yet.
    pub fn new(parts: ClusterParts) -> Self {
        Self {
            writes: WriteQueue::counted(parts.config.meters.reconciles.clone()),
            config: parts.config,
            clock: parts.clock,
            subscribers: Subscribers::new(parts.subscribers),
            labels: parts.labels,
            leader: parts.leader,
            alerts: Listing::default(),
            providers: Listing::default(),
            secrets: Arc::default(),
            status: StatusTable::default(),
            alerts_of: Refs::default(),
            label_users: Refs::default(),
            troubles: BTreeMap::new(),
            write_bell: Arc::default(),
            announcer: Announcer::default(),
            announce_bell: Arc::default(),
            said_no_status: false,
            ticks: 0,
            scope: None,
            tasks: Vec::new(),
            label_tasks: HashMap::new(),
            refreshing: None,
            reconnecting: None,
            guard: parts.guard,
        }
    }

    /// Whether all objects are known.
    fn loaded(&self) -> bool {
        self.alerts.served.is_some() && self.providers.served.is_some()
    }

    /// Everything there is.
    fn whole(&self) -> Changes {
        Changes {
            initial: true,
            alerts: self.alerts.kept.values().map(|alert| Change::Applied(alert.spec.clone())).collect(),
            providers: self.providers.kept.values().map(|kept| Change::Applied(kept.spec.clone())).collect(),
            secrets: Vec::new(),
            labels: true,
        }
    }

    /// Tells subscribers, once everything is known.
    fn publish(&mut self, news: &Changes) {
        if self.loaded() && !self.guard.is_retired() && !changes::is_empty(news) {
            self.subscribers.publish(news);
        }
        self.catch_up();
    }

    fn catch_up(&mut self) {
        if self.loaded() && !self.guard.is_retired() {
            let mut subscribers = std::mem::replace(&mut self.subscribers, Subscribers::new(Vec::new()));
            subscribers.catch_up(|| self.whole());
            self.subscribers = subscribers;
        }
    }

    /// The client, once there is one.
    pub(super) fn client(&self) -> Option<kube::Client> {
        self.scope.as_ref().map(|scope| scope.client.clone())
    }

    fn follow_all(&mut self, scope: &Scope) {
        self.secrets.connected(scope.client.clone());
        self.tasks = vec![
            Task::spawn(tasks::watch_objects::<Alert>(scope.clone())),
            Task::spawn(tasks::watch_objects::<ProviderSpec>(scope.clone())),
            Task::spawn(tasks::watch_secrets(scope.clone())),
            Task::spawn(write::write(scope.clone(), self.write_bell.clone())),
            Task::spawn(announce::announce(scope.clone(), self.announce_bell.clone())),
        ];
    }

    fn refresh_secrets(&mut self, watcher: WeakAddr<Self>) {
        let secrets = self.secrets.clone();
        self.refreshing = Some(Task::spawn(async move {
            let changed = secrets.refresh().await;
            tasks::tell(&watcher, SecretsDiffer(changed)).await;
        }));
    }
}

impl Actor for ClusterWatcherActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let watcher = ctx.address().downgrade();
        self.tasks.push(Task::spawn(tasks::connect(self.config.clone(), watcher.clone())));
        actix::spawn(tick(watcher));
    }
}

/// Ticks from outside of the actor: a timer of its own would keep it alive after its last address is gone.
async fn tick(watcher: WeakAddr<ClusterWatcherActor>) {
    loop {
        tokio::time::sleep(TICK).await;
        match watcher.upgrade() {
            Some(watcher) => watcher.do_send(Tick),
            None => return,
        }
    }
}
