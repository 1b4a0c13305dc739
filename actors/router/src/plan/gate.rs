//! Planning of the delivery that a selected Alert makes of an event (contract, control plane 6.1, steps 1 to 9; 6.3 for the default name).

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_domain::{
    AlertRef, NewDelivery, ProviderClass, ProviderSpec, ProviderType, Severity, combine, commit_of,
};
use jiff::{SignedDuration, Timestamp};

use super::matching::{Matching, Skipped};
use super::{DropReason, Incoming, OwnerNotice, Problem, RoutingPolicy};
use crate::Index;
use crate::index::{Addressee, Compiled};

/// How long a delivery of an unknown type is kept: a newer version of this program may know the type.
const UNKNOWN_TYPE_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// The reason of events that say what goes on rather than how it ended (contract, providers 17.1).
const PROGRESSING: &str = "Progressing";

/// A commit status to show.
struct Status {
    name: String,
    /// Statuses of one commit and name go out in order, whatever object they are of.
    lane: Arc<str>,
}

/// The halt of a selected Alert that makes no delivery, for now or for good.
#[derive(Debug)]
pub(super) enum Halt {
    /// The Alert is not served, for this reason.
    Dropped(DropReason),
    /// The name of its commit status is to be computed elsewhere, by the expression of this Provider.
    Elsewhere(Arc<Addressee>),
}

impl From<DropReason> for Halt {
    fn from(reason: DropReason) -> Self {
        Self::Dropped(reason)
    }
}

/// Turns Alerts that selected one event into deliveries.
pub(super) struct DeliveryPlanner<'a> {
    incoming: Incoming<'a>,
    index: &'a Index,
    rules: &'a RoutingPolicy,
    matching: &'a Matching<'a>,
    /// Shared by all deliveries of the event.
    lane: OnceCell<Arc<str>>,
}

impl<'a> DeliveryPlanner<'a> {
    pub(super) fn new(
        incoming: Incoming<'a>,
        index: &'a Index,
        rules: &'a RoutingPolicy,
        matching: &'a Matching<'a>,
    ) -> Self {
        Self { incoming, index, rules, matching, lane: OnceCell::new() }
    }

    /// The delivery of one Alert, or why there is none.
    pub(super) fn pass(
        &self,
        compiled: &Arc<Compiled>,
        notices: &mut Vec<OwnerNotice>,
    ) -> Result<NewDelivery, Halt> {
        let alert = &compiled.alert;
        let event = self.incoming.event;
        if self.rules.no_cross_namespace_refs && *alert.key.namespace != *event.involved_object.namespace {
            return Err(DropReason::CrossNamespace.into());
        }
        let addressee = self.index.addressee(&alert.provider).ok_or(DropReason::ProviderMissing)?;
        let provider = &addressee.spec;
        if provider.suspend {
            return Err(DropReason::ProviderSuspended.into());
        }
        let class = provider.kind().map(ProviderType::class);
        self.check_class(class)?;
        let combined = combine(event, alert);
        let status = match class {
            Some(ProviderClass::CommitStatus) => {
                Some(self.status(compiled, addressee, &combined.metadata)?)
            }
            _ => None,
        };
        if !combined.conflicts.is_empty() {
            let problem = Problem::MetadataConflicts(combined.conflicts);
            notices.push(OwnerNotice { alert: alert.clone(), problem });
        }
        Ok(NewDelivery {
            provider: alert.provider.clone(),
            alert: AlertRef { key: alert.key.clone(), uid: alert.uid.to_string() },
            lane: status.as_ref().map_or_else(|| self.lane(), |status| status.lane.clone()),
            newest_only: status.is_some(),
            metadata: combined.metadata,
            commit_status: status.map(|status| status.name),
            deadline: self.deadline(provider),
        })
    }

    /// Steps 4 to 6. A type that is not known counts as a message: its deliveries wait for a version that knows it.
    fn check_class(&self, class: Option<ProviderClass>) -> Result<(), DropReason> {
        let event = self.incoming.event;
        match class {
            Some(ProviderClass::Generic) => Ok(()),
            Some(ProviderClass::CommitStatus) => {
                let caused = event.is_error() || event.has_commit() || event.is_commit_status_update();
                if caused { Ok(()) } else { Err(DropReason::NoCommit) }
            }
            Some(ProviderClass::Message | ProviderClass::ChangeRequest) | None
                if event.is_commit_status_update() =>
            {
                Err(DropReason::CommitStatusUpdate)
            }
            Some(ProviderClass::ChangeRequest) if !event.has_change_request() => {
                Err(DropReason::NoChangeRequest)
            }
            Some(ProviderClass::Message | ProviderClass::ChangeRequest) | None => Ok(()),
        }
    }

    /// The commit status to show. Whatever is no state of a commit is dropped here: of several that wait only the
    /// newest goes out, and it must not be one that says nothing.
    fn status(
        &self,
        alert: &Arc<Compiled>,
        provider: &Arc<Addressee>,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Status, Halt> {
        let event = self.incoming.event;
        let pending = event.reason == PROGRESSING && !provider.spec.shows_progress();
        if pending || !matches!(event.severity, Severity::Info | Severity::Error) {
            return Err(DropReason::NoState.into());
        }
        let commit = commit_of(metadata).map_err(|_| DropReason::NoRevision)?;
        let compute = |steps| provider.status_name(event, metadata, alert, steps);
        let name = match self.matching.name(alert, provider, compute) {
            None => return Err(Halt::Elsewhere(provider.clone())),
            Some(Err(Skipped)) => return Err(DropReason::OverBudget.into()),
            Some(Ok(name)) => name?,
        };
        Ok(Status { lane: format!("{commit} {name}").into(), name })
    }

    fn lane(&self) -> Arc<str> {
        self.lane.get_or_init(|| self.incoming.event.involved_object.path().into()).clone()
    }

    fn deadline(&self, provider: &ProviderSpec) -> Timestamp {
        let of_type = || provider.kind().map_or(UNKNOWN_TYPE_DEADLINE, ProviderType::deadline);
        let lifetime = self.rules.deadline.unwrap_or_else(of_type);
        let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        self.incoming.accepted_at.checked_add(lifetime).unwrap_or(Timestamp::MAX)
    }
}
