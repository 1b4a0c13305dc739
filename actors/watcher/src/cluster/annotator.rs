//! The action of a webhook: the annotation `reconcile.fluxcd.io/requestedAt` on every resource that a verified request selects
//! (contract, receivers 7 and 8).
//!
//! Entries go side by side, and each has an outcome of its own. A resource that has to pass no filter is patched without being
//! read. Requests for one resource that come before its patch is sent share it ([`Patches`]). Where webhooks come faster than the API server
//! takes patches they are put off: whoever asked has them wait, and many become one.

mod pace;
mod patches;
mod resources;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{ReceiverResource, ReceiverSpec};
use campanile_protocol::{Annotated, EntryOutcome, ReconcileError, RequestReconciles};
use campanile_receivers::Selection;
use campanile_supervision::SharedClock;
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use kube::Client;
use kube::api::{DynamicObject, ListParams, PartialObjectMeta};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::trouble;
use patches::{Patches, Urgency};
use resources::Resources;
use target::AnnotatedResource;

/// The most objects of one entry that are patched side by side.
const ABREAST: usize = 16;

/// The most webhooks that are acted on at once; further ones are put off.
const REQUESTS: usize = 16;

/// The most objects that are listed at once.
const PAGE: u32 = 500;

/// Asks resources to reconcile. It outlives the requests, and not the watcher.
pub(crate) struct Annotator {
    resources: Resources,
    patches: Arc<Patches>,
    /// Room for requests that may be put off.
    room: Semaphore,
    /// Until when there is a crowd: one was put off for want of room a moment ago.
    crowded: Mutex<Option<Instant>>,
    /// Whether a Receiver may name its own namespace alone.
    no_cross_namespace_refs: bool,
}

impl Annotator {
    pub(crate) fn new(clock: SharedClock, no_cross_namespace_refs: bool) -> Self {
        Self {
            resources: Resources::default(),
            patches: Arc::new(Patches::new(clock)),
            room: Semaphore::new(REQUESTS),
            crowded: Mutex::new(None),
            no_cross_namespace_refs,
        }
    }

    /// Annotates what a request selects, with one outcome for each entry of its Receiver, in order.
    pub(crate) async fn request(
        self: Arc<Self>,
        client: Option<Client>,
        request: RequestReconciles,
    ) -> Vec<EntryOutcome> {
        let entries = request.selection.receiver().resources.len();
        let all = |error: ReconcileError| vec![Err(error); entries];
        let Some(client) = client else {
            return all(ReconcileError::Unavailable("the API server was not reached yet".to_owned()));
        };
        // The semaphore is never closed, so without a permit all are taken.
        let Ok(_room) = request.may_wait.then(|| self.room.try_acquire()).transpose() else {
            *self.crowded.lock() = Some(Instant::now() + pace::SPACING);
            return all(ReconcileError::PutOff(Duration::ZERO));
        };
        let urgency = self.urgency(request.may_wait);
        let entry = |index| self.entry_in_time(&client, &request, urgency, index);
        join_all((0..entries).map(entry)).await
    }

    fn urgency(&self, may_wait: bool) -> Urgency {
        let is_crowded = self.crowded.lock().is_some_and(|until| Instant::now() < until);
        if may_wait { Urgency::MayWait { is_crowded } } else { Urgency::Now }
    }

    async fn entry_in_time(
        &self,
        client: &Client,
        RequestReconciles { selection, patience, .. }: &RequestReconciles,
        urgency: Urgency,
        index: usize,
    ) -> EntryOutcome {
        let late = || {
            let text = format!("the API server does not answer within {} s", patience.as_secs());
            Err(ReconcileError::Unavailable(text))
        };
        let entry = self.entry(client, selection, urgency, index);
        tokio::time::timeout(*patience, entry).await.unwrap_or_else(|_| late())
    }

    async fn entry(
        &self,
        client: &Client,
        selection: &Selection,
        urgency: Urgency,
        index: usize,
    ) -> EntryOutcome {
        let receiver = selection.receiver();
        let Some(entry) = receiver.resources.get(index) else { return Ok(Annotated::default()) };
        let wanted = self.wanted(receiver, entry)?;
        let work = Entry { annotator: self, client, selection, urgency, index, entry, wanted };
        if entry.is_wildcard() { work.selected().await } else { work.named().await }
    }

    /// What an entry asks for, if it may (contract, receivers 7).
    fn wanted(&self, receiver: &ReceiverSpec, entry: &ReceiverResource) -> Result<Wanted, ReconcileError> {
        let own = &receiver.key.namespace;
        let namespace = entry.namespace.as_deref().unwrap_or(own);
        if self.no_cross_namespace_refs && namespace != &**own {
            return Err(ReconcileError::Refused("cross-namespace references are not allowed".to_owned()));
        }
        let given = entry.api_version.as_deref();
        let Some(api_version) = given.or_else(|| ReceiverResource::default_api_version(&entry.kind)) else {
            let text = format!("apiVersion must be specified for kind \"{}\"", entry.kind);
            return Err(ReconcileError::Refused(text));
        };
        if entry.is_wildcard() && entry.match_labels.is_none() {
            let text = "matchLabels field not set when using wildcard '*' as name";
            return Err(ReconcileError::Refused(text.to_owned()));
        }
        Ok(Wanted { namespace: namespace.to_owned(), api_version: api_version.to_owned() })
    }
}

/// The resources that an entry wants annotated.
struct Wanted {
    namespace: String,
    api_version: String,
}

/// One entry of one request.
struct Entry<'a> {
    annotator: &'a Annotator,
    client: &'a Client,
    selection: &'a Selection,
    urgency: Urgency,
    index: usize,
    entry: &'a ReceiverResource,
    wanted: Wanted,
}

impl Entry<'_> {
    fn kind(&self) -> &str {
        &self.entry.kind
    }

    fn unreadable(&self, name: &str, error: &kube::Error) -> ReconcileError {
        let (kind, namespace) = (self.kind(), &self.wanted.namespace);
        let text = format!("unable to read {kind} \"{namespace}/{name}\" error: {}", cause(error));
        refusal(error, text)
    }

    /// How the kind is served.
    async fn target(&self, name: &str) -> Result<AnnotatedResource, ReconcileError> {
        let Wanted { namespace, api_version } = &self.wanted;
        let found = self.annotator.resources.find(self.client, api_version, self.kind()).await;
        let Some(resource) = found.map_err(|error| self.unreadable(name, &error))? else {
            let (kind, name) = (self.kind(), name);
            let text = format!(
                "unable to read {kind} \"{namespace}/{name}\" error: the API server serves no {kind} in {api_version} or \
                 another version of its group"
            );
            return Err(ReconcileError::Refused(text));
        };
        Ok(AnnotatedResource { resource, namespace: namespace.clone(), name: name.to_owned() })
    }

    /// The object of that name; `matchLabels` is ignored (contract, receivers 7).
    async fn named(&self) -> EntryOutcome {
        let target = self.target(&self.entry.name).await?;
        let filtered = self.selection.receiver().resource_filter.is_some() || self.entry.filter.is_some();
        if filtered {
            let read = target.api(self.client).get_metadata(&target.name).await;
            let object = read.map_err(|error| self.unreadable(&target.name, &error))?;
            return self.one(&target, &object).await;
        }
        self.annotate(&target).await
    }

    /// All objects that the labels select; none is a success (contract, receivers 7).
    async fn selected(&self) -> EntryOutcome {
        let any = self.target(ReceiverResource::WILDCARD).await?;
        let objects = self.list(&any).await?;
        if objects.is_empty() {
            let (kind, namespace) = (self.kind(), &self.wanted.namespace);
            tracing::error!(
                error =
                    format!("no '{kind}' resources found with matching labels in namespace '{namespace}'"),
                "error annotating resources"
            );
        }
        let each = objects.iter().map(|object| async {
            let name = object.metadata.name.clone().unwrap_or_default();
            self.one(&AnnotatedResource { name, ..any.clone() }, object).await
        });
        stream::iter(each)
            .buffer_unordered(ABREAST)
            .try_fold(Annotated::default(), async |sum, one| {
                Ok(Annotated { annotated: sum.annotated + one.annotated, skipped: sum.skipped + one.skipped })
            })
            .await
    }

    async fn list(
        &self,
        any: &AnnotatedResource,
    ) -> Result<Vec<PartialObjectMeta<DynamicObject>>, ReconcileError> {
        let labels = self.entry.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
        let labels = labels.collect::<Vec<_>>().join(",");
        let (api, mut objects) = (any.api(self.client), Vec::new());
        let mut parameters = ListParams::default().labels(&labels).limit(PAGE);
        loop {
            let page = api.list_metadata(&parameters).await;
            let page = page.map_err(|error| self.unreadable(ReceiverResource::WILDCARD, &error))?;
            objects.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(objects),
            }
        }
    }

    /// One object that was read: annotated if the filters let it through.
    async fn one(
        &self,
        target: &AnnotatedResource,
        object: &PartialObjectMeta<DynamicObject>,
    ) -> EntryOutcome {
        let accepted = self.selection.accepts(self.index, &res(target, object));
        let refused = |text: String| ReconcileError::Refused(text);
        if accepted.map_err(|error| refused(error.to_string()))? {
            return self.annotate(target).await;
        }
        tracing::debug!("resource '{target}' NOT annotated because CEL expression returned false");
        Ok(Annotated { annotated: 0, skipped: 1 })
    }

    async fn annotate(&self, target: &AnnotatedResource) -> EntryOutcome {
        let outcome = self.annotator.patches.annotate(self.client, target, self.urgency).await;
        outcome.map(|()| Annotated { annotated: 1, skipped: 0 })
    }
}

/// An object as filters see it: `kind`, `apiVersion` and its metadata (contract, receivers 8.2).
fn res(target: &AnnotatedResource, object: &PartialObjectMeta<DynamicObject>) -> Json {
    json!({
        "kind": target.resource.kind,
        "apiVersion": target.resource.api_version,
        "metadata": object.metadata,
    })
}

/// What the API server said, or what stands in the way of it.
fn cause(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => trouble::describe("reach the API server", other),
    }
}

/// Whether the same may work later: the API server is away, slow, throttles or renews its tokens.
fn refusal(error: &kube::Error, text: String) -> ReconcileError {
    match trouble::code_of(error) {
        Some(401 | 429 | 500..) | None => ReconcileError::Unavailable(text),
        Some(_) => ReconcileError::Refused(text),
    }
}
