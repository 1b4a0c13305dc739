//! Order.

use campanile_domain::NewDelivery;
use campanile_domain::ObjectKey;
use campanile_testkit::new_delivery;

use super::harness::{Harness, OutboxKind, at, chat, ids, messages, of_lane, refused, wait};
use crate::Settlement;

pub(super) fn of_one_lane_only_the_oldest_is_handed_out(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.append("first", vec![of_lane("a")]);
    harness.append("second", vec![of_lane("a")]);
    let first = harness.take(10, 0);
    assert_eq!(messages(&first), ["first"]);
    assert!(harness.take(10, 0).is_empty());
    harness.settle(first[0].delivery.id, Settlement::Done);
    assert_eq!(messages(&harness.take(10, 0)), ["second"]);
}

pub(super) fn lanes_and_providers_are_independent(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let other = NewDelivery { provider: ObjectKey::new("apps", "other"), ..of_lane("a") };
    harness.append("x", vec![of_lane("a"), of_lane("b"), other.clone()]);
    assert_eq!(harness.take(10, 0).len(), 2);
    let leases = wait(harness.outbox().take(&other.provider, 10, at(0))).unwrap();
    assert_eq!(leases.len(), 1);
    assert_eq!(leases[0].delivery.plan, other);
    let nobody = ObjectKey::new("apps", "nobody");
    assert!(wait(harness.outbox().take(&nobody, 10, at(0))).unwrap().is_empty());
}

pub(super) fn the_oldest_come_first_and_no_more_than_asked_for(kind: OutboxKind) {
    let harness = Harness::new(kind);
    for lane in ["c", "a", "d", "b"] {
        harness.put(lane);
    }
    assert!(harness.take(0, 0).is_empty());
    assert_eq!(messages(&harness.take(3, 0)), ["c", "a", "d"]);
    assert_eq!(messages(&harness.take(3, 0)), ["b"]);
}

pub(super) fn a_lane_waits_behind_its_retry(kind: OutboxKind) {
    waits_behind(kind, Settlement::RetryAt(at(60), refused()));
}

pub(super) fn a_lane_waits_behind_its_parked_delivery(kind: OutboxKind) {
    waits_behind(kind, Settlement::Parked(at(60), refused()));
}

fn waits_behind(kind: OutboxKind, settlement: Settlement) {
    let mut harness = Harness::new(kind);
    harness.append("first", vec![of_lane("a")]);
    harness.append("second", vec![of_lane("a")]);
    harness.settle(harness.take_one(0), settlement);
    assert!(harness.take(10, 59).is_empty());
    harness.crash();
    assert!(harness.take(10, 59).is_empty());
    let first = harness.take(10, 60);
    assert_eq!(messages(&first), ["first"]);
    harness.settle(first[0].delivery.id, Settlement::Done);
    assert_eq!(messages(&harness.take(10, 60)), ["second"]);
}

pub(super) fn a_settled_delivery_frees_its_lane_at_once(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.append("first", vec![of_lane("a")]);
    harness.append("second", vec![of_lane("a")]);
    let first = harness.take_one(0);
    // Nobody waits for the disk: the order holds from the moment of the call.
    harness.outbox().settle(first, Settlement::Dead(refused()), at(0));
    assert_eq!(messages(&harness.take(10, 0)), ["second"]);
}

pub(super) fn a_redriven_delivery_comes_before_younger_ones_but_never_beside_one(kind: OutboxKind) {
    let harness = Harness::new(kind);
    for message in ["first", "second", "third"] {
        harness.append(message, vec![of_lane("a")]);
    }
    let first = harness.take_one(0);
    harness.settle(first, Settlement::Dead(refused()));
    let second = harness.take(10, 0);
    assert_eq!(messages(&second), ["second"]);
    assert_eq!(wait(harness.outbox().redrive(vec![first], new_delivery().deadline)), Ok(1));
    assert!(harness.take(10, 0).is_empty());
    harness.settle(second[0].delivery.id, Settlement::RetryAt(at(0), refused()));
    assert_eq!(ids(&harness.take(10, 0)), [first]);
    harness.settle(first, Settlement::Done);
    assert_eq!(messages(&harness.take(10, 0)), ["second"]);
    assert_eq!(harness.outbox().providers_with_work(), [chat()]);
}
