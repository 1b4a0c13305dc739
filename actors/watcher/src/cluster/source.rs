//! Objects from the Kubernetes API. Tasks of the watcher's arbiter follow one kind each and hand it batches, one at a time;
//! they end with it.
//!
//! It owns the Secrets that Providers name, the labels that Alerts ask for, the watches, and what does not work now. An API
//! server that is away, refuses or answers garbage leaves objects as they are: every task tries again with backoff, and the
//! trouble stands in the snapshot with its remedy. Status and Kubernetes Events are decided here and written by the status
//! writer and the event recorder.

mod connection;
mod events;
mod objects;
mod plans;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, ResponseFuture};
use campanile_domain::ObjectKey;
use campanile_protocol::{
    AccountError, Announce, Backlog, EntryOutcome, LabelLookup, ReadServiceAccount, RequestReconciles,
    RequestToken, ReviewError, ReviewToken, SecretError, Secrets, TokenOwner,
};
use tokio::sync::watch;

use super::accounts;
use super::annotator::Annotator;
use super::client::ClusterConfig;
use super::label_cache::{GroupKind, LabelCache};
use super::messages::{StatusChanged, Trouble};
use super::outlet::WatcherOutlet;
use super::peers::ClusterPeers;
use super::reading::Facts;
use super::secrets::SecretCache;
use super::task::LocalTask;
use super::tasks::connect;
use super::token_reviews;
use super::version::Served;
use crate::any_kind::Before;
use crate::kind::{Id, Kind};
use crate::source::Source;
use crate::watched::Reference;
use crate::watcher::{WatcherActor, WatcherParts};
use connection::Watches;

/// Ticks between two looks at Secrets that are not watched.
const REFRESH_TICKS: u32 = 60;

/// The parts of a watcher of a cluster.
pub struct ClusterParts {
    /// The parts of every watcher.
    pub watcher: WatcherParts,
    /// Which cluster, and how much of it.
    pub config: ClusterConfig,
    /// Filled with the labels of the kinds that Alerts ask for.
    pub labels: Arc<LabelCache>,
    /// Whether this replica may speak of objects.
    pub leader: watch::Receiver<bool>,
    /// The way to the status writer and the event recorder.
    pub peers: ClusterPeers,
}

/// The watcher of cluster mode. It ends as well when one of its tasks panicked.
pub type ClusterWatcher = WatcherActor<ClusterSource>;

/// A cluster as a source of objects.
pub struct ClusterSource {
    config: ClusterConfig,
    labels: Arc<LabelCache>,
    leader: watch::Receiver<bool>,
    peers: ClusterPeers,
    secrets: Arc<SecretCache>,
    annotator: Arc<Annotator>,
    watches: Watches,
    /// How each kind is served, once it was listed.
    served: HashMap<Kind, Served>,
    /// Kinds whose labels may not be had, with the words for the status of Alerts that ask for them.
    denied: BTreeMap<GroupKind, String>,
    /// What does not work now, by what is attempted.
    troubles: BTreeMap<String, String>,
    /// What the status writer has to hear when the present message is handled.
    changed: StatusChanged,
    ticks: u32,
}

impl ClusterWatcher {
    /// Starts a watcher that knows nothing yet, and points its peers at it.
    pub fn launch(parts: ClusterParts) -> Addr<Self> {
        let peers = parts.peers.clone();
        let watcher = Self::of_cluster(parts).start();
        peers.review.point_at(&watcher);
        peers.plans.point_at(&watcher);
        peers.patched.point_at(&watcher);
        peers.troubles.point_at(&watcher);
        watcher
    }

    fn of_cluster(parts: ClusterParts) -> Self {
        let no_cross_namespace_refs = parts.config.no_cross_namespace_refs;
        let annotator = Annotator::new(parts.watcher.clock.clone(), no_cross_namespace_refs);
        let source = ClusterSource {
            annotator: Arc::new(annotator),
            config: parts.config,
            labels: parts.labels,
            leader: parts.leader,
            peers: parts.peers,
            secrets: Arc::default(),
            watches: Watches::default(),
            served: HashMap::new(),
            denied: BTreeMap::new(),
            troubles: BTreeMap::new(),
            changed: StatusChanged::default(),
            ticks: 0,
        };
        Self::new(parts.watcher, source)
    }
}

impl ClusterSource {
    fn leads(&self) -> bool {
        *self.leader.borrow()
    }

    /// Notes what does not work, or works again. The same trouble is said once.
    fn trouble(&mut self, Trouble { about, text }: Trouble) {
        match text {
            Some(text) if self.troubles.get(&about) != Some(&text) => {
                tracing::error!("{text}");
                self.troubles.insert(about, text);
            }
            Some(_) => {}
            None => {
                if self.troubles.remove(&about).is_some() {
                    tracing::info!(about, "works again");
                }
            }
        }
    }
}

impl Handler<Trouble> for ClusterWatcher {
    type Result = ();

    fn handle(&mut self, trouble: Trouble, _: &mut Context<Self>) {
        self.source.trouble(trouble);
    }
}

impl Source for ClusterSource {
    type Facts = Facts;

    fn started(watcher: &mut ClusterWatcher, ctx: &mut Context<ClusterWatcher>) {
        let connecting = connect(watcher.source.config.clone(), WatcherOutlet::new(&ctx.address()));
        watcher.source.watches.tasks.push(LocalTask::spawn(connecting));
    }

    fn ticked(watcher: &mut ClusterWatcher, ctx: &mut Context<ClusterWatcher>) {
        if watcher.source.watches.has_panicked() {
            tracing::error!("a task of the watcher panicked, starting over");
            watcher.guard.fail();
            return ctx.stop();
        }
        watcher.source.ticks += 1;
        if watcher.source.ticks.is_multiple_of(REFRESH_TICKS) {
            watcher.refresh_secrets(&ctx.address());
        }
    }

    fn read_secrets(&self, keys: Vec<ObjectKey>) -> ResponseFuture<Secrets> {
        Box::pin(self.secrets.clone().read(keys))
    }

    fn secret(&self, key: &ObjectKey) -> Result<(), SecretError> {
        self.secrets.known(key)
    }

    fn secret_count(&self) -> usize {
        self.secrets.len()
    }

    fn read_account(
        &self,
        request: ReadServiceAccount,
    ) -> ResponseFuture<Result<BTreeMap<String, String>, AccountError>> {
        Box::pin(accounts::annotations(self.watches.client(), request))
    }

    fn request_token(&self, request: RequestToken) -> ResponseFuture<Result<String, AccountError>> {
        Box::pin(accounts::token(self.watches.client(), request))
    }

    fn review_token(&self, request: ReviewToken) -> ResponseFuture<Result<TokenOwner, ReviewError>> {
        Box::pin(token_reviews::review(self.watches.client(), self.peers.clone(), request))
    }

    fn request_reconciles(&self, request: RequestReconciles) -> ResponseFuture<Vec<EntryOutcome>> {
        Box::pin(self.annotator.clone().request(self.watches.client(), request))
    }

    fn labels(&self) -> Arc<dyn LabelLookup> {
        self.labels.clone()
    }

    fn labels_denied(&self, kind: &str) -> Option<String> {
        self.denied.iter().find(|(of, _)| *of.kind == *kind).map(|(_, text)| text.clone())
    }

    fn problems(&self) -> Vec<String> {
        self.troubles.values().cloned().collect()
    }

    fn references_changed(watcher: &mut ClusterWatcher, references: &[Reference]) {
        watcher.references_changed(references);
    }

    fn judged(watcher: &mut ClusterWatcher, id: &Id, before: &Before) {
        watcher.judged(id, before);
    }

    fn status_changed(&mut self, id: Id) {
        self.changed.stale.push(id);
    }

    fn settled(watcher: &mut ClusterWatcher, urgent: bool) {
        watcher.tell_status_writer(urgent);
    }

    fn backlog_changed(watcher: &mut ClusterWatcher, before: Option<Arc<Backlog>>) {
        watcher.backlog_changed(before.as_deref());
    }

    fn announced(watcher: &mut ClusterWatcher, announce: Announce) {
        watcher.record(announce);
    }
}
