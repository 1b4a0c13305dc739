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
    /// The rows of all Alerts.
    pub alerts: Vec<AlertRow>,
    /// The rows of all Providers.
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
    /// The type of the condition: `Ready` or `Delivering`.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The status of the condition: `True`, `False` or `Unknown`.
    pub status: Cow<'static, str>,
    /// The reason of the condition: one camel-case word.
    pub reason: Cow<'static, str>,
    /// What is wrong and the remedy, or `Initialized`.
    pub message: Cow<'static, str>,
    /// When status, reason or message last changed.
    pub last_transition_time: Timestamp,
    /// The generation that was judged.
    pub observed_generation: i64,
}

/// The columns that all kinds of objects show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRow {
    /// The namespace of the object.
    pub namespace: String,
    /// The name of the object.
    pub name: String,
    /// Whether it is switched off.
    pub suspended: bool,
    /// The conditions of the object, `Ready` first.
    pub conditions: Vec<Condition>,
    /// The time at which the object appeared.
    pub since: Timestamp,
    /// When something was last delivered for or by it.
    pub last_delivery: Option<Timestamp>,
    /// The last setback, if it is newer than the last delivery.
    pub last_error: Option<String>,
    /// The number of notifications that wait.
    pub pending: u64,
    /// Notifications that were given up and can be put back.
    pub dead_letters: u64,
}

/// The row of one Alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertRow {
    /// The columns that all kinds show.
    #[serde(flatten)]
    pub object: ObjectRow,
    /// The name of the Alert's Provider.
    pub provider: String,
}

/// The row of one Provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderRow {
    /// What all kinds show; its conditions are `Ready` and `Delivering`.
    #[serde(flatten)]
    pub object: ObjectRow,
    /// The type of the Provider, such as `slack`.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// The row of one Receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiverRow {
    /// The columns that all kinds show.
    #[serde(flatten)]
    pub object: ObjectRow,
    /// The type of the Receiver, such as `github`.
    #[serde(rename = "type", default)]
    pub type_name: String,
    /// The last request; none before the first.
    #[serde(default)]
    pub last_webhook: Option<WebhookRow>,
    /// Requests after which everything was asked to reconcile.
    #[serde(default)]
    pub accepted: u64,
    /// Requests that were stored because the API server was away.
    #[serde(default)]
    pub postponed: u64,
    /// Requests that did not verify, or came while it was not ready.
    #[serde(default)]
    pub refused: u64,
    /// Requests after which something could not be asked to reconcile.
    #[serde(default)]
    pub failed: u64,
    /// Requests to reconcile that wait for the API server now.
    #[serde(default)]
    pub waiting: u64,
    /// Those that waited for 24 hours and were given up.
    #[serde(default)]
    pub expired: u64,
    /// How long looks at it took.
    #[serde(default)]
    pub looks: LookTimes,
}

/// The last request of a Receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRow {
    /// The time at which the request came.
    pub time: Timestamp,
    /// `accepted`, `postponed`, `refused` or `failed`.
    pub verdict: String,
    /// Why, in a few words.
    pub reason: String,
    /// How many resources were asked to reconcile.
    pub resources: u32,
}

/// The durations of looks at a Receiver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookTimes {
    /// How many there are per bucket of [`BOUNDS`](Self::BOUNDS), and beyond.
    pub buckets: [u64; 11],
    /// The sum of all durations, in microseconds.
    pub micros: u64,
}

impl LookTimes {
    /// Upper bounds of the buckets in seconds: geometric from 0.01 to 1800 (contract, control plane 9).
    pub const BOUNDS: [f64; 10] = [
        0.01,
        0.038_363_583_488_692_544,
        0.147_176_453_809_389_3,
        0.564_621_617_328_616_9,
        2.166_090_855_590_700_6,
        8.309_900_738_254_731,
        31.879_757_075_478_31,
        122.302_172_216_434_9,
        469.194_959_467_365_3,
        1800.0,
    ];

    /// Counts one that took so long.
    pub fn add(&mut self, took: std::time::Duration) {
        let bucket = Self::BOUNDS.partition_point(|bound| *bound < took.as_secs_f64());
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.micros = self.micros.saturating_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
}
