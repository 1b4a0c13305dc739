//! Dispatcher to watcher: how Providers and deliveries are doing.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::Message;
use campanile_domain::{AlertRef, Failure, ObjectKey};
use jiff::Timestamp;

/// News for object status, coalesced by the receiver.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub enum Report {
    /// A Provider was resolved anew, or its way of delivering changed.
    Provider(ProviderState),
    /// A delivery reached an end or a setback.
    Delivery(DeliveryReport),
    /// How much waits and how much was given up, whenever that changed.
    Backlog(Arc<Backlog>),
}

/// The counts of an object's deliveries in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of notifications that wait.
    pub pending: u64,
    /// The number of dead letters.
    pub dead: u64,
}

impl Counts {
    /// Whether both counts are zero.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// The contents of the outbox by object; what is not in it has nothing. Pending ones count that were there twice in a row, so
/// that what merely passes through is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The counts of each Provider that has any.
    pub providers: BTreeMap<ObjectKey, Counts>,
    /// By Alert. Of a long queue only the oldest are looked at, so it may be more.
    pub alerts: BTreeMap<ObjectKey, Counts>,
}

/// The state of a Provider's destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderState {
    /// Namespace and name of the Provider.
    pub provider: ObjectKey,
    /// The generation that was resolved.
    pub generation: i64,
    /// Whether its settings, Secrets and certificates resolve; the failure says what is wrong and the remedy.
    pub ready: Result<(), Failure>,
    /// Whether messages get through; the failure says why the queue waits.
    pub delivering: Result<(), Failure>,
    /// What its owner should know although nothing is wrong with it.
    pub remark: Option<String>,
}

/// The outcome of an attempt, with the delivery that it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Namespace and name of its Provider.
    pub provider: ObjectKey,
    /// The Alert that it was sent for.
    pub alert: AlertRef,
    /// The time at which the attempt ended.
    pub at: Timestamp,
    /// The outcome of the attempt.
    pub outcome: DeliveryOutcome,
}

/// The outcome of an attempt, as the owners of objects see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The destination has taken the notification.
    Delivered,
    /// It will be tried again.
    Delayed(Failure),
    /// The delivery was given up.
    Dead(Failure),
}
