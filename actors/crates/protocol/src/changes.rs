//! Watcher to router and dispatcher: which objects there are now.

use std::sync::Arc;

use actix::Message;
use campanile_domain::{Alert, ObjectKey, ProviderSpec, ReceiverSpec};

use crate::ReceiverStanding;

/// One object that appeared, changed or went away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// It exists and looks like this now.
    Applied(Arc<T>),
    /// The object with this key is gone.
    Deleted(ObjectKey),
}

/// A batch of changes, to be applied in one step.
///
/// The first batch after a start holds every object and has `initial` set: until it comes, events are stored but not
/// planned. An actor that is restarted asks for a new initial batch, which replaces all it knew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Changes {
    /// Whether this is the whole state: what is not in it does not exist.
    pub initial: bool,
    /// The changes of Alerts, in order.
    pub alerts: Vec<Change<Alert>>,
    /// The changes of Providers, in order.
    pub providers: Vec<Change<ProviderSpec>>,
    /// Providers whose queues somebody asks to be tried at once.
    pub requested: Vec<ObjectKey>,
    /// The changes of Receivers, in order.
    pub receivers: Vec<Change<ReceiverSpec>>,
    /// How Receivers stand, where that changed.
    pub standings: Vec<ReceiverStanding>,
    /// Secrets that appeared, changed or went away, by key only: contents are read on demand.
    pub secrets: Vec<ObjectKey>,
    /// Whether labels of source objects changed, so that events held back for them can be planned.
    pub labels: bool,
}

impl Changes {
    /// Whether there is nothing to tell. An initial batch always tells something.
    pub fn is_empty(&self) -> bool {
        !self.initial
            && !self.labels
            && self.alerts.is_empty()
            && self.providers.is_empty()
            && self.requested.is_empty()
            && self.receivers.is_empty()
            && self.standings.is_empty()
            && self.secrets.is_empty()
    }
}

/// Router or dispatcher to watcher: send the initial batch again. Sent by an actor that was (re)started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Resync;
