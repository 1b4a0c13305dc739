//! Conditions by the rules of kstatus (contract, control plane 3.1): how a judgement becomes one.

use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use campanile_crds::condition::{FAILED, READY, VALIDATION_FAILED};
use campanile_crds::condition::{
    FALSE, IN_PROGRESS, INITIALIZED, PROGRESSING, SUCCEEDED, TRUE, UNKNOWN, bounded_message,
};
use campanile_protocol::Condition;
use jiff::{Timestamp, TimestampRound, Unit};

/// Reason: an address is none. Nothing is tried until the spec changes (contract, control plane 3.1).
pub(crate) const INVALID_URL: &str = "InvalidURL";

/// Reason: the Secret of a Receiver, or the token in it, is missing (contract, receivers 2.2).
pub(crate) const TOKEN_NOT_FOUND: &str = "TokenNotFound";

/// Reason: an expression of a Receiver does not compile (contract, receivers 2.2).
pub(crate) const INVALID_EXPRESSION: &str = "InvalidCELExpression";

/// A condition without its times.
pub(crate) struct Judgement {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: Cow<'static, str>,
}

impl Judgement {
    /// `Ready` of a sound object.
    pub(crate) fn ready() -> Self {
        Self::good(READY, INITIALIZED)
    }

    /// The same in other words.
    pub(crate) fn ready_as(message: String) -> Self {
        Self { kind: READY, status: TRUE, reason: SUCCEEDED, message: message.into() }
    }

    /// `Ready` of an object that something is wrong with.
    pub(crate) fn not_ready(reason: &'static str, message: String) -> Self {
        Self::bad(READY, reason, message)
    }

    /// The same with a remark after its message, if it is a good one.
    pub(crate) fn with_remark(mut self, remark: Option<&str>) -> Self {
        if let Some(remark) = remark.filter(|_| self.status == TRUE) {
            self.message = format!("{}; {remark}", self.message).into();
        }
        self
    }

    pub(crate) fn good(kind: &'static str, message: &'static str) -> Self {
        Self { kind, status: TRUE, reason: SUCCEEDED, message: message.into() }
    }

    pub(crate) fn bad(
        kind: &'static str,
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { kind, status: FALSE, reason, message: message.into() }
    }

    /// The judgement of what is not known yet.
    pub(crate) fn open(kind: &'static str) -> Self {
        Self::unknown(kind, IN_PROGRESS)
    }

    /// The same, where there is more to say.
    pub(crate) fn unknown(kind: &'static str, message: &'static str) -> Self {
        Self { kind, status: UNKNOWN, reason: PROGRESSING, message: message.into() }
    }

    /// Whether the condition says that something is wrong.
    pub(crate) fn is_bad(&self) -> bool {
        self.status == FALSE
    }

    /// The condition that takes the place of `old`. What is good stays good while it is only not known yet whether it is.
    pub(crate) fn follow(self, old: &Arc<Condition>, generation: i64, now: Timestamp) -> Arc<Condition> {
        let is_open = self.status == UNKNOWN;
        match is_open && is_good(old, generation) {
            true => old.clone(),
            false => self.condition(Some(old), generation, now),
        }
    }

    /// The condition that follows on `old`. The time of transition, in whole seconds, changes only with status, reason
    /// or message.
    pub(crate) fn condition(
        self,
        old: Option<&Arc<Condition>>,
        generation: i64,
        now: Timestamp,
    ) -> Arc<Condition> {
        let message = bounded_message(self.message);
        let same = old
            .filter(|old| old.status == self.status && old.reason == self.reason && old.message == message);
        if let Some(old) = same.filter(|old| old.kind == self.kind && old.observed_generation == generation) {
            return old.clone();
        }
        let whole_seconds = TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
        Arc::new(Condition {
            kind: self.kind.into(),
            status: self.status.into(),
            reason: self.reason.into(),
            message,
            last_transition_time: same
                .map_or_else(|| now.round(whole_seconds).unwrap_or(now), |old| old.last_transition_time),
            observed_generation: generation,
        })
    }
}

/// Whether a condition is `True`.
pub(crate) fn is_true(condition: &Condition) -> bool {
    condition.status == TRUE
}

/// Whether a condition is `False`.
pub(crate) fn is_false(condition: &Condition) -> bool {
    condition.status == FALSE
}

/// Whether a condition says of that generation that all is well.
fn is_good(condition: &Condition, generation: i64) -> bool {
    condition.status == TRUE && condition.observed_generation == generation
}
