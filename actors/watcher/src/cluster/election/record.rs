//! The contents of the Lease, and whose turn they say it is.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use tokio::time::Instant;

use super::ElectionConfig;

/// The Lease as it was last seen, and when on our own clock: the holder's clock may be wrong.
#[derive(Debug, Default)]
pub(super) struct Seen {
    spec: Option<LeaseSpec>,
    at: Option<Instant>,
}

/// The step that the Lease allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LeaseAction {
    /// It is ours, free, or has run out.
    Ours,
    /// Another replica has the Lease.
    Wait,
}

impl Seen {
    /// Notes the contents; only a change counts as a sign of life.
    pub(super) fn note(&mut self, lease: &Lease, now: Instant) {
        if self.at.is_none() || self.spec != lease.spec {
            self.spec.clone_from(&lease.spec);
            self.at = Some(now);
        }
    }

    /// Whose turn it is for `identity`.
    pub(super) fn turn(&self, identity: &str, now: Instant) -> LeaseAction {
        if !self.is_held_by_another(identity) {
            return LeaseAction::Ours;
        }
        let seconds = self.spec.as_ref().and_then(|spec| spec.lease_duration_seconds).unwrap_or(0);
        let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let runs_out = self.at.map(|at| at + duration);
        if runs_out.is_none_or(|runs_out| runs_out <= now) { LeaseAction::Ours } else { LeaseAction::Wait }
    }

    /// Whether somebody else's name is in it.
    pub(super) fn is_held_by_another(&self, identity: &str) -> bool {
        let holder = self.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
        !holder.is_empty() && holder != identity
    }
}

/// A Lease that never was.
pub(super) fn fresh(config: &ElectionConfig, now: Timestamp) -> Lease {
    let metadata = ObjectMeta {
        name: Some(config.name.clone()),
        namespace: Some(config.namespace.clone()),
        ..ObjectMeta::default()
    };
    let mut lease = renewed(Lease { metadata, spec: None }, config, now);
    lease.spec.get_or_insert_default().lease_transitions = Some(0);
    lease
}

/// `found` with our name and the time in it. Its resource version stays, so that a write in between is noticed.
pub(super) fn renewed(mut found: Lease, config: &ElectionConfig, now: Timestamp) -> Lease {
    let spec = found.spec.get_or_insert_default();
    if spec.holder_identity.as_deref() != Some(&config.identity) {
        spec.holder_identity = Some(config.identity.clone());
        spec.acquire_time = time(now);
        spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0).saturating_add(1));
    }
    spec.lease_duration_seconds = Some(i32::try_from(config.lease_duration.as_secs()).unwrap_or(i32::MAX));
    spec.renew_time = time(now);
    found
}

/// `found` without a holder; none if it is not ours.
pub(super) fn released(mut found: Lease, identity: &str, now: Timestamp) -> Option<Lease> {
    let spec = found.spec.as_mut().filter(|spec| spec.holder_identity.as_deref() == Some(identity))?;
    spec.holder_identity = None;
    // The shortest that is valid: whoever looks at it may take it.
    spec.lease_duration_seconds = Some(1);
    spec.renew_time = time(now);
    Some(found)
}

/// Two releases of the same library meet here, so the time goes over as a number.
fn time(now: Timestamp) -> Option<MicroTime> {
    k8s_openapi::jiff::Timestamp::from_microsecond(now.as_microsecond()).ok().map(MicroTime)
}

#[cfg(test)]
mod tests {
    use campanile_testkit::noon;

    use super::*;
    use crate::ClusterConfig;

    fn config(identity: &str) -> ElectionConfig {
        ElectionConfig {
            cluster: ClusterConfig::default(),
            namespace: "flux-system".into(),
            name: "leader".into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(35),
            renew_deadline: Duration::from_secs(30),
            retry_period: Duration::from_secs(5),
            release_on_cancel: true,
        }
    }

    #[test]
    fn a_lease_is_another_s_until_it_was_not_renewed_for_its_duration() {
        let (start, mut seen) = (Instant::now(), Seen::default());
        let at = |seconds| start + Duration::from_secs(seconds);
        let lease = fresh(&config("a"), noon());
        seen.note(&lease, start);
        assert_eq!(seen.turn("a", start), LeaseAction::Ours);
        assert_eq!(seen.turn("b", at(34)), LeaseAction::Wait);
        let renewed = renewed(lease, &config("a"), noon() + Duration::from_secs(5));
        seen.note(&renewed, at(20));
        assert_eq!(seen.turn("b", at(54)), LeaseAction::Wait);
        seen.note(&renewed, at(50));
        assert_eq!(seen.turn("b", at(55)), LeaseAction::Ours);
    }

    #[test]
    fn a_released_lease_is_free_at_once_and_only_its_holder_can_release_it() {
        let lease = fresh(&config("a"), noon());
        assert_eq!(released(lease.clone(), "b", noon()), None);
        let mut seen = Seen::default();
        seen.note(&released(lease, "a", noon()).unwrap(), Instant::now());
        assert_eq!(seen.turn("b", Instant::now()), LeaseAction::Ours);
    }

    #[test]
    fn a_new_holder_counts_as_a_transition_and_a_renewal_does_not() {
        let lease = fresh(&config("a"), noon());
        let again = renewed(lease, &config("a"), noon() + Duration::from_secs(5));
        assert_eq!(again.spec.as_ref().unwrap().lease_transitions, Some(0));
        let other = renewed(again, &config("b"), noon() + Duration::from_secs(60)).spec.unwrap();
        assert_eq!((other.lease_transitions, other.lease_duration_seconds), (Some(1), Some(35)));
        assert_eq!(other.holder_identity.as_deref(), Some("b"));
    }
}
