//! Dead letters.

use std::collections::BTreeMap;
use std::time::Duration;

use campanile_domain::{Failure, FailureClass, NewDelivery, ObjectKey};

use super::harness::{Harness, OutboxKind, at, chat, ids, of_lane, refused, wait};
use crate::{Bounds, BrowseFilter, DeliveryState, Settlement};

pub(super) fn a_dead_letter_is_listed_with_its_failure_and_time(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    harness.put("a");
    harness.settle_at(harness.take_one(0), Settlement::Dead(refused()), 7);
    for _ in 0..2 {
        assert!(harness.waiting().is_empty());
        let view = harness.dead().remove(0);
        assert_eq!((view.state, view.at, view.attempts), (DeliveryState::Dead, Some(at(7)), 1));
        assert_eq!(view.failure, Some(refused()));
        assert_eq!(view.object, "Kustomization/apps/podinfo");
        assert_eq!(harness.outbox().stats().total.dead, 1);
        assert!(harness.outbox().providers_with_work().is_empty());
        assert!(harness.take(10, 1_000_000).is_empty());
        harness.crash();
    }
}

pub(super) fn a_redriven_letter_starts_anew(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    harness.put("a");
    let id = harness.take_one(0);
    harness.settle(id, Settlement::RetryAt(at(1), refused()));
    harness.settle(harness.take_one(1), Settlement::Dead(refused()));
    assert_eq!(wait(harness.outbox().redrive(vec![id], at(9000))), Ok(1));
    harness.crash();
    assert!(harness.dead().is_empty());
    let view = harness.waiting().remove(0);
    assert_eq!((view.state, view.attempts, view.failure), (DeliveryState::Ready, 0, None));
    let lease = harness.take(1, 2).remove(0);
    assert_eq!((lease.delivery.id, lease.delivery.attempts), (id, 0));
    assert_eq!(lease.delivery.plan.deadline, at(9000));
}

pub(super) fn redrive_counts_only_dead_letters(kind: OutboxKind) {
    let harness = Harness::new(kind);
    for lane in ["a", "b", "c"] {
        harness.put(lane);
    }
    let leases = ids(&harness.take(2, 0));
    harness.settle(leases[0], Settlement::Dead(refused()));
    let ready = harness.waiting()[1].id;
    let wanted = vec![leases[0], leases[0], leases[1], ready, campanile_domain::DeliveryId::numbered(999)];
    assert_eq!(wait(harness.outbox().redrive(wanted, at(9000))), Ok(1));
    assert_eq!(harness.waiting().len(), 3);
}

pub(super) fn a_discarded_letter_is_gone_for_good(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for lane in ["a", "b", "c"] {
        harness.put(lane);
    }
    let leases = ids(&harness.take(2, 0));
    harness.settle(leases[0], Settlement::Dead(refused()));
    harness.settle(leases[1], Settlement::Dead(refused()));
    let waiting = harness.waiting()[0].id;
    assert_eq!(wait(harness.outbox().discard(vec![leases[0], leases[0], waiting])), Ok(1));
    harness.crash();
    assert_eq!(harness.dead().remove(0).id, leases[1]);
    assert_eq!(harness.waiting().remove(0).id, waiting);
    assert_eq!(wait(harness.outbox().redrive(vec![leases[0]], at(9000))), Ok(0));
}

pub(super) fn letters_are_dropped_after_their_retention(kind: OutboxKind) {
    let bounds = Bounds { retention: Duration::from_secs(100), ..Bounds::default() };
    let mut harness = Harness::bounded(kind, bounds);
    harness.put("a");
    harness.put("b");
    let leases = ids(&harness.take(2, 0));
    harness.settle_at(leases[0], Settlement::Dead(refused()), 0);
    harness.settle_at(leases[1], Settlement::Dead(refused()), 10);
    harness.outbox().prune(at(99));
    assert_eq!(harness.dead().len(), 2);
    harness.outbox().prune(at(100));
    assert_eq!(harness.dead().remove(0).id, leases[1]);
    harness.reopen();
    assert_eq!(harness.dead().len(), 1);
    harness.outbox().prune(at(110));
    assert_eq!(harness.outbox().stats().bytes, 0);
}

pub(super) fn letters_beyond_their_bound_are_dropped_in_the_order_of_death(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { dead_letters: 2, ..Bounds::default() });
    for lane in ["a", "b", "c"] {
        harness.put(lane);
    }
    let leases = ids(&harness.take(3, 0));
    harness.settle_at(leases[1], Settlement::Dead(refused()), 1);
    harness.settle_at(leases[0], Settlement::Dead(refused()), 2);
    harness.settle_at(leases[2], Settlement::Dead(refused()), 3);
    let left: Vec<_> = harness.dead().into_iter().map(|view| view.id).collect();
    assert_eq!(left, [leases[0], leases[2]]);
}

pub(super) fn dead_lettering_all_spares_what_is_leased(kind: OutboxKind) {
    let harness = Harness::new(kind);
    for lane in ["a", "a", "b", "c"] {
        harness.put(lane);
    }
    let leases = ids(&harness.take(2, 0));
    harness.settle(leases[1], Settlement::Parked(at(60), refused()));
    let reason = Failure::new(FailureClass::ProviderDeleted, "find Provider apps/chat");
    assert_eq!(harness.outbox().dead_letter_all(&chat(), &reason, at(5)), 3);
    assert_eq!(harness.waiting().len(), 1);
    assert!(
        harness.dead().iter().all(|view| view.failure.as_ref() == Some(&reason) && view.at == Some(at(5)))
    );
    harness.settle(leases[0], Settlement::Done);
    assert!(harness.outbox().providers_with_work().is_empty());
    assert_eq!(harness.outbox().dead_letter_all(&ObjectKey::new("apps", "nobody"), &reason, at(5)), 0);
}

pub(super) fn what_is_past_its_deadline_expires_and_is_counted_by_provider(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let other = ObjectKey::new("apps", "other");
    let until = |seconds, lane: &str| NewDelivery { deadline: at(seconds), ..of_lane(lane) };
    harness.append("early", vec![until(10, "a"), until(10, "b"), until(10, "c")]);
    harness.append("late", vec![until(20, "a"), NewDelivery { provider: other.clone(), ..until(10, "a") }]);
    let leased = ids(&harness.take(1, 0));
    assert!(harness.outbox().expire(at(9)).is_empty());
    assert_eq!(harness.outbox().expire(at(10)), BTreeMap::from([(chat(), 2), (other.clone(), 1)]));
    let dead = harness.dead();
    assert!(dead.iter().all(|view| view.failure.as_ref().unwrap().class == FailureClass::Expired));
    let of_other = BrowseFilter { dead: true, provider: Some(other), ..BrowseFilter::default() };
    assert_eq!(wait(harness.outbox().list(of_other)).unwrap().len(), 1);
    harness.settle(leased[0], Settlement::Release);
    assert_eq!(harness.outbox().expire(at(20)), BTreeMap::from([(chat(), 2)]));
    assert!(harness.take(10, 20).is_empty());
}
