//! Outcomes of planning: why an Alert did not notify, and what its owner should be told, in the contract's words.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use campanile_domain::{Alert, Conflict, Event, EventSource, ObjectRef};
use campanile_protocol::reason;

use super::fan_out::{MOST, MOST_OF_A_NAMESPACE};

/// Texts that more than one place says.
pub(crate) mod texts {
    /// The text of a conflict (contract, control plane 6.2).
    pub(crate) const CONFLICTS: &str = "metadata key conflicts detected (please refer to the Alert API docs and Flux RFC 0008 for more information)";
}

/// The step that decided about an Alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecidingStep {
    /// The Alert is switched off.
    Suspended,
    /// No source names the object's namespace, kind and name.
    NoSource,
    /// The Alert wants another severity.
    Severity,
    /// Sources name the object, but it does not carry the labels they ask for.
    Labels,
    /// The labels that decide are not known yet.
    LabelsNotYet,
    /// No inclusion matches the message.
    NotIncluded,
    /// An exclusion matches the message.
    Excluded,
    /// The Alert selected the event but cannot be served.
    Dropped(DropReason),
    /// The Alert notifies about the event.
    Notifies,
}

/// The reasons why an Alert that selected an event is not served (contract, control plane 6.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// Step 1: the object is in another namespace, and that is forbidden.
    CrossNamespace,
    /// Step 2: there is no such Provider in the Alert's namespace.
    ProviderMissing,
    /// Step 3: the Provider is switched off.
    ProviderSuspended,
    /// Step 4: commit-status events go to Git and generic types only.
    CommitStatusUpdate,
    /// Step 5: a commit status needs a commit, an update or an error.
    NoCommit,
    /// Step 6: a comment needs a change request.
    NoChangeRequest,
    /// Step 9: the name of the commit status cannot be computed, in the words of the contract.
    CommitStatusExpr(Arc<str>),
    /// The event is no state of a commit: its reason is `Progressing`, or its severity neither info nor error.
    NoState,
    /// No metadata of the event names a Git commit.
    NoRevision,
    /// Its patterns, or the expression of its Provider, used up the processor time that they may have.
    OverBudget,
    /// The event makes as many deliveries as one may, in all or in the Alert's namespace.
    FanOut,
}

impl DropReason {
    /// The stable name in metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::CrossNamespace => "cross-namespace",
            Self::ProviderMissing => "provider-missing",
            Self::ProviderSuspended => "provider-suspended",
            Self::CommitStatusUpdate => "commit-status-update",
            Self::NoCommit => "no-commit",
            Self::NoChangeRequest => "no-change-request",
            Self::CommitStatusExpr(_) => "commit-status-expr",
            Self::NoState => "no-state",
            Self::NoRevision => "no-revision",
            Self::OverBudget => "over-budget",
            Self::FanOut => "fan-out",
        }
    }

    /// Whether the Alert's owner must mend something; the others are how it is meant to be.
    pub fn is_error(&self) -> bool {
        match self {
            Self::CrossNamespace
            | Self::ProviderMissing
            | Self::CommitStatusExpr(_)
            | Self::OverBudget
            | Self::FanOut => true,
            Self::ProviderSuspended
            | Self::CommitStatusUpdate
            | Self::NoCommit
            | Self::NoChangeRequest
            | Self::NoState
            | Self::NoRevision => false,
        }
    }
}

/// An Alert that selected an event and is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The Alert that did not notify.
    pub alert: Arc<Alert>,
    /// The reason why it did not.
    pub reason: DropReason,
}

impl Dropped {
    /// The reason in words, about `event`.
    pub fn message(&self, event: &Event) -> String {
        let Alert { key, provider, .. } = &*self.alert;
        match &self.reason {
            DropReason::CrossNamespace => format!(
                "discarding event, access denied to cross-namespace sources: alert '{key}' can't process event from \
                 '{}', cross-namespace references have been blocked",
                ObjectPath(&event.involved_object)
            ),
            DropReason::ProviderMissing => format!(
                "failed to read provider: provider '{provider}' not found; create it or correct spec.providerRef"
            ),
            DropReason::ProviderSuspended => format!("provider '{provider}' is suspended"),
            DropReason::CommitStatusUpdate => {
                "commit status events go to Git and generic providers only".to_owned()
            }
            DropReason::NoCommit => {
                "event dropped for commit status providers due to missing commit metadata key".to_owned()
            }
            DropReason::NoChangeRequest => {
                "event dropped for change request providers due to missing change request metadata key"
                    .to_owned()
            }
            DropReason::CommitStatusExpr(error) => format!("failed to create commit status: {error}"),
            DropReason::NoState => {
                "the event is no state of a commit: Progressing and severities but info and error are not shown"
                    .to_owned()
            }
            DropReason::OverBudget => {
                "its patterns, or the expression of its provider, took more processor time than an Alert or its \
                 namespace may have; write cheaper ones, see docs/security.md"
                    .to_owned()
            }
            DropReason::FanOut => format!(
                "an event makes at most {MOST} deliveries, {MOST_OF_A_NAMESPACE} in a namespace; have fewer Alerts name \
                 its object"
            ),
            DropReason::NoRevision => {
                "no metadata of the event names a Git commit, so there is none to show it at".to_owned()
            }
        }
    }
}

/// Alerts that name the object of an event and did not select it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    /// The first [`Stops::MOST`] of them with the step that stopped them.
    pub first: Vec<(Arc<Alert>, DecidingStep)>,
    /// How many more there are.
    pub more: usize,
}

impl Stops {
    /// Most Alerts that are kept of one event: enough for people, and nothing that grows with the number of Alerts.
    pub const MOST: usize = 16;

    /// Notes that this step stopped an Alert.
    pub(crate) fn note(&mut self, alert: &Arc<Alert>, step: DecidingStep) {
        if self.first.len() < Self::MOST {
            self.first.push((alert.clone(), step));
        } else {
            self.more += 1;
        }
    }
}

/// Something that the owner of an Alert should be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerNotice {
    /// The Alert whose owner is told.
    pub alert: Arc<Alert>,
    /// The problem with the Alert.
    pub problem: Problem,
}

/// The problems that an owner is told of (contract, control plane 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The inclusion at this position of the list is no pattern.
    BadInclusion(usize),
    /// The exclusion at this position of the list is no pattern.
    BadExclusion(usize),
    /// The labels of the source at this position are ill-formed.
    BadLabels(usize),
    /// A source asks for labels, and the object does not exist.
    ObjectNotFound,
    /// More than one source supplied the same metadata keys. The delivery is planned all the same.
    MetadataConflicts(Vec<Conflict>),
}

impl OwnerNotice {
    /// The reason of the Kubernetes Event.
    pub fn reason(&self) -> &'static str {
        match self.problem {
            Problem::BadInclusion(_) | Problem::BadExclusion(_) | Problem::BadLabels(_) => {
                reason::INVALID_CONFIG
            }
            Problem::ObjectNotFound => reason::SOURCE_FETCH_FAILED,
            Problem::MetadataConflicts(_) => reason::METADATA_APPEND_FAILED,
        }
    }

    /// The annotations of the Kubernetes Event: each conflicting key with those who supplied it (contract, control plane Y06).
    pub fn annotations(&self) -> BTreeMap<String, String> {
        let Problem::MetadataConflicts(conflicts) = &self.problem else { return BTreeMap::new() };
        conflicts.iter().map(|conflict| (conflict.key.clone(), conflict.suppliers())).collect()
    }

    /// The text of the Kubernetes Event.
    pub fn message(&self, event: &Event) -> String {
        let pattern = |list: &[String], position: usize| list.get(position).cloned().unwrap_or_default();
        match &self.problem {
            Problem::BadInclusion(at) => {
                format!("failed to compile inclusion regex: {}", pattern(&self.alert.inclusion, *at))
            }
            Problem::BadExclusion(at) => {
                format!("failed to compile exclusion regex: {}", pattern(&self.alert.exclusion, *at))
            }
            Problem::BadLabels(at) => {
                let path = self.alert.sources.get(*at).map(source_path).unwrap_or_default();
                format!("error using matchLabels from event source {path}")
            }
            Problem::ObjectNotFound => {
                format!("error getting source object {}", ObjectPath(&event.involved_object))
            }
            Problem::MetadataConflicts(_) => texts::CONFLICTS.to_owned(),
        }
    }
}

fn source_path(source: &EventSource) -> String {
    format!("{}/{}/{}", source.kind, source.namespace, source.name)
}

/// `Kind/namespace/name`, written only if somebody reads it.
pub(crate) struct ObjectPath<'o>(pub(crate) &'o ObjectRef);

impl fmt::Display for ObjectPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectRef { kind, namespace, name, .. } = self.0;
        write!(f, "{kind}/{namespace}/{name}")
    }
}
