//! Explanation of an event: why each Alert does or does not notify about it, and the requests that would go out.
//!
//! The router's own functions decide, and the Provider's type renders, so that the answer is what would happen. Nothing
//! is sent or stored, and what is shown is masked. What is wrong with a Provider is a part of the answer, never an error.

mod outbound;
mod shown;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use campanile_domain::Environment;
use campanile_domain::{
    Alert, DecodeError, Event, MOST_UNKNOWN_BYTES, NewDelivery, ObjectKey, ProviderSpec, Received,
};
use campanile_intake::IntakeConfig;
use campanile_outbox::DeliveryView;
use campanile_protocol::{Change, LabelLookup, Secrets, Specs};
use campanile_router::{DecidingStep, Incoming, Index, Plan, RoutingPolicy, explain, plan};
use campanile_transport::Transport;
use campanile_watcher::{FolderError, LabelStore, Loaded, load};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use outbound::{Outbound, Preview};
pub use shown::{Header, ShownRequest};
pub(crate) use shown::{published, shown};

/// The explanation of an event: what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The object of the event, as `Kind/namespace/name`.
    pub object: String,
    /// The severity of the event: `info` or `error`.
    pub severity: String,
    /// The reason that the event gives.
    pub reason: String,
    /// The event's action; senders older than Flux 2.10 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The second object of the event, as `Kind/namespace/name`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub related_object: Option<String>,
    /// The stored delivery whose event it is, where one was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryView>,
    /// Every Alert that was asked for, sorted by namespace and name.
    pub alerts: Vec<Explained>,
    /// Manifests that cannot be used and what of the event cannot be kept, one line each.
    pub problems: Vec<String>,
}

/// The explanation for one Alert: what it makes of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// Namespace and name of the Alert.
    pub alert: ObjectKey,
    /// Namespace and name of its Provider.
    pub provider: ObjectKey,
    /// The outcome of the Alert's part.
    pub result: AlertOutcome,
    /// The step that decided, in one word.
    pub step: String,
    /// The same in words, with the remedy where there is one.
    pub why: String,
    /// What the Alert's owner would be told beside.
    pub notices: Vec<String>,
    /// The requests that are known before anything is sent, in their order.
    pub requests: Vec<ShownRequest>,
    /// Whether what the destination answers decides about further requests.
    pub more_may_follow: bool,
}

/// The outcome of an event for one Alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertOutcome {
    /// A notification goes out for this Alert.
    Delivers,
    /// It is stored and waits until its Provider is mended.
    Waits,
    /// The Provider's type has nothing to say about such an event.
    Skips,
    /// It becomes a dead letter.
    Fails,
    /// The Alert does not notify.
    Stopped,
}

impl AlertOutcome {
    /// The word for the outcome in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivers => "delivers",
            Self::Waits => "waits",
            Self::Skips => "skips",
            Self::Fails => "fails",
            Self::Stopped => "stopped",
        }
    }
}

/// Errors for which there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Longer than what the event endpoint takes.
    #[error("read the event: it is longer than the {0} bytes that are accepted")]
    TooLarge(usize),
    /// The text is no event.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The manifests cannot be read.
    #[error("read the manifests in '{}': {}; bring the folder back or name another", .0.folder.display(), .0.source)]
    Folder(FolderError),
    /// There is no Alert of that name.
    #[error("find alert '{0}': it does not exist; leave --alert out to see all")]
    NoAlert(ObjectKey),
}

/// The input of an explanation beside the objects.
#[derive(Clone, Debug)]
pub struct ExplainInput {
    /// The rules that the operator set for all events.
    pub rules: RoutingPolicy,
    /// Checks proxies and certificates. Nothing is dialled.
    pub transport: Transport,
    /// What the environment decides for some types.
    pub environment: Arc<Environment>,
    /// The time at which the event counts as accepted.
    pub now: Timestamp,
}

/// Explains the event in `body` by the manifests below `folder`; only `alert`, where one is named. Reads files, so it is
/// for threads that may block.
///
/// # Errors
/// [`ExplainError`] if the event or the folder cannot be read, or there is no such Alert.
pub fn explain_folder(
    folder: &Path,
    body: &[u8],
    alert: Option<&ObjectKey>,
    circumstances: ExplainInput,
) -> Result<Explanation, ExplainError> {
    let received = read_event(body)?;
    let loaded = load(folder).map_err(ExplainError::Folder)?;
    explain_loaded(&loaded, received, alert, circumstances)
}

fn explain_loaded(
    loaded: &Loaded,
    received: Received,
    alert: Option<&ObjectKey>,
    circumstances: ExplainInput,
) -> Result<Explanation, ExplainError> {
    let problems = loaded.problems.iter().map(ToString::to_string).collect();
    let specs = loaded.specs(Arc::new(LabelStore::of(loaded)), problems);
    let question = JudgedEvent::about(received, specs, alert, circumstances)?;
    let secrets = question.secrets().into_iter().map(|key| (key.clone(), loaded.secret(key))).collect();
    Ok(question.answer(&secrets))
}

/// The event as intake would take it.
fn read_event(body: &[u8]) -> Result<Received, ExplainError> {
    let limit = IntakeConfig::default().body_limit;
    if body.len() > limit {
        return Err(ExplainError::TooLarge(limit));
    }
    let mut received = Event::decode(body)?;
    received.event.clean_metadata();
    received.event.remove_token();
    Ok(received)
}

/// An event that was judged, before it is known what the Providers would send.
pub(crate) struct JudgedEvent {
    event: Arc<Event>,
    /// The Alerts that were asked for.
    steps: Vec<(Arc<Alert>, DecidingStep)>,
    planned: Planned,
    providers: HashMap<ObjectKey, Arc<ProviderSpec>>,
    labels: Arc<dyn LabelLookup>,
    problems: Vec<String>,
    circumstances: ExplainInput,
    delivery: Option<DeliveryView>,
}

impl JudgedEvent {
    /// Judges the event in `body` by `specs`; only `alert`, where one is named. Patterns of all Alerts are compiled, so it is
    /// for threads that may block.
    ///
    /// # Errors
    /// [`ExplainError`] if the event cannot be read, or there is no such Alert.
    pub(crate) fn new(
        body: &[u8],
        specs: Specs,
        alert: Option<&ObjectKey>,
        circumstances: ExplainInput,
    ) -> Result<Self, ExplainError> {
        Self::about(read_event(body)?, specs, alert, circumstances)
    }

    /// The same about an event that was taken in before.
    ///
    /// # Errors
    /// [`ExplainError`] if there is no such Alert.
    pub(crate) fn of_stored(
        event: &Event,
        specs: Specs,
        alert: Option<&ObjectKey>,
        circumstances: ExplainInput,
    ) -> Result<Self, ExplainError> {
        let received = Received { event: event.clone(), dropped_fields: false };
        Self::about(received, specs, alert, circumstances)
    }

    /// The question as one about a delivery, whose Alert is there or not.
    pub(crate) fn about_delivery(mut self, delivery: DeliveryView, alert_is_there: bool) -> Self {
        if !alert_is_there {
            self.problems.push(format!(
                "alert '{}', which asked for the delivery, does not exist any more; these are all others",
                delivery.alert
            ));
        }
        self.delivery = Some(delivery);
        self
    }

    fn about(
        received: Received,
        specs: Specs,
        alert: Option<&ObjectKey>,
        circumstances: ExplainInput,
    ) -> Result<Self, ExplainError> {
        if let Some(absent) = alert.filter(|key| !specs.alerts.iter().any(|alert| alert.key == **key)) {
            return Err(ExplainError::NoAlert(absent.clone()));
        }
        let index = index_of(&specs);
        let Specs { providers, labels, mut problems, .. } = specs;
        let Received { event, dropped_fields } = received;
        if dropped_fields {
            problems.push(format!(
                "the unknown fields of the event are dropped: together they may take {MOST_UNKNOWN_BYTES} bytes"
            ));
        }
        let incoming = Incoming { event: &event, accepted_at: circumstances.now };
        let planned = Planned::new(plan(incoming, &index, &*labels, &circumstances.rules));
        let mut steps = explain(incoming, &index, &*labels, &circumstances.rules);
        steps.retain(|(found, _)| alert.is_none_or(|wanted| *wanted == found.key));
        let providers = providers.into_iter().map(|spec| (spec.key.clone(), spec)).collect();
        let event = Arc::new(event);
        Ok(Self { event, steps, planned, providers, labels, problems, circumstances, delivery: None })
    }

    /// The Secrets that decide what would be sent; those of so many Providers as can be shown.
    pub(crate) fn secrets(&self) -> Vec<ObjectKey> {
        let notifies = self.steps.iter().filter_map(|(alert, _)| self.planned.deliveries.get(&alert.key));
        let providers: BTreeSet<&ObjectKey> =
            notifies.map(|delivery| &delivery.provider).take(outbound::MOST_REQUESTS).collect();
        let specs = providers.into_iter().filter_map(|provider| self.providers.get(provider));
        specs.flat_map(|spec| spec.secret_keys()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The explanation. Certificates are read and messages rendered, so it is for threads that may block.
    pub(crate) fn answer(self, secrets: &Secrets) -> Explanation {
        let Self { event, steps, mut planned, providers, labels, problems, circumstances, delivery } = self;
        let mut outbound = Outbound::new(&providers, secrets, &circumstances, event.clone());
        let mut explained = |(alert, step): (Arc<Alert>, DecidingStep)| {
            let words = words::Words { alert: &alert, event: &event, labels: &*labels };
            let explained = explained(&words, &step, planned.drops.remove(&alert.key));
            let explained = match planned.deliveries.remove(&alert.key) {
                Some(delivery) => with_preview(explained, outbound.preview(delivery)),
                None => explained,
            };
            let notices = planned.notices.remove(&alert.key).unwrap_or_default();
            Explained { notices: notices.iter().map(|notice| notice.message(&event)).collect(), ..explained }
        };
        let alerts = steps.into_iter().map(&mut explained).collect();
        Explanation {
            object: event.involved_object.path(),
            severity: event.severity.as_str().to_owned(),
            reason: event.reason.clone(),
            action: event.action.as_ref().map(|action| action.as_str().to_owned()),
            related_object: event.related_object.as_ref().map(|object| object.path()),
            delivery,
            alerts,
            problems,
        }
    }
}

pub(crate) fn index_of(specs: &Specs) -> Index {
    let mut index = Index::new();
    for alert in &specs.alerts {
        index.apply(&Change::Applied(alert.clone()));
    }
    for provider in &specs.providers {
        index.apply_provider(&Change::Applied(provider.clone()));
    }
    index
}

/// The plan for an event, by Alert.
struct Planned {
    deliveries: HashMap<ObjectKey, NewDelivery>,
    drops: HashMap<ObjectKey, campanile_router::Dropped>,
    notices: HashMap<ObjectKey, Vec<campanile_router::OwnerNotice>>,
}

impl Planned {
    fn new(plan: Plan) -> Self {
        let deliveries =
            plan.deliveries.into_iter().map(|delivery| (delivery.alert.key.clone(), delivery)).collect();
        let drops = plan.drops.into_iter().map(|dropped| (dropped.alert.key.clone(), dropped)).collect();
        let mut notices: HashMap<_, Vec<_>> = HashMap::new();
        for notice in plan.notices {
            notices.entry(notice.alert.key.clone()).or_default().push(notice);
        }
        Self { deliveries, drops, notices }
    }
}

fn explained(
    words: &words::Words<'_>,
    step: &DecidingStep,
    dropped: Option<campanile_router::Dropped>,
) -> Explained {
    let Alert { key, provider, .. } = words.alert;
    let why = match dropped {
        Some(dropped) => dropped.message(words.event),
        None => words.why(step),
    };
    let result = if *step == DecidingStep::Notifies { AlertOutcome::Delivers } else { AlertOutcome::Stopped };
    Explained {
        alert: key.clone(),
        provider: provider.clone(),
        result,
        step: words::label(step).to_owned(),
        why,
        notices: Vec::new(),
        requests: Vec::new(),
        more_may_follow: false,
    }
}

/// What the Provider adds to an Alert that notifies.
fn with_preview(explained: Explained, preview: Preview) -> Explained {
    match preview {
        Preview::Requests { requests, more_may_follow } => {
            Explained { requests, more_may_follow, ..explained }
        }
        Preview::LeftOut => {
            let why = format!(
                "{}; its request is left out, the answer is long already: ask for it with --alert {}",
                explained.why, explained.alert
            );
            Explained { why, ..explained }
        }
        Preview::Skipped => {
            let why = "its Provider's type shows nothing for an event of this reason".to_owned();
            Explained { result: AlertOutcome::Skips, step: "rendering".to_owned(), why, ..explained }
        }
        Preview::Unrenderable(failure) => Explained {
            result: AlertOutcome::Fails,
            step: "rendering".to_owned(),
            why: format!("{failure}; it would become a dead letter"),
            ..explained
        },
        Preview::Unusable(failure) => Explained {
            result: AlertOutcome::Waits,
            step: "provider".to_owned(),
            why: format!("{failure}; the notification waits until the Provider is mended"),
            ..explained
        },
    }
}
