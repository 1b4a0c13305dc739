//! Retries, parking, waking.

use campanile_domain::{NewDelivery, ObjectKey};

use super::harness::{Harness, OutboxKind, at, chat, of_lane, refused, wait};
use crate::{DeliveryState, Settlement, Stats};

pub(super) fn a_retry_is_due_at_its_time_and_counts_an_attempt(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    let id = harness.take_one(0);
    harness.settle(id, Settlement::RetryAt(at(30), refused()));
    assert_eq!(harness.outbox().next_due(&chat()), Some(at(30)));
    let view = &harness.waiting()[0];
    assert_eq!((view.state, view.at, view.attempts), (DeliveryState::Retry, Some(at(30)), 1));
    assert_eq!(view.failure, Some(refused()));
    assert!(harness.take(10, 29).is_empty());
    assert_eq!(harness.take(10, 30)[0].delivery.attempts, 1);
    harness.settle(id, Settlement::RetryAt(at(60), refused()));
    assert_eq!(harness.take(10, 60)[0].delivery.attempts, 2);
}

pub(super) fn a_retry_time_that_has_passed_is_due_at_once(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    let id = harness.take_one(100);
    harness.settle_at(id, Settlement::RetryAt(at(50), refused()), 100);
    assert!(harness.outbox().next_due(&chat()).is_some_and(|due| due <= at(100)));
    assert_eq!(harness.take_one(100), id);
}

pub(super) fn a_parked_delivery_is_due_at_its_time_at_the_latest(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    let id = harness.take_one(0);
    harness.settle(id, Settlement::Parked(at(900), refused()));
    let usage = harness.outbox().stats().total;
    assert_eq!((usage.pending, usage.parked), (0, 1));
    assert!(harness.take(10, 899).is_empty());
    assert_eq!(harness.take_one(900), id);
    let usage = harness.outbox().stats().total;
    assert_eq!((usage.pending, usage.parked), (1, 0));
}

pub(super) fn waking_makes_everything_due_at_once(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for lane in ["a", "b", "c"] {
        harness.put(lane);
    }
    let leases = harness.take(10, 0);
    harness.settle(leases[0].delivery.id, Settlement::Parked(at(900), refused()));
    harness.settle(leases[1].delivery.id, Settlement::RetryAt(at(900), refused()));
    harness.outbox().wake(&chat());
    assert!(harness.outbox().next_due(&chat()).is_some_and(|due| due <= at(0)));
    let states: Vec<_> = harness.waiting().into_iter().map(|view| (view.state, view.attempts)).collect();
    let ready = (DeliveryState::Ready, 1);
    assert_eq!(states, [ready, ready, (DeliveryState::Leased, 0)]);
    assert_eq!(harness.waiting()[0].failure, Some(refused()));
    // Once another settlement is durable, so is the waking.
    harness.settle(leases[2].delivery.id, Settlement::Done);
    harness.crash();
    assert_eq!(harness.take(10, 0).len(), 2);
}

pub(super) fn waking_one_provider_leaves_others_alone(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    harness.settle(harness.take_one(0), Settlement::Parked(at(900), refused()));
    harness.outbox().wake(&ObjectKey::new("apps", "other"));
    assert_eq!(harness.outbox().next_due(&chat()), Some(at(900)));
}

pub(super) fn what_is_done_is_gone(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    let other = NewDelivery { provider: ObjectKey::new("apps", "other"), ..of_lane("a") };
    harness.append("x", vec![of_lane("a"), other.clone()]);
    harness.settle(harness.take_one(0), Settlement::Done);
    assert_eq!(harness.outbox().providers_with_work(), std::slice::from_ref(&other.provider));
    harness.crash();
    assert!(harness.take(10, 0).is_empty());
    // The event is still there for the other delivery.
    let lease = wait(harness.outbox().take(&other.provider, 1, at(0))).unwrap().remove(0);
    assert_eq!(lease.delivery.event.message, "x");
    harness.settle(lease.delivery.id, Settlement::Done);
    assert_eq!(harness.outbox().stats(), Stats::default());
    assert!(harness.outbox().providers_with_work().is_empty());
}

pub(super) fn next_due_looks_past_leases(kind: OutboxKind) {
    let harness = Harness::new(kind);
    assert_eq!(harness.outbox().next_due(&chat()), None);
    harness.put("a");
    harness.put("b");
    assert!(harness.outbox().next_due(&chat()).is_some_and(|due| due <= at(0)));
    let leases = harness.take(10, 0);
    assert_eq!(harness.outbox().next_due(&chat()), None);
    harness.settle(leases[0].delivery.id, Settlement::RetryAt(at(70), refused()));
    harness.settle(leases[1].delivery.id, Settlement::RetryAt(at(50), refused()));
    assert_eq!(harness.outbox().next_due(&chat()), Some(at(50)));
}
