//! Lanes of which only the newest delivery matters.

use campanile_domain::{DeliveryId, NewDelivery};

use super::harness::{Harness, OutboxKind, at, chat, counts, messages, of_lane, refused, wait};
use crate::{DeliveryState, Settlement};

/// Appends one such delivery of the lane `a`.
fn put(harness: &Harness, message: &str) {
    harness.append(message, vec![newest_of("a")]);
}

fn newest_of(lane: &str) -> NewDelivery {
    NewDelivery { newest_only: true, ..of_lane(lane) }
}

fn superseded(harness: &Harness) -> u64 {
    harness.outbox().stats().superseded
}

fn redrive(harness: &Harness, ids: &[DeliveryId]) -> usize {
    wait(harness.outbox().redrive(ids.to_vec(), at(9000))).unwrap()
}

pub(super) fn of_several_that_wait_only_the_newest_is_handed_out(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for message in ["first", "second", "third"] {
        put(&harness, message);
    }
    harness.append("elsewhere", vec![newest_of("b")]);
    assert_eq!(superseded(&harness), 2);
    assert_eq!(counts(harness.outbox().stats().total), [2, 0, 0]);
    let leases = harness.take(10, 0);
    assert_eq!(messages(&leases), ["third", "elsewhere"]);
    assert!(leases[0].delivery.plan.newest_only);
    for lease in leases {
        harness.settle(lease.delivery.id, Settlement::Done);
    }
    assert_eq!(harness.outbox().stats().bytes, 0);
    harness.crash();
    assert!(harness.waiting().is_empty());
}

pub(super) fn what_is_superseded_stays_away_after_a_crash(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    put(&harness, "first");
    put(&harness, "second");
    harness.flush();
    harness.crash();
    assert_eq!(superseded(&harness), 0);
    let leases = harness.take(10, 0);
    assert_eq!(messages(&leases), ["second"]);
    assert!(leases[0].delivery.plan.newest_only);
}

pub(super) fn two_of_one_event_are_one(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.append("x", vec![newest_of("a"), newest_of("a")]);
    assert_eq!((harness.waiting().len(), superseded(&harness)), (1, 1));
    harness.settle(harness.take_one(0), Settlement::Done);
    assert_eq!(harness.outbox().stats().bytes, 0);
}

pub(super) fn a_newer_one_takes_the_place_of_a_retry_at_once(kind: OutboxKind) {
    takes_the_place(kind, Settlement::RetryAt(at(60), refused()));
}

pub(super) fn a_newer_one_takes_the_place_of_a_parked_one_at_once(kind: OutboxKind) {
    takes_the_place(kind, Settlement::Parked(at(60), refused()));
}

fn takes_the_place(kind: OutboxKind, settlement: Settlement) {
    let harness = Harness::new(kind);
    put(&harness, "first");
    harness.settle(harness.take_one(0), settlement);
    assert!(harness.take(10, 1).is_empty());
    put(&harness, "second");
    assert!(harness.outbox().next_due(&chat()).unwrap() <= at(1));
    assert_eq!(messages(&harness.take(10, 1)), ["second"]);
    assert_eq!(superseded(&harness), 1);
    assert_eq!(counts(harness.outbox().stats().total), [1, 0, 0]);
}

pub(super) fn a_leased_one_is_spared_until_its_lease_ends(kind: OutboxKind) {
    let endings =
        [Settlement::Release, Settlement::RetryAt(at(60), refused()), Settlement::Parked(at(60), refused())];
    for ending in endings {
        let harness = Harness::new(kind);
        put(&harness, "first");
        let first = harness.take_one(0);
        put(&harness, "second");
        put(&harness, "third");
        assert!(harness.take(10, 0).is_empty());
        assert_eq!((harness.waiting().len(), superseded(&harness)), (2, 1));
        harness.settle(first, ending);
        assert_eq!(messages(&harness.take(10, 0)), ["third"]);
        assert_eq!((harness.waiting().len(), superseded(&harness)), (1, 2));
    }
}

pub(super) fn a_leased_one_that_ends_leaves_the_newer_one_its_lane(kind: OutboxKind) {
    for ending in [Settlement::Done, Settlement::Dead(refused())] {
        let harness = Harness::new(kind);
        put(&harness, "first");
        let first = harness.take_one(0);
        put(&harness, "second");
        harness.settle(first, ending);
        assert_eq!(messages(&harness.take(10, 0)), ["second"]);
        assert_eq!(superseded(&harness), 0);
    }
}

pub(super) fn a_released_lease_is_superseded(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    put(&harness, "first");
    let first = harness.take_one(0);
    put(&harness, "second");
    harness.settle(first, Settlement::Release);
    let second = harness.take(10, 0);
    assert_eq!(messages(&second), ["second"]);
    put(&harness, "third");
    harness.crash();
    assert_eq!(superseded(&harness), 1);
    assert_eq!(messages(&harness.take(10, 0)), ["third"]);
    harness.flush();
    harness.crash();
    assert_eq!(harness.waiting().len(), 1);
}

pub(super) fn it_shares_its_lane_with_its_like_only(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    put(&harness, "newest");
    harness.put("a");
    assert_eq!(harness.waiting().len(), 3);
    assert_eq!(messages(&harness.take(10, 0)), ["a", "newest"]);
    assert_eq!(superseded(&harness), 0);
}

pub(super) fn an_outdated_letter_is_not_redriven(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    put(&harness, "first");
    let first = harness.take_one(0);
    put(&harness, "second");
    harness.settle(first, Settlement::Dead(refused()));
    assert_eq!(redrive(&harness, &[first]), 0, "a newer one waits");
    let second = harness.take_one(0);
    assert_eq!(redrive(&harness, &[first]), 0, "a newer one is leased");
    harness.settle(second, Settlement::Dead(refused()));
    assert_eq!(redrive(&harness, &[first]), 0, "a newer one is dead");
    harness.crash();
    assert_eq!(harness.dead().len(), 2);
    assert_eq!(redrive(&harness, &[first, second]), 1);
    assert_eq!(messages(&harness.take(10, 0)), ["second"]);
    harness.settle(second, Settlement::Done);
    // What was delivered leaves no trace: by all that is known, this is the newest.
    assert_eq!(redrive(&harness, &[first]), 1);
}

pub(super) fn a_redriven_letter_takes_the_place_of_older_ones(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let short = NewDelivery { deadline: at(10), ..newest_of("a") };
    put(&harness, "first");
    let first = harness.take_one(0);
    harness.append("second", vec![short]);
    assert_eq!(harness.outbox().expire(at(10)).len(), 1);
    harness.settle(first, Settlement::RetryAt(at(60), refused()));
    assert_eq!(harness.waiting()[0].state, DeliveryState::Retry);
    let second = harness.dead()[0].id;
    assert_eq!(redrive(&harness, &[second]), 1);
    assert_eq!(messages(&harness.take(10, 11)), ["second"]);
    assert_eq!(superseded(&harness), 1);
}
