//! Operations API to watcher: the objects and how they stand, as `campanile get` prints them.

use std::borrow::Cow;

use actix::Message;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Asks for all Alerts, Providers and Receivers with their status.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "ObjectTable")]
pub struct GetObjects;

/// Every Alert, Provider and Receiver, sorted by namespace and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectTable {
    /// The Alerts.
    pub alerts: Vec<AlertRow>,
    /// The Providers.
    pub providers: Vec<ProviderRow>,
    /// The Receivers; none with `--receivers=ignore`.
    #[serde(default)]
    pub receivers: Vec<ReceiverRow>,
    /// Manifests that could not be used, one line each, with file, line and remedy.
    pub problems: Vec<String>,
}

/// A condition by the rules of kstatus. Nearly all say one of a few things, so words that the program knows take no
/// memory of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Ready` or `Delivering`.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// `True`, `False` or `Unknown`.
    pub status: Cow<'static, str>,
    /// One camel-case word.
    pub reason: Cow<'static, str>,
    /// What is wrong and the remedy, or `Initialized`.
    pub message: Cow<'static, str>,
    /// When status, reason or message last changed.
    pub last_transition_time: Timestamp,
    /// The generation that was judged.
    pub observed_generation: i64,
}

/// What all kinds of objects show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRow {
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Whether it is switched off.
    pub suspended: bool,
    /// Its conditions, `Ready` first.
    pub conditions: Vec<Condition>,
    /// When it appeared.
    pub since: Timestamp,
    /// When something was last delivered for or by it.
    pub last_delivery: Option<Timestamp>,
    /// The last setback, if it is newer than the last delivery.
    pub last_error: Option<String>,
    /// Notifications that wait.
    pub pending: u64,
    /// Notifications that were given up and can be put back.
    pub dead_letters: u64,
}

/// One Alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertRow {
    /// What all kinds show.
    #[serde(flatten)]
    pub object: ObjectRow,
    /// Name of its Provider.
    pub provider: String,
}

/// One Provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderRow {
    /// What all kinds show; its conditions are `Ready` and `Delivering`.
    #[serde(flatten)]
    pub object: ObjectRow,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// One Receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiverRow {
    /// What all kinds show.
    #[serde(flatten)]
    pub object: ObjectRow,
}
