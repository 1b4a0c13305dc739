//! The status of an object as the API server keeps it: read, compared, and written as a merge patch.

use std::borrow::Cow;
use std::sync::Arc;

use campanile_crds::condition::{IN_PROGRESS, READY, TRUE, bounded_message, shared};
use campanile_protocol::Condition;
use jiff::{Timestamp, TimestampRound, Unit};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::webhook_status::{ReconcileStatus, WebhookStatus};
use crate::standing::{Seed, ShownPath, ShownStanding};

/// Condition types that only this program writes. Others are left as they are.
const OWN: &[&str] = &[STALLED, RECONCILING, READY, campanile_crds::condition::DELIVERING];

/// Something a human has to mend stands in the way; nothing is tried.
const STALLED: &str = "Stalled";
/// The object is not ready and is tried again.
const RECONCILING: &str = "Reconciling";
/// Why an object is [`RECONCILING`].
const PROGRESSING_WITH_RETRY: &str = "ProgressingWithRetry";

/// The fate of the last notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastDelivery {
    /// The time of the delivery, in whole seconds.
    pub(crate) time: Timestamp,
    /// The result: `delivered` or `dead`.
    pub(crate) result: Box<str>,
}

/// The fields that this program writes, and the conditions of others. There is one for each object, so it is small: what
/// is also shown shares its memory with the status table ([`ObjectStatus::share`]).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ObjectStatus {
    pub(crate) conditions: Box<[Arc<Condition>]>,
    foreign: Box<[Json]>,
    /// The last generation that became ready.
    pub(crate) observed_generation: Option<i64>,
    /// The last request to reconcile that was seen.
    pub(crate) handled: Option<Box<str>>,
    pub(crate) last_delivery: Option<Box<LastDelivery>>,
    pub(crate) last_error: Option<Box<str>>,
    /// None is as good as zero.
    pub(crate) pending: Option<u64>,
    pub(crate) dead_letters: Option<u64>,
    /// The path of a Receiver.
    pub(crate) webhook_path: Option<Box<str>>,
    /// What became of a Receiver's requests.
    pub(crate) webhooks: Option<Box<WebhookStatus>>,
    /// What of them had to wait for the API server. None is as good as zeros.
    pub(crate) reconciles: Option<Box<ReconcileStatus>>,
}

/// The difference between two statuses, by how urgent it is to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// It is what it should be.
    None,
    /// Only times, texts and numbers of deliveries differ.
    Stale,
    /// The last delivery went another way than the status says, or there is something that waits or is dead where there
    /// was nothing, or the other way round.
    Flipped,
    /// A condition, a generation or a handled request differs.
    Condition,
}

impl ObjectStatus {
    /// Reads `status`; what cannot be read is as if it were not there.
    pub(crate) fn read(status: &Json) -> Self {
        let is_own = |written: &&Json| written["type"].as_str().is_some_and(|kind| OWN.contains(&kind));
        let written = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (own, foreign): (Vec<&Json>, Vec<&Json>) = written.iter().partition(is_own);
        Self {
            conditions: own.into_iter().filter_map(read_condition).collect(),
            foreign: foreign.into_iter().cloned().collect(),
            observed_generation: status["observedGeneration"].as_i64(),
            handled: status["lastHandledReconcileAt"].as_str().map(Into::into),
            last_delivery: LastDelivery::deserialize(&status["lastDelivery"]).ok().map(Box::new),
            last_error: status["lastError"].as_str().map(Into::into),
            pending: status["pending"].as_u64(),
            dead_letters: status["deadLetters"].as_u64(),
            webhook_path: status["webhookPath"].as_str().filter(|path| !path.is_empty()).map(Into::into),
            webhooks: WebhookStatus::read(status).map(Box::new),
            reconciles: ReconcileStatus::deserialize(&status["reconciles"]).ok().map(Box::new),
        }
    }

    /// Takes the place of conditions that are shown as they are written.
    pub(crate) fn share(&mut self, shown: &ShownStanding<'_>) {
        for condition in &mut self.conditions {
            if let Some(same) = shown.conditions.iter().find(|shown| ***shown == *condition) {
                *condition = Arc::clone(same);
            }
        }
    }

    /// What of it a new watcher goes on with.
    pub(crate) fn seed(&self, since: Option<Timestamp>) -> Seed {
        let condition = |kind| self.conditions.iter().find(|condition| condition.kind == kind).cloned();
        Seed {
            since,
            ready: condition(READY),
            delivering: condition(campanile_crds::condition::DELIVERING),
            webhook_path: self.webhook_path.clone(),
        }
    }

    /// What should be there where `self` is (contract, control plane 3.1).
    pub(crate) fn wanted(&self, shown: &ShownStanding<'_>, generation: i64, requested: Option<&str>) -> Self {
        let ready = shown.conditions.iter().find(|condition| condition.kind == READY);
        let is_ready = ready.is_some_and(|ready| ready.status == TRUE);
        let is_terminal = shown.is_terminal;
        let progress = ready.filter(|_| !is_ready).map(|ready| Arc::new(progress(ready, is_terminal)));
        let is_observed = is_ready || is_terminal && shown.observes_terminal;
        let webhook = shown.webhook.as_ref();
        let whole_seconds = TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
        let fate = |(time, good): (Timestamp, bool)| {
            let result = if good { "delivered" } else { "dead" }.into();
            Box::new(LastDelivery { time: time.round(whole_seconds).unwrap_or(time), result })
        };
        Self {
            conditions: progress
                .into_iter()
                .chain(shown.conditions.iter().map(|one| Arc::clone(one)))
                .collect(),
            foreign: self.foreign.clone(),
            observed_generation: if is_observed { Some(generation) } else { self.observed_generation },
            handled: requested.map(Into::into).or_else(|| self.handled.clone()),
            last_delivery: shown.fate.map(fate).or_else(|| self.last_delivery.clone()),
            last_error: match (shown.error, shown.fate) {
                (Some(error), _) => Some(bounded_message(Cow::Owned(error.to_owned())).into()),
                (None, Some(_)) => None,
                (None, None) => self.last_error.clone(),
            },
            pending: shown.counts.map(|counts| counts.pending).or(self.pending),
            dead_letters: shown.counts.map(|counts| counts.dead).or(self.dead_letters),
            webhook_path: match webhook.map(|webhook| &webhook.path) {
                Some(ShownPath::Is(path)) => Some((*path).into()),
                Some(ShownPath::Nothing) => None,
                Some(ShownPath::AsBefore) | None => self.webhook_path.clone(),
            },
            webhooks: webhook
                .and_then(|webhook| webhook.counts)
                .map(|counts| Box::new(WebhookStatus::of(counts)))
                .or_else(|| self.webhooks.clone()),
            reconciles: webhook
                .and_then(|webhook| webhook.postponed)
                .map(|counts| Box::new(ReconcileStatus::of(counts)))
                .or_else(|| self.reconciles.clone()),
        }
    }

    /// How `self` differs from what should be there.
    pub(crate) fn difference(&self, wanted: &Self) -> Difference {
        let result = |status: &Self| status.last_delivery.as_ref().map(|last| last.result.clone());
        if !same_conditions(&self.conditions, &wanted.conditions)
            || self.observed_generation != wanted.observed_generation
            || self.handled != wanted.handled
            || self.webhook_path != wanted.webhook_path
        {
            Difference::Condition
        } else if result(self) != result(wanted)
            || self.last_error.is_some() != wanted.last_error.is_some()
            || !WebhookStatus::same_verdict(self.webhooks.as_deref(), wanted.webhooks.as_deref())
            || ReconcileStatus::any(self.reconciles.as_deref())
                != ReconcileStatus::any(wanted.reconciles.as_deref())
            || [self.pending, self.dead_letters].map(is_any)
                != [wanted.pending, wanted.dead_letters].map(is_any)
        {
            Difference::Flipped
        } else if self.without_zeros() != wanted.without_zeros() {
            Difference::Stale
        } else {
            Difference::None
        }
    }

    /// Whether the status says that something waits or is dead.
    pub(crate) fn has_backlog(&self) -> bool {
        is_any(self.pending) || is_any(self.dead_letters)
    }

    /// The same with nothing in place of numbers that are zero.
    fn without_zeros(&self) -> Self {
        let some = |number: Option<u64>| number.filter(|number| *number > 0);
        let is_any = |status: &ReconcileStatus| ReconcileStatus::any(Some(status)) != [false; 3];
        Self {
            pending: some(self.pending),
            dead_letters: some(self.dead_letters),
            reconciles: self.reconciles.clone().filter(|status| is_any(status)),
            ..self.clone()
        }
    }

    /// The merge patch that makes a status say this. It fails if the object is not the one that was seen.
    pub(crate) fn patch(&self, uid: &str, resource_version: &str) -> Json {
        let own = self.conditions.iter().map(|condition| json!(**condition));
        json!({
            "metadata": { "uid": uid, "resourceVersion": resource_version },
            "status": {
                "conditions": own.chain(self.foreign.iter().cloned()).collect::<Vec<Json>>(),
                "observedGeneration": self.observed_generation,
                "lastHandledReconcileAt": self.handled,
                "lastDelivery": self.last_delivery,
                "lastError": self.last_error,
                "pending": self.pending,
                "deadLetters": self.dead_letters,
                "webhookPath": self.webhook_path,
                "lastWebhook": self.webhooks.as_ref().map(|webhooks| &webhooks.last),
                "webhooks": self.webhooks.as_ref().map(|webhooks| &webhooks.counts),
                "reconciles": self.reconciles,
            }
        })
    }
}

/// Reads a condition of ours; none if it is not as we write them.
fn read_condition(written: &Json) -> Option<Arc<Condition>> {
    let read = Condition::deserialize(written).ok()?;
    Some(Arc::new(Condition {
        kind: shared(read.kind),
        status: shared(read.status),
        reason: shared(read.reason),
        message: shared(read.message),
        ..read
    }))
}

/// What goes with an object that is not ready: it is stalled until its spec or this program changes, or tried again.
fn progress(ready: &Condition, is_terminal: bool) -> Condition {
    let status = TRUE.into();
    if is_terminal {
        return Condition { kind: STALLED.into(), status, ..ready.clone() };
    }
    let (reason, message) = (PROGRESSING_WITH_RETRY.into(), IN_PROGRESS.into());
    Condition { kind: RECONCILING.into(), status, reason, message, ..ready.clone() }
}

fn is_any(number: Option<u64>) -> bool {
    number.is_some_and(|number| number > 0)
}

/// Times of transition count only for `Ready` and `Delivering`, which keep them.
fn same_conditions(a: &[Arc<Condition>], b: &[Arc<Condition>]) -> bool {
    let same = |(a, b): (&Arc<Condition>, &Arc<Condition>)| {
        (&a.kind, &a.status, &a.reason, &a.message, a.observed_generation)
            == (&b.kind, &b.status, &b.reason, &b.message, b.observed_generation)
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

#[cfg(test)]
mod tests;
