//! Why each Alert does or does not notify about an event, and the requests that would go out.
//!
//! The router's own functions decide, and the Provider's type renders, so that the answer is what would happen. Nothing
//! is sent or stored, and what is shown is masked. What is wrong with a Provider is a part of the answer, never an error.

mod outbound;
mod shown;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use campanile_domain::{Alert, DecodeError, Event, NewDelivery, ObjectKey};
use campanile_intake::IntakeConfig;
use campanile_protocol::Change;
use campanile_router::{Incoming, Index, Plan, Rules, Step, explain, plan};
use campanile_transport::Transport;
use campanile_watcher::{FolderError, LabelStore, Loaded, load};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use outbound::{Outbound, Preview};
pub use shown::{Header, ShownRequest};

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The object of the event, as `Kind/namespace/name`.
    pub object: String,
    /// The event's severity.
    pub severity: String,
    /// The event's reason.
    pub reason: String,
    /// Every Alert that was asked for, sorted by namespace and name.
    pub alerts: Vec<Explained>,
    /// Manifests that can not be used, one line each.
    pub problems: Vec<String>,
}

/// What one Alert makes of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The Alert.
    pub alert: ObjectKey,
    /// Its Provider.
    pub provider: ObjectKey,
    /// How it ends.
    pub result: Outcome,
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

/// How an Alert's part of an event ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A notification goes out.
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

impl Outcome {
    /// The word in tables.
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

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Longer than what the event endpoint takes.
    #[error("read the event: it is longer than the {0} bytes that are accepted")]
    TooLarge(usize),
    /// No event.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The manifests can not be read.
    #[error("read the manifests in '{}': {}; bring the folder back or name another", .0.folder.display(), .0.source)]
    Folder(FolderError),
    /// No such Alert.
    #[error("find alert '{0}': it does not exist; leave --alert out to see all")]
    NoAlert(ObjectKey),
}

/// What decides beside the manifests.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// What the operator decided.
    pub rules: Rules,
    /// Checks proxies and certificates. Nothing is dialled.
    pub transport: Transport,
    /// The time of acceptance.
    pub now: Timestamp,
}

/// Explains the event in `body` by the manifests below `folder`; only `alert`, where one is named. Reads files, so it is
/// for threads that may block.
///
/// # Errors
/// [`ExplainError`] if the event or the folder can not be read, or there is no such Alert.
pub fn explain_folder(
    folder: &Path,
    body: &[u8],
    alert: Option<&ObjectKey>,
    circumstances: &Circumstances,
) -> Result<Explanation, ExplainError> {
    let event = read_event(body)?;
    let loaded = load(folder).map_err(ExplainError::Folder)?;
    explain_loaded(&loaded, &event, alert, circumstances)
}

/// The event as intake would take it.
fn read_event(body: &[u8]) -> Result<Event, ExplainError> {
    let limit = IntakeConfig::default().body_limit;
    if body.len() > limit {
        return Err(ExplainError::TooLarge(limit));
    }
    let mut event = Event::decode(body)?;
    event.clean_metadata();
    event.remove_token();
    Ok(event)
}

fn explain_loaded(
    loaded: &Loaded,
    event: &Event,
    alert: Option<&ObjectKey>,
    circumstances: &Circumstances,
) -> Result<Explanation, ExplainError> {
    if let Some(absent) = alert.filter(|key| !loaded.alerts.contains_key(*key)) {
        return Err(ExplainError::NoAlert(absent.clone()));
    }
    let index = index_of(loaded);
    let labels = LabelStore::of(loaded);
    let incoming = Incoming { event, accepted_at: circumstances.now };
    let mut planned = Planned::new(plan(incoming, &index, &labels, &circumstances.rules));
    let steps = explain(incoming, &index, &labels, &circumstances.rules);
    let mut outbound = Outbound::new(loaded, circumstances, Arc::new(event.clone()));
    let wanted = |key: &ObjectKey| alert.is_none_or(|wanted| wanted == key);
    let alerts = steps
        .into_iter()
        .filter(|(alert, _)| wanted(&alert.key))
        .map(|(alert, step)| {
            let words = words::Words { alert: &alert, event, labels: &labels };
            let delivery = planned.deliveries.remove(&alert.key);
            let explained = explained(&words, &step, planned.drops.remove(&alert.key));
            let explained = match delivery {
                Some(delivery) => with_preview(explained, outbound.preview(delivery)),
                None => explained,
            };
            let notices = planned.notices.remove(&alert.key).unwrap_or_default();
            Explained { notices: notices.iter().map(|notice| notice.message(event)).collect(), ..explained }
        })
        .collect();
    Ok(Explanation {
        object: event.involved_object.path(),
        severity: event.severity.as_str().to_owned(),
        reason: event.reason.clone(),
        alerts,
        problems: loaded.problems.iter().map(ToString::to_string).collect(),
    })
}

fn index_of(loaded: &Loaded) -> Index {
    let mut index = Index::new();
    for alert in loaded.alerts.values() {
        index.apply(&Change::Applied(alert.value.clone()));
    }
    for provider in loaded.providers.values() {
        index.apply_provider(&Change::Applied(provider.value.clone()));
    }
    index
}

/// A plan by Alert.
struct Planned {
    deliveries: HashMap<ObjectKey, NewDelivery>,
    drops: HashMap<ObjectKey, campanile_router::Dropped>,
    notices: HashMap<ObjectKey, Vec<campanile_router::Notice>>,
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

fn explained(words: &words::Words<'_>, step: &Step, dropped: Option<campanile_router::Dropped>) -> Explained {
    let Alert { key, provider, .. } = words.alert;
    let why = match dropped {
        Some(dropped) => dropped.message(words.event),
        None => words.why(step),
    };
    let result = if *step == Step::Notifies { Outcome::Delivers } else { Outcome::Stopped };
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
            Explained { result: Outcome::Skips, step: "rendering".to_owned(), why, ..explained }
        }
        Preview::Unrenderable(failure) => Explained {
            result: Outcome::Fails,
            step: "rendering".to_owned(),
            why: format!("{failure}; it would become a dead letter"),
            ..explained
        },
        Preview::Unusable(failure) => Explained {
            result: Outcome::Waits,
            step: "provider".to_owned(),
            why: format!("{failure}; the notification waits until the Provider is mended"),
            ..explained
        },
    }
}
