//! The connection to the API server, and the watches that stand on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, AsyncContext, Context, Handler};
use kube::Client;

use super::ClusterWatcher;
use crate::cluster::messages::{Connected, Unauthorized};
use crate::cluster::outlet::{WatcherOutlet, weak};
use crate::cluster::reading::Facts;
use crate::cluster::task::LocalTask;
use crate::cluster::tasks::{WatchScope, connect, watch_objects, watch_secrets};
use crate::cluster::token_reviews;
use crate::kind::Kind;
use crate::kinds::{ForEachKind, KeptIn, for_each_kind};

/// How long after a refused token the kubeconfig is read again: it may have been renewed.
const RECONNECT: Duration = Duration::from_secs(15);

/// The tasks that watch, and where they look.
#[derive(Default)]
pub(super) struct Watches {
    /// Where to look; none before there is a client.
    pub(super) scope: Option<WatchScope>,
    pub(super) tasks: Vec<LocalTask>,
    /// The watch of the labels of each kind that an Alert asks for.
    pub(super) labels: HashMap<Arc<str>, LocalTask>,
    /// Looks at Secrets that are not watched.
    pub(super) refreshing: Option<LocalTask>,
    /// Finds out whether tokens of senders can be reviewed.
    trial: Option<LocalTask>,
    /// On its way to a new client.
    reconnecting: Option<LocalTask>,
}

impl Watches {
    /// The client, once there is one.
    pub(super) fn client(&self) -> Option<Client> {
        self.scope.as_ref().map(|scope| scope.client.clone())
    }

    /// Whether a task has ended that never should.
    pub(super) fn has_panicked(&self) -> bool {
        self.tasks.iter().chain(self.labels.values()).any(LocalTask::is_finished)
    }
}

/// Begins to watch each kind.
struct Watching<'a> {
    tasks: Vec<LocalTask>,
    scope: &'a WatchScope,
    watcher: &'a Addr<ClusterWatcher>,
    /// Which kinds are looked at.
    wanted: &'a dyn Fn(Kind) -> bool,
}

impl ForEachKind<Facts> for Watching<'_> {
    fn visit<K: KeptIn<Facts>>(&mut self) {
        if !(self.wanted)(K::KIND) {
            return;
        }
        self.tasks.push(LocalTask::spawn(watch_objects::<K>(self.scope.clone(), weak(self.watcher))));
    }
}

impl Handler<Connected> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, Connected(client): Connected, ctx: &mut Context<Self>) {
        let source = &mut self.source;
        source.peers.client.set(client.clone());
        source.secrets.connected(client.clone());
        if let Some(audience) = source.config.review_audience.clone() {
            let trial = token_reviews::trial(client.clone(), source.peers.clone(), audience);
            source.watches.trial = Some(LocalTask::spawn(trial));
        }
        let namespace = source.config.namespace.as_deref().map(Arc::from);
        let scope = WatchScope { client, namespace, outlet: WatcherOutlet::new(&ctx.address()) };
        let secrets = LocalTask::spawn(watch_secrets(scope.clone(), source.config.secrets.clone()));
        let (watcher, wanted) = (ctx.address(), |kind| self.watches(kind));
        let mut watching =
            Watching { tasks: vec![secrets], scope: &scope, watcher: &watcher, wanted: &wanted };
        for_each_kind(&mut watching);
        let (tasks, source) = (watching.tasks, &mut self.source);
        source.watches.tasks = tasks;
        source.watches.scope = Some(scope);
        // Of a client that there was before.
        source.watches.labels.clear();
        self.follow_labels();
    }
}

impl Handler<Unauthorized> for ClusterWatcher {
    type Result = ();

    /// Reads the kubeconfig anew after a while, once for all tasks that were refused.
    fn handle(&mut self, _: Unauthorized, ctx: &mut Context<Self>) {
        let (outlet, config) = (WatcherOutlet::new(&ctx.address()), self.source.config.clone());
        let watches = &mut self.source.watches;
        let pending = watches.reconnecting.as_ref().is_some_and(|task| !task.is_finished());
        if !pending {
            watches.reconnecting = Some(LocalTask::spawn(async move {
                tokio::time::sleep(RECONNECT).await;
                connect(config, outlet).await;
            }));
        }
    }
}
