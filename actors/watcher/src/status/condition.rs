//! How objects are judged, and how a judgement becomes a condition.

use campanile_crds::condition::{
    DELIVERING, FAILED, FALSE, IN_PROGRESS, INITIALIZED, PROGRESSING, READY, SUCCEEDED, TRUE, UNKNOWN,
    VALIDATION_FAILED, bounded_message,
};
use campanile_domain::{Alert, ObjectKey, ProviderSpec};
use campanile_protocol::{Condition, ProviderState};
use jiff::{Timestamp, TimestampRound, Unit};

use crate::findings::{missing_provider, missing_secret, secret_fields};
use crate::{Loaded, Located};

/// A condition without its times.
pub(super) struct Judgement {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

impl Judgement {
    fn good(kind: &'static str, message: &str) -> Self {
        Self { kind, status: TRUE, reason: SUCCEEDED, message: message.to_owned() }
    }

    fn bad(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, status: FALSE, reason, message: message.into() }
    }

    fn open(kind: &'static str) -> Self {
        Self { kind, status: UNKNOWN, reason: PROGRESSING, message: IN_PROGRESS.to_owned() }
    }

    /// The condition that follows on `old`. The time of transition, in whole seconds, changes only with status, reason
    /// or message.
    pub(super) fn condition(self, old: Option<&Condition>, generation: i64, now: Timestamp) -> Condition {
        let message = bounded_message(self.message);
        let same = old
            .filter(|old| old.status == self.status && old.reason == self.reason && old.message == message);
        let whole_seconds = TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
        Condition {
            kind: self.kind.to_owned(),
            status: self.status.to_owned(),
            reason: self.reason.to_owned(),
            message,
            last_transition_time: same
                .map_or_else(|| now.round(whole_seconds).unwrap_or(now), |old| old.last_transition_time),
            observed_generation: generation,
        }
    }
}

/// `Ready` of an Alert: its Provider exists, its patterns and selectors are valid.
pub(super) fn alert(alert: &Located<Alert>, loaded: &Loaded) -> Judgement {
    let missing = Some(&alert.value.provider)
        .filter(|provider| !loaded.providers.contains_key(*provider))
        .map(missing_provider);
    match (missing, &alert.fault) {
        (None, None) => Judgement::good(READY, INITIALIZED),
        (None, Some(fault)) => Judgement::bad(READY, VALIDATION_FAILED, fault),
        (Some(missing), None) => Judgement::bad(READY, FAILED, missing),
        (Some(missing), Some(fault)) => Judgement::bad(READY, FAILED, format!("{missing}; {fault}")),
    }
}

/// `Ready` of a Provider: what can be seen here, then what the dispatcher found when it resolved it.
pub(super) fn provider(
    provider: &Located<ProviderSpec>,
    state: Option<&ProviderState>,
    loaded: &Loaded,
) -> Judgement {
    let bad = |message: String| Judgement::bad(READY, VALIDATION_FAILED, message);
    if let Some(fault) = &provider.fault {
        return bad(fault.clone());
    }
    if let Some(message) = unusable_secret(&provider.value, loaded) {
        return bad(message);
    }
    match state.map(|state| &state.ready) {
        None => Judgement::open(READY),
        Some(Ok(())) => Judgement::good(READY, INITIALIZED),
        Some(Err(failure)) => bad(failure.message.clone()),
    }
}

/// `Delivering` of a Provider.
pub(super) fn delivering(state: Option<&ProviderState>) -> Judgement {
    match state.map(|state| &state.delivering) {
        None => Judgement::open(DELIVERING),
        Some(Ok(())) => Judgement::good(DELIVERING, "nothing stands in the way of messages"),
        Some(Err(failure)) => Judgement::bad(DELIVERING, FAILED, failure.message.clone()),
    }
}

fn unusable_secret(provider: &ProviderSpec, loaded: &Loaded) -> Option<String> {
    let judge = |(field, key): (&'static str, ObjectKey)| {
        if loaded.secrets.contains_key(&key) {
            return None;
        }
        match loaded.unreadable_secrets.get(&key) {
            Some(why) => Some(format!("failed to read secret '{key}': {why}")),
            None => Some(missing_secret(&key, field)),
        }
    };
    secret_fields(provider).find_map(judge)
}
