//! A delivery of the model.

use std::sync::Arc;

use campanile_domain::{Delivery, Failure, ObjectKey};
use jiff::Timestamp;
use tracing::Span;

use crate::{DeliveryState, DeliveryView, EventId, Usage, codec};

/// The time of what is due at once.
pub(super) const AT_ONCE: Timestamp = Timestamp::UNIX_EPOCH;

pub(super) struct ModelRecord {
    pub(super) delivery: Delivery,
    /// Given away with the first lease.
    pub(super) append: Span,
    pub(super) event: EventId,
    /// Ready, Retry, Parked or Dead.
    pub(super) state: DeliveryState,
    pub(super) leased: bool,
    /// When it is due, or when it died.
    pub(super) at: Timestamp,
    pub(super) failure: Option<Failure>,
}

impl ModelRecord {
    pub(super) fn is_dead(&self) -> bool {
        self.state == DeliveryState::Dead
    }

    pub(super) fn waits(&self) -> bool {
        !self.leased && !self.is_dead()
    }

    /// The namespace of its Provider.
    pub(super) fn namespace(&self) -> Arc<str> {
        self.delivery.plan.provider.namespace.clone()
    }

    pub(super) fn is_of(&self, provider: &ObjectKey) -> bool {
        self.delivery.plan.provider == *provider
    }

    /// The lane: its name and its kind.
    pub(super) fn lane(&self) -> (&str, bool) {
        (&self.delivery.plan.lane, self.delivery.plan.newest_only)
    }

    pub(super) fn die(&mut self, failure: Failure, now: Timestamp) {
        (self.state, self.at, self.failure) = (DeliveryState::Dead, now, Some(failure));
    }

    /// What it weighs, with its event.
    pub(super) fn weight(&self) -> u64 {
        let weights = [codec::event_bytes(&self.delivery.event), codec::plan_bytes(&self.delivery.plan)];
        weights.into_iter().flatten().sum()
    }

    pub(super) fn view(&self) -> DeliveryView {
        let state = if self.leased { DeliveryState::Leased } else { self.state };
        let untimed = matches!(state, DeliveryState::Ready | DeliveryState::Leased);
        DeliveryView {
            id: self.delivery.id,
            state,
            provider: self.delivery.plan.provider.clone(),
            alert: self.delivery.plan.alert.key.clone(),
            object: self.delivery.event.involved_object.path(),
            reason: self.delivery.event.reason.clone(),
            attempts: self.delivery.attempts,
            accepted_at: self.delivery.accepted_at,
            at: (!untimed).then_some(self.at),
            failure: self.failure.clone(),
        }
    }
}

/// Adds a delivery to a count.
pub(super) fn count(usage: &mut Usage, record: &ModelRecord) {
    match (record.leased, record.state) {
        (false, DeliveryState::Parked) => usage.parked += 1,
        (false, DeliveryState::Dead) => usage.dead += 1,
        _ => usage.pending += 1,
    }
    if !record.is_dead() {
        usage.bytes += record.weight();
    }
}
