//! Leases.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_domain::{Delivery, DeliveryId, NewDelivery};
use campanile_testkit::{event, new_delivery, noon};

use super::harness::{Harness, OutboxKind, appended, at, chat, entry, ids, of_lane, refused, wait};
use crate::{DeliveryState, Settlement};

pub(super) fn a_leased_delivery_is_handed_out_to_nobody_else(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    harness.put("b");
    let (one, two) = (harness.take(1, 0), harness.take(10, 0));
    assert_eq!((one.len(), two.len()), (1, 1));
    assert_ne!(ids(&one), ids(&two));
    assert!(harness.take(10, 1_000_000).is_empty());
}

pub(super) fn a_released_delivery_is_back_where_it_was(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    let id = harness.take_one(0);
    harness.settle(id, Settlement::Release);
    assert_eq!(harness.waiting()[0].state, DeliveryState::Ready);
    assert_eq!(harness.take(10, 0)[0].delivery.attempts, 0);
    harness.settle(id, Settlement::Parked(at(60), refused()));
    assert_eq!(harness.take_one(60), id);
    harness.settle(id, Settlement::Release);
    let view = &harness.waiting()[0];
    assert_eq!((view.state, view.at, view.attempts), (DeliveryState::Parked, Some(at(60)), 1));
    assert_eq!(harness.take_one(60), id);
}

pub(super) fn a_number_that_is_not_leased_can_not_be_settled(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    let waiting = harness.waiting()[0].id;
    harness.settle(waiting, Settlement::Done);
    harness.settle(DeliveryId::numbered(999), Settlement::Done);
    let id = harness.take_one(0);
    harness.settle(id, Settlement::Dead(refused()));
    harness.settle(id, Settlement::Done);
    assert_eq!(harness.dead().len(), 1);
}

pub(super) fn a_take_whose_reply_is_dropped_leases_nothing(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    harness.put("a");
    drop(harness.outbox().take(&chat(), 10, at(0)));
    let id = harness.take_one(0);
    // From the disk now.
    harness.crash();
    drop(harness.outbox().take(&chat(), 10, at(0)));
    assert_eq!(harness.waiting()[0].state, DeliveryState::Ready);
    assert_eq!(harness.take_one(0), id);
}

pub(super) fn a_lease_holds_what_was_planned(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    let plan = NewDelivery {
        metadata: BTreeMap::from([("cluster".into(), "prod".into())]),
        commit_status: Some("kustomization/podinfo/7d0cdc51".into()),
        ..new_delivery()
    };
    harness.append(&event().message, vec![plan.clone()]);
    let leases = harness.take(1, 0);
    let id = leases[0].delivery.id;
    let whole = Delivery { id, event: Arc::new(event()), plan, accepted_at: noon(), attempts: 0 };
    assert_eq!(leases[0].delivery, whole);
    harness.settle(id, Settlement::RetryAt(at(0), refused()));
    harness.crash();
    assert_eq!(harness.take(1, 0)[0].delivery, Delivery { attempts: 1, ..whole });
    wait(appended(harness.outbox(), entry("x", vec![of_lane("b"), of_lane("c")]))).unwrap();
    harness.crash();
    harness.settle(harness.take(1, 0)[0].delivery.id, Settlement::Done);
    let shared = harness.take(10, 0);
    assert!(Arc::ptr_eq(&shared[0].delivery.event, &shared[1].delivery.event));
}
