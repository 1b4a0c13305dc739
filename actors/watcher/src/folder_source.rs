//! Objects from a folder of manifests. They are read and parsed on the blocking pool, whenever the operating system says
//! that something was touched, and at intervals.
//!
//! It owns the folder, its Secrets and what cannot be used of it. What a file says counts until the file says something
//! else that can be used; a folder that is gone leaves everything as it was.

mod batch;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, ResponseFuture, WrapFuture, fut};
use campanile_domain::ObjectKey;
use campanile_protocol::{
    AccountError, Changes, EntryOutcome, LabelLookup, ReadServiceAccount, ReconcileError, RequestReconciles,
    RequestToken, ReviewError, ReviewToken, SecretError, Secrets, TokenOwner,
};

use crate::kinds::{ForEachKind, KeptIn, for_each_kind};
use crate::source::Source;
use crate::watch::{ChangeNotifier, ObservedFolder, Touched};
use crate::watcher::{News, WatcherActor, WatcherParts};
use crate::{Finding, FolderError, LabelStore, Loaded};

/// Ticks between two rescans: the safety net under the hints of the operating system.
const RESCAN_TICKS: u32 = 30;

/// The longest wait after a hint, so that files written together are read together.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// The parts of a watcher of a folder.
pub struct FolderParts {
    /// The parts of every watcher.
    pub watcher: WatcherParts,
    /// The folder of manifests, or one manifest.
    pub manifests: PathBuf,
    /// The store of labels, filled from the manifests.
    pub labels: Arc<LabelStore>,
}

/// The watcher of standalone mode.
pub type FolderWatcher = WatcherActor<FolderSource>;

/// A folder of manifests as a source of objects.
pub struct FolderSource {
    manifests: PathBuf,
    labels: Arc<LabelStore>,
    /// The folder; none while it is being read on the blocking pool.
    observed: Option<ObservedFolder>,
    /// Whether the folder is to be read again as soon as it is back.
    again: bool,
    ticks: u32,
    /// Why the folder cannot be read now.
    lost: Option<String>,
    /// What it holds beside the objects that the watcher owns; none before it was read once.
    loaded: Option<Loaded>,
    /// The warnings that were logged, without their places: there is one for each kind and version.
    warned: BTreeSet<String>,
}

impl FolderWatcher {
    /// Starts a watcher that has read nothing yet.
    pub fn launch(parts: FolderParts) -> Addr<Self> {
        let source = FolderSource {
            manifests: parts.manifests,
            labels: parts.labels,
            observed: None,
            again: false,
            ticks: 0,
            lost: None,
            loaded: None,
            warned: BTreeSet::new(),
        };
        Self::new(parts.watcher, source).start()
    }

    /// Reads the folder on the blocking pool, now or as soon as the present reading ends.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let Some(mut observed) = self.source.observed.take() else {
            self.source.again = true;
            return;
        };
        self.source.ticks = 0;
        let reading = tokio::task::spawn_blocking(move || {
            let outcome = observed.look();
            (observed, outcome)
        });
        let reading = reading.into_actor(self).map(|finished, this, ctx| match finished {
            Ok((observed, outcome)) => this.looked(observed, outcome, ctx),
            Err(error) => {
                tracing::error!(%error, "reading the manifests panicked, starting over");
                this.source.observed = Some(this.source.observe(ctx));
            }
        });
        ctx.spawn(reading);
    }

    fn looked(
        &mut self,
        observed: ObservedFolder,
        outcome: Result<Option<Loaded>, FolderError>,
        ctx: &mut Context<Self>,
    ) {
        self.source.observed = Some(observed);
        match outcome {
            Ok(news) => {
                if self.source.lost.take().is_some() {
                    tracing::info!(folder = %self.source.manifests.display(), "manifests folder is back");
                }
                // An empty folder is news once: it says that there is nothing.
                let is_new = self.source.loaded.is_none();
                if let Some(loaded) = news.or_else(|| is_new.then(|| Loaded::nothing(&self.source.manifests)))
                {
                    self.take(loaded);
                }
            }
            Err(error) => self.source.lose(&error),
        }
        if std::mem::take(&mut self.source.again) {
            self.look(ctx);
        }
    }

    /// Takes in what the folder says now.
    fn take(&mut self, mut loaded: Loaded) {
        self.source.log_findings(&loaded);
        self.source.log_warnings(&loaded);
        let mut news = self.news();
        news.changes = Changes {
            labels: self.source.labels.replace(&loaded.labels),
            secrets: batch::changed_secrets(self.source.loaded.as_ref(), &mut loaded),
            requested: batch::requested(self.source.loaded.as_ref(), &loaded),
            ..Changes::default()
        };
        for_each_kind(&mut Taking { watcher: self, loaded: &mut loaded, news: &mut news });
        // Judging asks for Secrets.
        self.source.loaded = Some(loaded);
        let secrets = news.changes.secrets.clone();
        self.settle(news);
        self.look_for_secrets(&secrets);
    }
}

/// Hands the objects of each kind to the watcher.
struct Taking<'a> {
    watcher: &'a mut FolderWatcher,
    loaded: &'a mut Loaded,
    news: &'a mut News,
}

impl ForEachKind<()> for Taking<'_> {
    fn visit<K: KeptIn<()>>(&mut self) {
        if !self.watcher.watches(K::KIND) {
            return;
        }
        let batch = batch::whole(self.loaded, K::state(&self.watcher.kinds));
        self.watcher.apply(batch, self.news);
    }
}

impl FolderSource {
    fn observe(&self, ctx: &Context<FolderWatcher>) -> ObservedFolder {
        let notifier = ChangeNotifier::new(ctx.address().recipient().downgrade());
        ObservedFolder::new(self.manifests.clone(), notifier)
    }

    fn lose(&mut self, error: &FolderError) {
        let message = error.to_string();
        if self.lost.as_ref() != Some(&message) {
            tracing::error!("{message}");
        }
        self.lost = Some(message);
    }

    /// Warns as the API server would of a write, but once: of many objects alike the first is named.
    fn log_warnings(&mut self, loaded: &Loaded) {
        for warning in &loaded.logged {
            let message = warning.message();
            if !self.warned.contains(&message) {
                let alike = loaded.logged.iter().filter(|other| other.message() == message).count();
                tracing::warn!(objects = alike, "{}", warning.said());
                self.warned.insert(message);
            }
        }
    }

    /// Says what is wrong and was not said before. What can be used is used, so none of it is an error of the program.
    fn log_findings(&self, loaded: &Loaded) {
        let known: HashSet<String> = self.loaded.iter().flat_map(Loaded::said).map(Finding::said).collect();
        for finding in loaded.said() {
            let said = finding.said();
            if !known.contains(&said) {
                tracing::warn!(rule = finding.rule.id(), "{said}");
            }
        }
    }
}

impl Handler<Touched> for FolderWatcher {
    type Result = ();

    fn handle(&mut self, _: Touched, ctx: &mut Context<Self>) {
        ctx.run_later(DEBOUNCE, Self::look);
    }
}

impl Source for FolderSource {
    type Facts = ();

    fn started(watcher: &mut FolderWatcher, ctx: &mut Context<FolderWatcher>) {
        watcher.source.observed = Some(watcher.source.observe(ctx));
        watcher.look(ctx);
    }

    fn ticked(watcher: &mut FolderWatcher, ctx: &mut Context<FolderWatcher>) {
        watcher.source.ticks += 1;
        if watcher.source.lost.is_some() || watcher.source.ticks >= RESCAN_TICKS {
            watcher.look(ctx);
        }
    }

    fn read_secrets(&self, keys: Vec<ObjectKey>) -> ResponseFuture<Secrets> {
        let read = |key: ObjectKey| {
            let secret = match &self.loaded {
                Some(loaded) => loaded.secret(key.clone()),
                None => {
                    let cause = "the manifests are not loaded yet".to_owned();
                    Err(SecretError::Unreadable { key: key.clone(), cause })
                }
            };
            (key, secret)
        };
        let secrets: Secrets = keys.into_iter().map(read).collect();
        Box::pin(fut::ready(secrets))
    }

    fn secret(&self, key: &ObjectKey) -> Result<(), SecretError> {
        self.loaded.as_ref().map_or(Ok(()), |loaded| loaded.secret(key.clone()).map(drop))
    }

    fn all_secrets(&self) -> Vec<ObjectKey> {
        let keys = |loaded: &Loaded| {
            loaded.secrets.keys().chain(loaded.unreadable_secrets.keys()).cloned().collect()
        };
        self.loaded.as_ref().map(keys).unwrap_or_default()
    }

    fn secret_count(&self) -> usize {
        self.loaded.as_ref().map_or(0, |loaded| loaded.secrets.len())
    }

    fn read_account(
        &self,
        ReadServiceAccount(key): ReadServiceAccount,
    ) -> ResponseFuture<Result<BTreeMap<String, String>, AccountError>> {
        Box::pin(fut::ready(Err(AccountError::NoCluster(key))))
    }

    fn request_token(&self, request: RequestToken) -> ResponseFuture<Result<String, AccountError>> {
        Box::pin(fut::ready(Err(AccountError::NoCluster(request.account))))
    }

    /// Refuses the review: there is nobody to ask here, either.
    fn review_token(&self, _: ReviewToken) -> ResponseFuture<Result<TokenOwner, ReviewError>> {
        Box::pin(fut::ready(Err(ReviewError::NoCluster)))
    }

    /// There is nothing to annotate here, and nobody asks: a webhook becomes an event.
    fn request_reconciles(&self, request: RequestReconciles) -> ResponseFuture<Vec<EntryOutcome>> {
        let none = || ReconcileError::Unavailable("there is no cluster to ask".to_owned());
        let entries = request.selection.receiver().resources.len();
        Box::pin(fut::ready((0..entries).map(|_| Err(none())).collect()))
    }

    fn labels(&self) -> Arc<dyn LabelLookup> {
        self.labels.clone()
    }

    fn problems(&self) -> Vec<String> {
        let problems = self.loaded.as_ref().map_or(&[][..], |loaded| &loaded.problems);
        self.lost.iter().cloned().chain(problems.iter().map(Finding::said)).collect()
    }
}
