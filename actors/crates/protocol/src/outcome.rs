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

/// What an object has in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Notifications that wait.
    pub pending: u64,
    /// Dead letters.
    pub dead: u64,
}

impl Counts {
    /// Whether there is nothing.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// What the outbox holds by object; what is not in it has nothing. Pending ones count that were there twice in a row, so
/// that what merely passes through is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// By Provider.
    pub providers: BTreeMap<ObjectKey, Counts>,
    /// By Alert. Of a long queue only the oldest are looked at, so it may be more.
    pub alerts: BTreeMap<ObjectKey, Counts>,
}

/// How a Provider stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderState {
    /// Which Provider.
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
    /// Its Provider.
    pub provider: ObjectKey,
    /// Its Alert.
    pub alert: AlertRef,
    /// When the attempt ended.
    pub at: Timestamp,
    /// How it went.
    pub outcome: DeliveryOutcome,
}

/// The outcome of an attempt, as the owners of objects see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The destination has it.
    Delivered,
    /// It will be tried again.
    Delayed(Failure),
    /// It was given up.
    Dead(Failure),
}
