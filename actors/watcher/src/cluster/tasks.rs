//! The tasks beside the watcher: each follows one thing of the API server and tells the watcher, one batch at a time.
//!
//! They hold the watcher's address weakly and end when it is gone. A task ends at once when its [`Task`] is dropped.

pub(crate) mod announce;
pub(crate) mod write;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Handler, Message, WeakAddr};
use campanile_crds::GROUP;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};

use super::actor::ClusterWatcherActor;
use super::actor::news::{Connected, LabelNews, SecretNews, SecretsWatched, Told, Trouble, Unauthorized};
use super::batch::{Batch, key_of};
use super::client::ClusterConfig;
use super::follow::{Ended, Listener, Pauses, follow};
use super::kind::Watched;
use super::label_cache::Labelled;
use super::reading::{Reading, read};
use super::secrets::Notice;
use super::source_kinds::SourceKind;
use super::trouble;
use super::version::{Served, discover, scoped};

/// How often the queue of writes is looked at when nothing says that there is one.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);

/// How long one write may take.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// How long the answer to a question about what is served may take.
const QUESTION_PATIENCE: Duration = Duration::from_secs(10);

/// What the API server shows as the author of fields (contract, control plane 3.1).
const FIELD_MANAGER: &str = "notification-controller";

/// How often a kind that is served in an old way is asked for anew: its definition may have been brought up to date.
const REDISCOVER: Duration = Duration::from_secs(300);

type Watcher = WeakAddr<ClusterWatcherActor>;

/// A task that ends when this is dropped.
pub(crate) struct Task(tokio::task::JoinHandle<()>);

impl Task {
    pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        Self(actix::spawn(work))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where to look.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) client: Client,
    /// The only namespace; none means all.
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) watcher: Watcher,
}

/// Makes a client, however long it takes.
pub(crate) async fn connect(config: ClusterConfig, watcher: Watcher) {
    let mut pauses = Pauses::new();
    loop {
        match config.connect().await {
            Ok(client) => {
                say(&watcher, "client", None).await;
                tell(&watcher, Connected(client)).await;
                return;
            }
            Err(error) => {
                let text = Some(format!("failed to {error}"));
                if !say(&watcher, "client", text).await {
                    return;
                }
            }
        }
        pauses.pause().await;
    }
}

/// Follows all objects of a kind, in the best version that is served.
pub(crate) async fn watch_objects<T: Watched>(scope: Scope)
where
    ClusterWatcherActor: Handler<Told<T>>,
{
    let (kind, mut pauses) = (T::KIND, Pauses::new());
    let aim = format!("watch {}", kind.plural());
    loop {
        let text = match in_time(discover(&scope.client, kind)).await {
            Ok(Some(served)) => {
                let patience = if served.is_best() { Duration::MAX } else { REDISCOVER };
                match tokio::time::timeout(patience, follow_objects::<T>(&scope, served, &aim)).await {
                    Ok(Ended::Unserved) => None,
                    Ok(Ended::Unheard) => return,
                    Err(_) => continue,
                }
            }
            Ok(None) => Some(format!(
                "failed to {aim}: the API server serves no {kind} of {GROUP}; install it: campanile crds | kubectl apply -f -",
                kind = kind.name()
            )),
            Err(error) => Some(reject(&scope.watcher, &aim, &error).await),
        };
        if text.is_some() && !say(&scope.watcher, &aim, text).await {
            return;
        }
        pauses.pause().await;
    }
}

async fn follow_objects<T: Watched>(scope: &Scope, served: Served, aim: &str) -> Ended
where
    ClusterWatcherActor: Handler<Told<T>>,
{
    let api = served.api(scope.client.clone(), T::KIND, scope.namespace.as_deref());
    let api_version = format!("{GROUP}/{}", served.version.name());
    let mut line = Line {
        watcher: scope.watcher.clone(),
        aim: aim.to_owned(),
        wrap: |batch: Batch<Reading<T>>| Told { served, batch },
        of_secrets: false,
    };
    follow(watcher(api, watcher::Config::default()), |object| read::<T>(&api_version, object), &mut line)
        .await
}

/// Follows the metadata of Secrets; contents are never watched.
pub(crate) async fn watch_secrets(scope: Scope) {
    let resource = ApiResource::erase::<Secret>(&());
    let mut pauses = Pauses::new();
    loop {
        let api = scoped(scope.client.clone(), scope.namespace.as_deref(), &resource);
        let mut line = Line {
            watcher: scope.watcher.clone(),
            aim: "watch the metadata of secrets, so changes are noticed within a minute only".to_owned(),
            wrap: SecretNews,
            of_secrets: true,
        };
        let notice = |object: PartialObjectMeta<DynamicObject>| Notice {
            key: key_of(&object),
            version: object.resource_version().unwrap_or_default(),
        };
        match follow(watcher(api, watcher::Config::default()), notice, &mut line).await {
            Ended::Unheard => return,
            Ended::Unserved => pauses.pause().await,
        }
    }
}

/// Follows the labels of a kind. A kind that is not installed has no objects.
pub(crate) async fn watch_labels(scope: Scope, kind: &'static SourceKind) {
    let mut pauses = Pauses::new();
    let aim = label_aim(kind.kind);
    loop {
        let (text, news) = match in_time(find(&scope.client, kind)).await {
            Ok(Some(resource)) => match follow_labels(&scope, kind, &resource, &aim).await {
                Ended::Unheard => return,
                Ended::Unserved => (None, None),
            },
            Ok(None) => (None, Some(Batch { whole: true, steps: Vec::new() })),
            Err(error) => (Some(reject(&scope.watcher, &aim, &error).await), None),
        };
        if let Some(batch) = news {
            tell(&scope.watcher, LabelNews { kind, batch }).await;
        }
        if !say(&scope.watcher, &aim, text).await {
            return;
        }
        pauses.pause().await;
    }
}

/// Bounds a question about what is served.
async fn in_time<T>(question: impl Future<Output = Result<T, kube::Error>>) -> Result<T, kube::Error> {
    let silent = || kube::Error::Service("the API server does not answer".into());
    tokio::time::timeout(QUESTION_PATIENCE, question).await.unwrap_or_else(|_| Err(silent()))
}

/// Describes why a question was refused.
async fn reject(watcher: &Watcher, aim: &str, error: &kube::Error) -> String {
    if trouble::is_unauthorized(trouble::code_of(error)) {
        say_unauthorized(watcher).await;
    }
    trouble::describe(aim, error)
}

/// What is attempted for labels of `kind`.
pub(crate) fn label_aim(kind: &str) -> String {
    format!("watch the labels of {kind}")
}

/// How the API server serves a kind; none if it does not.
async fn find(client: &Client, kind: &SourceKind) -> Result<Option<ApiResource>, kube::Error> {
    let groups = client.list_api_groups().await?;
    if !groups.groups.iter().any(|group| group.name == kind.group) {
        return Ok(None);
    }
    let group = kube::discovery::group(client, kind.group).await?;
    Ok(group.recommended_kind(kind.kind).map(|(resource, _)| resource))
}

async fn follow_labels(scope: &Scope, kind: &'static SourceKind, resource: &ApiResource, aim: &str) -> Ended {
    let api = scoped(scope.client.clone(), scope.namespace.as_deref(), resource);
    let mut line = Line {
        watcher: scope.watcher.clone(),
        aim: aim.to_owned(),
        wrap: |batch| LabelNews { kind, batch },
        of_secrets: false,
    };
    let labelled = |object: PartialObjectMeta<DynamicObject>| Labelled {
        key: key_of(&object),
        labels: object.metadata.labels.unwrap_or_default(),
    };
    follow(watcher(api, watcher::Config::default()), labelled, &mut line).await
}

/// Sends a message and waits until it was handled. Returns whether the watcher is there.
pub(crate) async fn tell<M>(watcher: &Watcher, message: M) -> bool
where
    M: Message + Send + 'static,
    M::Result: Send,
    ClusterWatcherActor: Handler<M>,
    actix::Context<ClusterWatcherActor>: ToEnvelope<ClusterWatcherActor, M>,
{
    let Some(watcher) = watcher.upgrade() else { return false };
    watcher.send(message).await.is_ok()
}

/// Says what does not work, or works again. Returns whether the watcher is there.
async fn say(watcher: &Watcher, about: &str, text: Option<String>) -> bool {
    tell(watcher, Trouble { about: about.to_owned(), text }).await
}

/// Says whether Secrets are watched now.
async fn say_watched(watcher: &Watcher, watched: bool) {
    tell(watcher, SecretsWatched(watched)).await;
}

/// Says that the API server does not take our token or certificate.
async fn say_unauthorized(watcher: &Watcher) {
    tell(watcher, Unauthorized).await;
}

/// The way from a watch to the watcher.
struct Line<W> {
    watcher: Watcher,
    /// What is attempted, in words that fit after "failed to".
    aim: String,
    /// Makes a message of a batch.
    wrap: W,
    /// Whether a broken watch means that Secrets have to be looked after in another way.
    of_secrets: bool,
}

impl<S, M, W> Listener<S> for Line<W>
where
    W: FnMut(Batch<S>) -> M,
    M: Message + Send + 'static,
    M::Result: Send,
    ClusterWatcherActor: Handler<M>,
{
    async fn batch(&mut self, batch: Batch<S>) -> bool {
        if batch.whole {
            say(&self.watcher, &self.aim, None).await;
        }
        let message = (self.wrap)(batch);
        tell(&self.watcher, message).await
    }

    async fn recovered(&mut self) {
        if self.of_secrets {
            say_watched(&self.watcher, true).await;
        }
        say(&self.watcher, &self.aim, None).await;
    }

    async fn trouble(&mut self, error: &watcher::Error) {
        if self.of_secrets {
            say_watched(&self.watcher, false).await;
        }
        if trouble::is_unauthorized(trouble::code(error)) {
            say_unauthorized(&self.watcher).await;
        }
        let text = Some(trouble::of_watch(&self.aim, error));
        say(&self.watcher, &self.aim, text).await;
    }
}
