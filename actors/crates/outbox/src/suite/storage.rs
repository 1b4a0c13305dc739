//! Tests of what is stored, and of what survives.

use std::task::{Context, Waker};

use campanile_domain::{NewDelivery, ObjectKey, RecordId};
use campanile_testkit::noon;

use super::harness::{
    Harness, OutboxKind, appended, at, chat, counts, entry, ids, messages, of_lane, refused, wait,
};
use crate::{Append, BrowseFilter, DeliveryState, EventId, OutboxError, Planned, Settlement, Stats};

pub(super) fn what_was_appended_survives_a_reopening(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for lane in ["a", "b", "a"] {
        harness.put(lane);
    }
    let before = harness.waiting();
    harness.crash();
    assert_eq!(harness.waiting(), before);
    assert_eq!(counts(harness.outbox().stats().total), [3, 0, 0]);
    assert_eq!(messages(&harness.take(10, 0)), ["a", "b"]);
}

pub(super) fn settlements_survive_a_reopening(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for lane in ["a", "b", "c", "d"] {
        harness.put(lane);
    }
    let leases = ids(&harness.take(3, 0));
    let settlements = vec![
        (leases[0], Settlement::Done),
        (leases[1], Settlement::RetryAt(at(50), refused())),
        (leases[2], Settlement::Parked(at(60), refused())),
    ];
    // Nobody waits for the disk; closing writes it all the same.
    settlements.into_iter().for_each(|(id, settlement)| harness.outbox().settle(id, settlement, at(0)));
    let before = (harness.waiting(), harness.outbox().stats());
    harness.reopen();
    assert_eq!((harness.waiting(), harness.outbox().stats()), before);
    let states: Vec<_> = harness.waiting().into_iter().map(|view| view.state).collect();
    assert_eq!(states, [DeliveryState::Retry, DeliveryState::Parked, DeliveryState::Ready]);
}

pub(super) fn a_reopening_frees_leases(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    harness.put("a");
    let id = harness.take_one(0);
    harness.crash();
    assert_eq!(harness.waiting()[0].state, DeliveryState::Ready);
    assert_eq!(harness.take_one(0), id);
}

pub(super) fn ids_are_never_given_twice_and_numbers_ascend(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    let give = |harness: &Harness| {
        harness.put("a");
        let id = harness.take_one(0);
        harness.settle(id, Settlement::Done);
        id.0
    };
    let first = give(&harness);
    harness.crash();
    let second = give(&harness);
    harness.reopen();
    let third = give(&harness);
    assert!(first.number() < second.number() && second.number() < third.number());
    // Another outbox gives the same numbers, and other ids.
    if let OutboxKind::Memory | OutboxKind::Sqlite = kind {
        let other = give(&Harness::new(kind));
        assert_eq!(other.number(), first.number());
        assert_ne!(other, first);
        assert_ne!(first.origin(), second.origin(), "a restored folder gives no id again");
    }
}

pub(super) fn an_id_stays_the_same_over_restarts(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for lane in ["a", "b"] {
        harness.put(lane);
        harness.crash();
    }
    harness.append("c", vec![of_lane("c")]);
    let before: Vec<_> = harness.waiting().into_iter().map(|view| view.id).collect();
    harness.settle(harness.take(1, 0)[0].delivery.id, Settlement::Dead(refused()));
    harness.reopen();
    assert_eq!(harness.dead()[0].id, before[0]);
    assert_eq!(ids(&harness.take(10, 0)), before[1..]);
}

pub(super) fn an_append_without_deliveries_stores_nothing(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.append("x", Vec::new());
    assert_eq!(harness.outbox().stats(), Stats::default());
}

fn append_unplanned(harness: &Harness, message: &str) {
    let later = Append { plan: Planned::Later, ..entry(message, Vec::new()) };
    wait(appended(harness.outbox(), later)).unwrap();
}

pub(super) fn an_unplanned_event_waits_for_its_plan(kind: OutboxKind) {
    let harness = Harness::new(kind);
    append_unplanned(&harness, "one");
    append_unplanned(&harness, "two");
    assert!(harness.take(10, 0).is_empty());
    assert_eq!(harness.outbox().stats().unplanned, 2);
    let unplanned = wait(harness.outbox().unplanned(10)).unwrap();
    let found: Vec<_> = unplanned.iter().map(|event| event.event.message.as_str()).collect();
    assert_eq!(found, ["one", "two"]);
    assert_eq!(unplanned[0].accepted_at, noon());
    assert_eq!(wait(harness.outbox().unplanned(1)).unwrap()[0].id, unplanned[0].id);
    wait(harness.outbox().plan(unplanned[0].id, vec![of_lane("a"), of_lane("b")])).unwrap();
    assert_eq!(wait(harness.outbox().unplanned(10)).unwrap()[0].id, unplanned[1].id);
    let leases = harness.take(10, 0);
    assert_eq!(messages(&leases), ["one", "one"]);
    for id in ids(&leases) {
        harness.settle(id, Settlement::Done);
    }
    wait(harness.outbox().plan(unplanned[1].id, Vec::new())).unwrap();
    assert_eq!(harness.outbox().stats(), Stats::default());
}

pub(super) fn an_unplanned_event_survives_a_reopening(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    append_unplanned(&harness, "one");
    let stats = harness.outbox().stats();
    harness.crash();
    assert_eq!(harness.outbox().stats(), stats);
    let id = wait(harness.outbox().unplanned(10)).unwrap()[0].id;
    wait(harness.outbox().plan(id, vec![of_lane("a")])).unwrap();
    harness.crash();
    assert!(wait(harness.outbox().unplanned(10)).unwrap().is_empty());
    assert_eq!(messages(&harness.take(10, 0)), ["one"]);
}

pub(super) fn an_empty_plan_removes_the_event(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    append_unplanned(&harness, "one");
    let id = wait(harness.outbox().unplanned(10)).unwrap()[0].id;
    wait(harness.outbox().plan(id, Vec::new())).unwrap();
    harness.crash();
    assert_eq!(harness.outbox().stats(), Stats::default());
}

pub(super) fn an_event_that_is_set_aside_is_planned_no_more(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for message in ["x", "y"] {
        let later = Append { plan: Planned::Later, ..entry(message, Vec::new()) };
        assert_eq!(wait(appended(harness.outbox(), later)), Ok(()));
    }
    let waiting = wait(harness.outbox().unplanned(10)).unwrap();
    for _ in 0..2 {
        assert_eq!(wait(harness.outbox().set_aside(waiting[0].id)), Ok(()));
    }
    let stats = harness.outbox().stats();
    assert_eq!((stats.set_aside, stats.unplanned), (1, 1));
    assert_eq!(wait(harness.outbox().plan(waiting[0].id, vec![of_lane("a")])), Ok(()));
    assert!(harness.take(10, 0).is_empty());
    harness.crash();
    let left = wait(harness.outbox().unplanned(10)).unwrap();
    assert_eq!(left.iter().map(|left| &*left.event.message).collect::<Vec<_>>(), ["y"]);
}

pub(super) fn a_plan_for_an_unknown_event_is_ignored(kind: OutboxKind) {
    let harness = Harness::new(kind);
    append_unplanned(&harness, "one");
    let id = wait(harness.outbox().unplanned(10)).unwrap()[0].id;
    assert_eq!(wait(harness.outbox().plan(EventId(RecordId::numbered(999)), vec![of_lane("a")])), Ok(()));
    let first = harness.outbox().plan(id, vec![of_lane("a")]);
    let again = harness.outbox().plan(id, vec![of_lane("b")]);
    assert_eq!((wait(first), wait(again)), (Ok(()), Ok(())));
    assert_eq!(harness.waiting().len(), 1);
}

pub(super) fn a_list_shows_every_state(kind: OutboxKind) {
    let harness = Harness::new(kind);
    for lane in ["a", "b", "c", "d"] {
        harness.put(lane);
    }
    let leases = ids(&harness.take(3, 0));
    harness.settle(leases[0], Settlement::RetryAt(at(50), refused()));
    harness.settle(leases[1], Settlement::Parked(at(60), refused()));
    let list = harness.waiting();
    let shown: Vec<_> = list.iter().map(|view| (view.state, view.at)).collect();
    assert_eq!(
        shown,
        [
            (DeliveryState::Retry, Some(at(50))),
            (DeliveryState::Parked, Some(at(60))),
            (DeliveryState::Leased, None),
            (DeliveryState::Ready, None),
        ]
    );
    assert_eq!(list[0].alert, ObjectKey::new("apps", "on-call"));
    assert_eq!(list[0].reason, "ReconciliationSucceeded");
    assert_eq!((list[0].accepted_at, &list[0].provider), (noon(), &chat()));
}

pub(super) fn counts_are_by_provider_and_in_total(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let other = NewDelivery { provider: ObjectKey::new("apps", "other"), ..of_lane("a") };
    harness.append("x", vec![of_lane("a"), of_lane("b"), of_lane("c"), other]);
    let leases = ids(&harness.take(2, 0));
    harness.settle(leases[0], Settlement::Parked(at(60), refused()));
    harness.settle(leases[1], Settlement::Dead(refused()));
    let stats = harness.outbox().stats();
    assert_eq!(counts(stats.total), [2, 1, 1]);
    assert_eq!(counts(stats.providers[&chat()]), [1, 1, 1]);
    assert_eq!(counts(stats.providers[&ObjectKey::new("apps", "other")]), [1, 0, 0]);
}

pub(super) fn a_closed_outbox_refuses_everything_that_waits(kind: OutboxKind) {
    let harness = Harness::new(kind);
    harness.put("a");
    let id = harness.take_one(0);
    let outbox = harness.outbox();
    assert_eq!(wait(outbox.close()), Ok(()));
    assert_eq!(wait(appended(outbox, entry("x", vec![of_lane("a")]))), Err(OutboxError::Closed));
    assert!(matches!(wait(outbox.take(&chat(), 1, at(0))), Err(OutboxError::Closed)));
    assert_eq!(wait(outbox.list(BrowseFilter::default())), Err(OutboxError::Closed));
    assert_eq!(wait(outbox.redrive(vec![id], at(0))), Err(OutboxError::Closed));
    assert_eq!(wait(outbox.recall(&chat())), Err(OutboxError::Closed));
    assert_eq!(wait(outbox.remember(&chat(), 1, None)), Err(OutboxError::Closed));
    assert_eq!(wait(outbox.close()), Ok(()));
}

pub(super) fn the_end_is_told_to_who_waits_for_it(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let mut closed = harness.outbox().closed();
    harness.put("a");
    assert!(closed.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    wait(harness.outbox().close()).unwrap();
    assert_eq!(wait(closed), Ok(()));
    assert_eq!(wait(harness.outbox().closed()), Ok(()));
}
