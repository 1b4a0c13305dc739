//! The watcher's mailbox as its tasks hold it: weakly, so that they end with it.

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Context, Handler, Message, WeakRecipient};
use kube::runtime::watcher::Error;

use super::follow::BatchListener;
use super::messages::{
    Connected, LabelsDenied, LabelsSeen, LabelsServed, SecretsSeen, SecretsWatched, Trouble, Unauthorized,
};
use super::trouble;
use crate::batch::Batch;

/// The way from the tasks to the watcher, for all messages but those of one kind of objects.
#[derive(Clone)]
pub(crate) struct WatcherOutlet {
    pub(crate) connected: WeakRecipient<Connected>,
    pub(crate) secrets: WeakRecipient<SecretsSeen>,
    pub(crate) label_groups: WeakRecipient<LabelsServed>,
    pub(crate) labels: WeakRecipient<LabelsSeen>,
    pub(crate) labels_denied: WeakRecipient<LabelsDenied>,
    unauthorized: WeakRecipient<Unauthorized>,
    secrets_watched: WeakRecipient<SecretsWatched>,
    troubles: WeakRecipient<Trouble>,
}

impl WatcherOutlet {
    pub(crate) fn new<W>(watcher: &Addr<W>) -> Self
    where
        W: Actor<Context = Context<W>>
            + Handler<Connected>
            + Handler<SecretsSeen>
            + Handler<LabelsServed>
            + Handler<LabelsSeen>
            + Handler<LabelsDenied>
            + Handler<Unauthorized>
            + Handler<SecretsWatched>
            + Handler<Trouble>,
    {
        Self {
            connected: weak(watcher),
            secrets: weak(watcher),
            label_groups: weak(watcher),
            labels: weak(watcher),
            labels_denied: weak(watcher),
            unauthorized: weak(watcher),
            secrets_watched: weak(watcher),
            troubles: weak(watcher),
        }
    }

    /// Says what does not work, or works again. Returns whether the watcher is there.
    pub(crate) async fn trouble(&self, about: &str, text: Option<String>) -> bool {
        tell(&self.troubles, Trouble { about: about.to_owned(), text }).await
    }

    /// Says that a token or certificate was refused, if the status code of an answer says so.
    pub(crate) async fn refused(&self, code: Option<u16>) {
        if trouble::is_unauthorized(code) {
            tell(&self.unauthorized, Unauthorized).await;
        }
    }
}

/// The mailbox of one message.
pub(crate) fn weak<W, M>(watcher: &Addr<W>) -> WeakRecipient<M>
where
    W: Actor<Context = Context<W>> + Handler<M>,
    W::Context: ToEnvelope<W, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    watcher.clone().recipient().downgrade()
}

/// Sends a message and waits until it was handled. Returns whether the watcher is there.
pub(crate) async fn tell<M>(watcher: &WeakRecipient<M>, message: M) -> bool
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    let Some(watcher) = watcher.upgrade() else { return false };
    watcher.send(message).await.is_ok()
}

/// Hands what one watch says to the watcher.
pub(crate) struct WatchListener<M, W>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    pub(crate) outlet: WatcherOutlet,
    pub(crate) to: WeakRecipient<M>,
    /// What is attempted, in words that fit after "failed to".
    pub(crate) aim: String,
    /// Makes a message of a batch.
    pub(crate) wrap: W,
    /// Whether a broken watch means that Secrets have to be looked after in another way.
    pub(crate) of_secrets: bool,
}

impl<M, W> WatchListener<M, W>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    async fn watched(&self, watched: bool) {
        if self.of_secrets {
            tell(&self.outlet.secrets_watched, SecretsWatched(watched)).await;
        }
    }
}

impl<S, M, W> BatchListener<S> for WatchListener<M, W>
where
    W: FnMut(Batch<S>) -> M,
    M: Message + Send + 'static,
    M::Result: Send,
{
    async fn batch(&mut self, batch: Batch<S>) -> bool {
        if batch.whole {
            self.outlet.trouble(&self.aim, None).await;
        }
        let message = (self.wrap)(batch);
        tell(&self.to, message).await
    }

    async fn recovered(&mut self) {
        self.watched(true).await;
        self.outlet.trouble(&self.aim, None).await;
    }

    async fn trouble(&mut self, error: &Error) {
        self.watched(false).await;
        self.outlet.refused(trouble::code(error)).await;
        self.outlet.trouble(&self.aim, Some(trouble::of_watch(&self.aim, error))).await;
    }
}
