//! How objects are judged, and how a judgement becomes a condition.

use std::borrow::Cow;
use std::sync::Arc;

pub(super) use campanile_crds::condition::{DELIVERING, READY};
use campanile_crds::condition::{
    FAILED, FALSE, IN_PROGRESS, INITIALIZED, NOTHING_IN_THE_WAY, PROGRESSING, SUCCEEDED, TRUE, UNKNOWN,
    VALIDATION_FAILED, bounded_message,
};
use campanile_domain::{Alert, Failure, ProviderSpec};
use campanile_protocol::{Condition, ProviderState};
use jiff::{Timestamp, TimestampRound, Unit};

use crate::findings::missing_provider;

/// Reason: an address is none. Nothing is tried until the spec changes (contract, control plane 3.1).
pub(crate) const INVALID_URL: &str = "InvalidURL";

/// What the dispatcher says of a Provider, in the words of its conditions.
#[derive(Clone)]
pub(super) struct Word {
    pub(super) generation: i64,
    ready: Result<(), Box<str>>,
    delivering: Result<(), Box<str>>,
}

impl Word {
    pub(super) fn of(state: ProviderState) -> Self {
        let message = |failure: Failure| failure.message.into();
        Self {
            generation: state.generation,
            ready: state.ready.map_err(message),
            delivering: state.delivering.map_err(message),
        }
    }
}

/// A condition without its times.
pub(super) struct Judgement {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: Cow<'static, str>,
}

impl Judgement {
    fn good(kind: &'static str, message: &'static str) -> Self {
        Self { kind, status: TRUE, reason: SUCCEEDED, message: message.into() }
    }

    fn bad(kind: &'static str, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, status: FALSE, reason, message: message.into() }
    }

    fn open(kind: &'static str) -> Self {
        Self { kind, status: UNKNOWN, reason: PROGRESSING, message: IN_PROGRESS.into() }
    }

    /// Whether something is wrong.
    pub(super) fn is_bad(&self) -> bool {
        self.status == FALSE
    }

    /// Whether it is not known yet how things stand.
    pub(super) fn is_open(&self) -> bool {
        self.status == UNKNOWN
    }

    /// The condition that follows on `old`. The time of transition, in whole seconds, changes only with status, reason
    /// or message.
    pub(super) fn condition(
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

/// The condition of an object that was never judged.
pub(super) fn unjudged(kind: &'static str, now: Timestamp) -> Arc<Condition> {
    Judgement::open(kind).condition(None, 0, now)
}

/// Whether a condition is `True`.
pub(super) fn is_true(condition: &Condition) -> bool {
    condition.status == TRUE
}

/// Whether a condition is `False`.
pub(super) fn is_false(condition: &Condition) -> bool {
    condition.status == FALSE
}

/// Whether a condition says of that generation that all is well.
pub(super) fn is_good(condition: &Condition, generation: i64) -> bool {
    condition.status == TRUE && condition.observed_generation == generation
}

/// `Ready` of an Alert: its Provider exists, its patterns and selectors are valid.
pub(super) fn alert(alert: &Alert, fault: Option<&str>, provider_exists: bool) -> Judgement {
    let missing = (!provider_exists).then(|| missing_provider(&alert.provider));
    match (missing, fault) {
        (None, None) => Judgement::good(READY, INITIALIZED),
        (None, Some(fault)) => Judgement::bad(READY, VALIDATION_FAILED, fault.to_owned()),
        (Some(missing), None) => Judgement::bad(READY, FAILED, missing),
        (Some(missing), Some(fault)) => Judgement::bad(READY, FAILED, format!("{missing}; {fault}")),
    }
}

/// `Ready` of a Provider: what can be seen here, then what the dispatcher found when it resolved it.
pub(super) fn provider(spec: &ProviderSpec, fault: Option<String>, word: Option<&Word>) -> Judgement {
    if let Some(message) = invalid_proxy(spec) {
        return Judgement::bad(READY, INVALID_URL, message);
    }
    let bad = |message: String| Judgement::bad(READY, VALIDATION_FAILED, message);
    match (fault, word.map(|word| &word.ready)) {
        (Some(fault), _) => bad(fault),
        (None, None) => Judgement::open(READY),
        (None, Some(Ok(()))) => Judgement::good(READY, INITIALIZED),
        (None, Some(Err(message))) => bad(message.to_string()),
    }
}

/// What is wrong with `spec.proxy`, which is looked at only without `spec.secretRef` (contract, control plane 3.2). It may
/// hold a password and is not quoted.
fn invalid_proxy(spec: &ProviderSpec) -> Option<String> {
    let looked_at = spec.secret_ref.is_none() && !spec.proxy.is_empty();
    let error = looked_at.then(|| url::Url::parse(&spec.proxy).err()).flatten()?;
    Some(format!("invalid proxy: {error}; correct spec.proxy"))
}

/// `Delivering` of a Provider; `overflow` says what its full queue cost, if it did.
pub(super) fn delivering(word: Option<&Word>, overflow: Option<&str>) -> Judgement {
    match word.map(|word| &word.delivering) {
        None => Judgement::open(DELIVERING),
        Some(Ok(())) => Judgement::good(DELIVERING, NOTHING_IN_THE_WAY),
        Some(Err(message)) => {
            let told = [Some(&**message), overflow];
            Judgement::bad(DELIVERING, FAILED, told.into_iter().flatten().collect::<Vec<_>>().join("; "))
        }
    }
}
