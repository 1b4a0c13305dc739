//! Dispatcher to watcher: how Providers and deliveries are doing.

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
    Delivery(DeliveryOutcome),
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
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// Its Provider.
    pub provider: ObjectKey,
    /// Its Alert.
    pub alert: AlertRef,
    /// When.
    pub at: Timestamp,
    /// How it went.
    pub result: DeliveryResult,
}

/// The result of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The destination has it.
    Delivered,
    /// It will be tried again.
    Delayed(Failure),
    /// It was given up.
    Dead(Failure),
}
