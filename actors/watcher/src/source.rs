//! A source of objects: what a folder of manifests and a cluster do not do alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Context, ResponseFuture};
use campanile_domain::ObjectKey;
use campanile_protocol::{
    AccountError, Backlog, EntryOutcome, LabelLookup, ReadServiceAccount, RequestReconciles, RequestToken,
    ReviewError, ReviewToken, SecretError, Secrets, TokenOwner,
};

use crate::WatcherActor;
use crate::any_kind::Before;
use crate::kind::Id;
use crate::watched::Reference;

/// The origin of a [`WatcherActor`]'s objects. It owns Secrets, labels, troubles and the machinery of watching; objects
/// and how they stand are the actor's. What is optional concerns a source that writes status somewhere.
pub trait Source: Sized + Unpin + 'static {
    /// The facts that are kept of an object beside its spec.
    type Facts: Default + Unpin + 'static;

    /// Begins to look for objects.
    fn started(watcher: &mut WatcherActor<Self>, ctx: &mut Context<WatcherActor<Self>>);

    /// Told each time that a second passed.
    fn ticked(watcher: &mut WatcherActor<Self>, ctx: &mut Context<WatcherActor<Self>>);

    /// Reads the Secrets as they are now.
    fn read_secrets(&self, keys: Vec<ObjectKey>) -> ResponseFuture<Secrets>;

    /// Whether a Secret can be had, as far as it was asked for.
    ///
    /// # Errors
    /// [`SecretError`] if it is known that it cannot.
    fn secret(&self, key: &ObjectKey) -> Result<(), SecretError>;

    /// The Secrets that a new subscriber has to hear of.
    fn all_secrets(&self) -> Vec<ObjectKey> {
        Vec::new()
    }

    /// How many Secrets are kept.
    fn secret_count(&self) -> usize;

    /// The annotations of a service account.
    fn read_account(
        &self,
        request: ReadServiceAccount,
    ) -> ResponseFuture<Result<BTreeMap<String, String>, AccountError>>;

    /// A token of a service account.
    fn request_token(&self, request: RequestToken) -> ResponseFuture<Result<String, AccountError>>;

    /// Whose the token of a sender is.
    fn review_token(&self, request: ReviewToken) -> ResponseFuture<Result<TokenOwner, ReviewError>>;

    /// Asks what a verified webhook selects to reconcile: one outcome for each entry of its Receiver.
    fn request_reconciles(&self, request: RequestReconciles) -> ResponseFuture<Vec<EntryOutcome>>;

    /// The labels of source objects.
    fn labels(&self) -> Arc<dyn LabelLookup>;

    /// What is to be said of Alerts that ask for the labels of a kind, if these may not be had.
    fn labels_denied(&self, _kind: &str) -> Option<String> {
        None
    }

    /// What does not work now, one line each, beside objects that break the schema.
    fn problems(&self) -> Vec<String>;

    /// Hears which things objects began or ceased to name.
    fn references_changed(_watcher: &mut WatcherActor<Self>, _references: &[Reference]) {}

    /// Hears that an object was judged anew, and what its conditions were before.
    fn judged(_watcher: &mut WatcherActor<Self>, _id: &Id, _before: &Before) {}

    /// Hears that something else of the status of an object changed.
    fn status_changed(&mut self, _id: Id) {}

    /// Hears that the present message is handled; `urgent` says that a condition may have changed.
    fn settled(_watcher: &mut WatcherActor<Self>, _urgent: bool) {}

    /// Hears what was known of the outbox before.
    fn backlog_changed(_watcher: &mut WatcherActor<Self>, _before: Option<Arc<Backlog>>) {}

    /// Hears of an announcement about an object.
    fn announced(_watcher: &mut WatcherActor<Self>, _announce: campanile_protocol::Announce) {}
}
