//! Action on a verified request: resources are asked to reconcile, or an event is posted that Alerts can notify of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{Event, ObjectRef, ReceiverSpec, Severity};
use campanile_protocol::{EntryOutcome, Postpone, ReconcileError, RequestReconciles, Submit, SubmitError};
use campanile_receivers::{PostponeError, Selection, Verified};
use campanile_supervision::{Link, SharedClock};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::Span;

use super::answer::WebhookOutcome;
use super::log::log_receiver;

/// The action on a verified request.
#[derive(Clone, Debug)]
pub enum WebhookAction {
    /// In a cluster: its resources are asked to reconcile. Where the Receiver has the annotation for it, the event is posted too.
    Reconcile(Reconcilers),
    /// Without one: the event is posted.
    Notify,
}

/// The actors that ask resources to reconcile.
#[derive(Clone, Debug)]
pub struct Reconcilers {
    /// Annotates resources as soon as it is asked.
    pub watcher: Link<RequestReconciles>,
    /// Keeps what the API server does not take now, and asks until it does.
    pub postponer: Link<Postpone>,
}

/// The API group of Receivers.
const GROUP: &str = "notification.toolkit.fluxcd.io";

/// How long the API server may take for the resources of one request.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the watcher may take beyond that, and the router for an event.
const MARGIN: Duration = Duration::from_secs(3);

/// The means to act on a verified request.
pub(super) struct WebhookActors {
    pub(super) action: WebhookAction,
    pub(super) router: Link<Submit>,
    pub(super) clock: SharedClock,
}

/// The result of acting on a request.
pub(super) struct Acted {
    pub(super) outcome: WebhookOutcome,
    /// The result in a few words.
    pub(super) reason: String,
    /// Resources that were asked to reconcile.
    pub(super) resources: u32,
}

impl Acted {
    fn accepted(reason: impl Into<String>, resources: u32) -> Self {
        Self { outcome: WebhookOutcome::Accepted, reason: reason.into(), resources }
    }

    fn failed(reason: impl Into<String>, resources: u32) -> Self {
        Self { outcome: WebhookOutcome::Failed, reason: reason.into(), resources }
    }
}

impl WebhookActors {
    /// Acts on a verified request. It is done when everything was tried.
    pub(super) async fn on(&self, verified: Verified) -> Acted {
        let now = self.clock.now();
        let event = self.event(&verified, now);
        let key = verified.receiver().key.clone();
        let selection = match verified.select() {
            Ok(selection) => Arc::new(selection),
            Err(error) => {
                log_receiver!(ERROR, &key, %error, "unable to create resource filters");
                return Acted::failed(error.to_string(), 0);
            }
        };
        match (&self.action, event) {
            (WebhookAction::Notify, event) => match self.post(event.unwrap_or_default(), now).await {
                Ok(()) => Acted::accepted("an event was posted; nothing is reconciled without a cluster", 0),
                Err(error) => Acted::failed(error.to_string(), 0),
            },
            (WebhookAction::Reconcile(reconcilers), event) => {
                let acted = reconcile(reconcilers, selection, now).await;
                if let Some(event) = event
                    && let Err(error) = self.post(event, now).await
                {
                    log_receiver!(ERROR, &key, %error, "failed to post the event of a webhook");
                }
                acted
            }
        }
    }

    /// The event that tells of a request; none where nobody is to be told.
    fn event(&self, verified: &Verified, now: Timestamp) -> Option<Event> {
        let receiver = verified.receiver();
        let wanted = matches!(self.action, WebhookAction::Notify) || receiver.notify;
        wanted.then(|| event(receiver, &verified.event(), verified.revision(), now))
    }

    async fn post(&self, event: Event, accepted_at: Timestamp) -> Result<(), SubmitError> {
        let (reply, answer) = oneshot::channel();
        let submit = Submit { event: Arc::new(event), peer: None, accepted_at, reply, span: Span::none() };
        self.router.send(submit).map_err(|_| SubmitError::Unavailable)?;
        match timeout(MARGIN, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(SubmitError::Unavailable),
        }
    }
}

/// Asks for the resources of a request, and says what became of them.
async fn reconcile(reconcilers: &Reconcilers, selection: Arc<Selection>, at: Timestamp) -> Acted {
    let request = RequestReconciles { selection: selection.clone(), at, patience: PATIENCE, may_wait: true };
    let receiver = selection.receiver();
    let outcomes = match timeout(PATIENCE + MARGIN, reconcilers.watcher.ask(request)).await {
        Ok(Ok(outcomes)) => outcomes,
        Ok(Err(_)) | Err(_) => {
            let silent = ReconcileError::Unavailable("the watcher did not answer in time".to_owned());
            vec![Err(silent); receiver.resources.len()]
        }
    };
    let resources = outcomes.iter().flatten().map(|entry| entry.annotated).sum();
    outcomes.iter().zip(&receiver.resources).for_each(|(outcome, entry)| {
        if let Err(error) = outcome
            && !matches!(error, ReconcileError::PutOff(_))
        {
            let namespace = entry.namespace.as_deref().unwrap_or(&receiver.key.namespace);
            let resource = format!("{}/{}.{namespace}", entry.kind, entry.name);
            log_receiver!(ERROR, &receiver.key, resource, %error, "unable to request reconciliation");
        }
    });
    match Later::of(&outcomes) {
        Ok(later) if later.entries.is_empty() => {
            Acted::accepted(format!("{resources} resources were asked to reconcile"), resources)
        }
        Ok(later) => later.postpone(reconcilers, &selection, resources, at).await,
        Err(error) => Acted::failed(error.to_string(), resources),
    }
}

/// The entries of a request that are not asked now.
#[derive(Debug, Default)]
struct Later {
    /// Which, counted from 0.
    entries: Vec<usize>,
    /// Whether the API server is away for one of them. Else all are put off for a moment.
    is_away: bool,
    /// How long, at least.
    after: Duration,
}

impl Later {
    /// The first error that lasts decides for all.
    fn of(outcomes: &[EntryOutcome]) -> Result<Self, &ReconcileError> {
        let mut later = Self::default();
        for (entry, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Ok(_) => continue,
                Err(ReconcileError::Unavailable(_)) => later.is_away = true,
                Err(ReconcileError::PutOff(after)) => later.after = later.after.max(*after),
                Err(error) => return Err(error),
            }
            later.entries.push(entry);
        }
        Ok(later)
    }

    /// Has them wait.
    async fn postpone(
        self,
        Reconcilers { postponer, .. }: &Reconcilers,
        selection: &Selection,
        resources: u32,
        at: Timestamp,
    ) -> Acted {
        let (count, is_away) = (self.entries.len(), self.is_away);
        let stored = match self.entries.into_iter().map(|entry| selection.postpone(entry, at)).collect() {
            Ok(reconciles) => {
                let after = (!is_away).then_some(self.after);
                match timeout(MARGIN, postponer.ask(Postpone { reconciles, after })).await {
                    Ok(Ok(stored)) => stored.map_err(|refusal| refusal.to_string()),
                    Ok(Err(_)) | Err(_) => Err("the postponer did not answer in time".to_owned()),
                }
            }
            Err(error) => Err(PostponeError::to_string(&error)),
        };
        let asked = format!("{resources} resources were asked to reconcile");
        let (outcome, reason) = match stored {
            Ok(()) if is_away => {
                (WebhookOutcome::Postponed, format!("{count} entries wait for the API server; {asked}"))
            }
            Ok(()) => (WebhookOutcome::PutOff, format!("{count} entries are asked within moments; {asked}")),
            Err(error) => {
                log_receiver!(
                    ERROR,
                    &selection.receiver().key,
                    error,
                    "failed to store a request to reconcile"
                );
                let why = if is_away { "the API server is away" } else { "webhooks come too fast" };
                (WebhookOutcome::NotStored, format!("{why}, and the request could not be stored: {error}"))
            }
        };
        Acted { outcome, reason, resources }
    }
}

/// The event that tells of a request to a Receiver.
fn event(receiver: &ReceiverSpec, name: &str, revision: Option<String>, now: Timestamp) -> Event {
    let mut metadata = BTreeMap::new();
    let mut message = format!("webhook from {} received", receiver.type_name);
    let mut tell = |key: &str, value: &str| metadata.insert(format!("{GROUP}/{key}"), value.to_owned());
    tell("host", &receiver.type_name);
    if !name.is_empty() {
        message.push_str(&format!(": {name}"));
        tell("event", name);
    }
    if let Some(revision) = revision {
        tell("revision", &revision);
    }
    Event {
        involved_object: ObjectRef {
            kind: "Receiver".to_owned(),
            namespace: receiver.key.namespace.to_string(),
            name: receiver.key.name.to_string(),
            uid: receiver.uid.to_string(),
            api_version: format!("{GROUP}/v1"),
            ..ObjectRef::default()
        },
        severity: Severity::Info,
        timestamp: Some(now),
        message,
        reason: "WebhookReceived".to_owned(),
        metadata,
        reporting_controller: "campanile".to_owned(),
        ..Event::default()
    }
}
