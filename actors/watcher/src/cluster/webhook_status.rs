//! The status of a Receiver about its requests: the last one, and counts by verdict. They are written with the budget of
//! all that is no condition.

use campanile_protocol::{PostponedCounts, WebhookCounts};
use jiff::{Timestamp, TimestampRound, Unit};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::verdict;

/// The requests of a Receiver as its status shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebhookStatus {
    pub(crate) last: LastRequest,
    pub(crate) counts: RequestCounts,
}

/// The last request of a Receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastRequest {
    /// The time of the request, in whole seconds.
    time: Timestamp,
    /// `accepted`, `postponed`, `refused` or `failed`.
    verdict: Box<str>,
    /// Why, in a few words.
    reason: Box<str>,
    /// How many objects were asked to reconcile.
    resources: u32,
}

/// The counts of requests by verdict, since the instance began that writes the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestCounts {
    accepted: u64,
    #[serde(default)]
    postponed: u64,
    refused: u64,
    failed: u64,
}

/// The status of requests to reconcile that had to wait for the API server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReconcileStatus {
    /// The number of requests that wait now.
    waiting: u64,
    /// How many were given up after 24 hours, since the instance began that writes the status.
    expired: u64,
    /// How many could not be made when the API server was back, since then.
    failed: u64,
}

impl ReconcileStatus {
    pub(crate) fn of(counts: &PostponedCounts) -> Self {
        let PostponedCounts { waiting, expired, failed, .. } = *counts;
        Self { waiting, expired, failed }
    }

    /// Which of the numbers are not zero.
    pub(crate) fn any(status: Option<&Self>) -> [bool; 3] {
        status.map_or([false; 3], |one| [one.waiting, one.expired, one.failed].map(|number| number > 0))
    }
}

impl WebhookStatus {
    /// Reads `status`; none if it says nothing that can be read.
    pub(crate) fn read(status: &Json) -> Option<Self> {
        let last = LastRequest::deserialize(&status["lastWebhook"]).ok()?;
        Some(Self { last, counts: RequestCounts::deserialize(&status["webhooks"]).ok()? })
    }

    pub(crate) fn of(counts: &WebhookCounts) -> Self {
        let whole_seconds = TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
        let last = &counts.last;
        Self {
            last: LastRequest {
                time: last.at.round(whole_seconds).unwrap_or(last.at),
                verdict: verdict::name(last.verdict).into(),
                reason: last.reason.as_str().into(),
                resources: last.resources,
            },
            counts: RequestCounts {
                accepted: counts.accepted,
                postponed: counts.postponed,
                refused: counts.refused,
                failed: counts.failed,
            },
        }
    }

    /// Whether two say of the last request that it ended alike.
    pub(crate) fn same_verdict(one: Option<&Self>, other: Option<&Self>) -> bool {
        let ended = |status: Option<&Self>| status.map(|status| status.last.verdict.clone());
        ended(one) == ended(other)
    }
}
