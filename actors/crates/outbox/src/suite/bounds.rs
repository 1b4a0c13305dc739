//! Bounds.

use std::sync::Arc;

use campanile_domain::{
    AlertRef, Event, FailureClass, IdTexts, NewDelivery, ObjectKey, ObjectRef, SHORTEST_PREFIX, prefix,
};
use campanile_testkit::noon;

use super::harness::{
    Harness, OutboxKind, appended, at, chat, counts, entry, ids, messages, of_lane, refused, wait,
};
use crate::{Append, Bounds, BrowseFilter, OutboxError, Planned, Settlement, Usage};

pub(super) fn what_cannot_fit_is_refused_and_nothing_of_it_is_stored(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { records: 3, ..Bounds::default() });
    harness.append("x", vec![of_lane("a"), of_lane("b")]);
    let leased = ids(&harness.take(2, 0));
    let before = harness.outbox().stats();
    let refused_entry = appended(harness.outbox(), entry("y", vec![of_lane("c"), of_lane("d")]));
    assert!(matches!(wait(refused_entry), Err(OutboxError::Full(_))), "what is leased is not given back");
    assert_eq!(harness.outbox().stats(), before);
    harness.put("c");
    harness.settle(leased[0], Settlement::Dead(refused()));
    // A dead letter has a bound of its own.
    harness.put("d");
}

pub(super) fn unplanned_events_count_as_records(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { records: 2, ..Bounds::default() });
    harness.put("a");
    harness.take_one(0);
    let later = || Append { plan: Planned::Later, ..entry("x", Vec::new()) };
    assert_eq!(wait(appended(harness.outbox(), later())), Ok(()));
    assert!(matches!(wait(appended(harness.outbox(), later())), Err(OutboxError::Full(_))));
    let id = wait(harness.outbox().unplanned(1)).unwrap()[0].id;
    let two = vec![of_lane("b"), of_lane("c")];
    assert!(matches!(wait(harness.outbox().plan(id, two)), Err(OutboxError::Full(_))));
    assert_eq!(wait(harness.outbox().plan(id, vec![of_lane("b")])), Ok(()));
    assert_eq!(harness.outbox().stats().unplanned, 0);
}

/// An event about an object of that namespace that waits for its plan.
fn unplanned(namespace: &str, message: &str) -> Append {
    let Append { event, .. } = entry(message, Vec::new());
    let involved_object = ObjectRef { namespace: namespace.into(), ..event.involved_object.clone() };
    let event = Arc::new(Event { involved_object, ..(*event).clone() });
    Append { event, plan: Planned::Later, ..entry(message, Vec::new()) }
}

/// How many of so many unplanned events about objects of that namespace are stored.
fn stored(harness: &Harness, namespace: &str, count: usize, message: &str) -> usize {
    let stored = |_: &usize| wait(appended(harness.outbox(), unplanned(namespace, message))).is_ok();
    (0..count).filter(stored).count()
}

pub(super) fn issue_17_unplanned_events_of_a_namespace_leave_room_for_those_of_others(kind: OutboxKind) {
    let mut harness = Harness::bounded(kind, Bounds { records: 32, ..Bounds::default() });
    assert_eq!(stored(&harness, "flood", 30, "x"), 8, "half of what there is for such events");
    assert_eq!(stored(&harness, "web", 30, "x"), 4, "a quarter is everybody's");
    harness.crash();
    assert_eq!(stored(&harness, "flood", 1, "x"), 0, "it counts over a restart");
    assert_eq!((stored(&harness, "apps", 9, "x"), stored(&harness, "other", 9, "x")), (4, 0));
    assert_eq!(harness.outbox().stats().trouble, None, "deliveries have their room");
    harness.put("a");
    for waiting in wait(harness.outbox().unplanned(8)).unwrap() {
        wait(harness.outbox().plan(waiting.id, Vec::new())).unwrap();
    }
    assert_eq!(stored(&harness, "other", 9, "x"), 4);
}

pub(super) fn issue_17_bytes_of_unplanned_events_leave_room_for_those_of_others(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { bytes: 64_000, ..Bounds::default() });
    let large = "x".repeat(3500);
    let flood = stored(&harness, "flood", 30, &large);
    assert!((4..=5).contains(&flood), "half of the half, one event aside: {flood}");
    assert_eq!(stored(&harness, "web", 1, &large), 1);
}

pub(super) fn issue_17_namespaces_take_turns_at_being_planned(kind: OutboxKind) {
    let mut harness = Harness::new(kind);
    for (namespace, message) in [("flood", "1"), ("flood", "2"), ("flood", "3"), ("web", "4"), ("web", "5")] {
        assert_eq!(stored(&harness, namespace, 1, message), 1);
    }
    let first = |harness: &Harness, limit| {
        let waiting = wait(harness.outbox().unplanned(limit)).unwrap();
        waiting.into_iter().map(|waiting| (waiting.id, waiting.event.message.clone())).unzip()
    };
    let (ids, messages): (Vec<_>, Vec<String>) = first(&harness, 10);
    assert_eq!(messages.concat(), "14253");
    ids[..3].iter().for_each(|id| wait(harness.outbox().plan(*id, Vec::new())).unwrap());
    assert_eq!(stored(&harness, "late", 1, "6"), 1);
    let (_, messages): (Vec<_>, Vec<String>) = first(&harness, 2);
    assert_eq!(messages.concat(), "56", "who comes late does not wait for all");
    harness.crash();
    let (_, messages): (Vec<_>, Vec<String>) = first(&harness, 10);
    assert_eq!(messages.concat(), "356", "of each the oldest first");
}

pub(super) fn bytes_are_bounded_and_come_back(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { bytes: 10_000, ..Bounds::default() });
    let large = "x".repeat(6000);
    harness.append(&large, vec![of_lane("a")]);
    assert!(harness.outbox().stats().bytes > 6000);
    harness.append(&large, vec![of_lane("b")]);
    let leased = ids(&harness.take(2, 0));
    assert!(matches!(
        wait(appended(harness.outbox(), entry("y", vec![of_lane("b")]))),
        Err(OutboxError::Full(_))
    ));
    harness.settle(leased[0], Settlement::Done);
    harness.put("b");
    harness.settle(leased[1], Settlement::Done);
    for lease in harness.take(10, 0) {
        harness.settle(lease.delivery.id, Settlement::Done);
    }
    assert_eq!(harness.outbox().stats().bytes, 0);
}

/// A delivery of a Provider in the namespace `web`.
fn of_web(lane: &str) -> NewDelivery {
    NewDelivery { provider: ObjectKey::new("web", "chat"), ..of_lane(lane) }
}

fn usage(harness: &Harness, provider: &ObjectKey) -> Usage {
    harness.outbox().stats().providers.get(provider).copied().unwrap_or_default()
}

pub(super) fn issue_17_a_full_outbox_takes_room_back_from_the_namespace_that_has_most(kind: OutboxKind) {
    let mut harness = Harness::bounded(kind, Bounds { records: 10, ..Bounds::default() });
    let web = ObjectKey::new("web", "chat");
    harness.append("small", vec![of_web("w")]);
    for number in 0..30 {
        harness.put(&format!("flood {number}"));
    }
    assert_eq!(
        (usage(&harness, &chat()).pending, usage(&harness, &chat()).dead),
        (9, 21),
        "all that is free, and no more"
    );
    assert_eq!(usage(&harness, &web).pending, 1);
    for number in 0..4 {
        harness.append("small", vec![of_web(&format!("w {number}"))]);
    }
    assert_eq!(
        (usage(&harness, &web).pending, usage(&harness, &chat()).pending),
        (5, 5),
        "a fair half comes back"
    );
    assert_eq!(usage(&harness, &web).dead, 0);
    let overflowed = harness.outbox().take_overflowed();
    assert_eq!(overflowed.into_iter().collect::<Vec<_>>(), [(chat(), 25)]);
    harness.flush();
    harness.crash();
    assert_eq!((usage(&harness, &web).pending, usage(&harness, &chat()).pending), (5, 5));
    assert!(
        harness.dead().iter().all(|letter| letter.failure.as_ref().unwrap().class == FailureClass::Overflow)
    );
}

pub(super) fn issue_17_bytes_come_back_from_the_namespace_that_has_most(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { bytes: 20_000, ..Bounds::default() });
    let web = ObjectKey::new("web", "chat");
    harness.append(&"w".repeat(2500), vec![of_web("w")]);
    harness.settle(
        wait(harness.outbox().take(&web, 1, at(0))).unwrap().remove(0).delivery.id,
        Settlement::Dead(refused()),
    );
    for lane in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
        assert_eq!(wait(appended(harness.outbox(), large(lane))), Ok(()), "{lane}");
    }
    assert!(harness.outbox().stats().bytes < 24_000, "one event may pass the bound");
    assert_eq!(usage(&harness, &web).dead, 1, "dead letters of others stay");
    assert!(usage(&harness, &chat()).pending >= 4, "{:?}", usage(&harness, &chat()));
    assert_eq!(harness.outbox().stats().trouble, None);
}

pub(super) fn issue_17_dead_letters_are_dropped_of_the_namespace_that_has_most(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { dead_letters: 4, ..Bounds::default() });
    let web = ObjectKey::new("web", "chat");
    harness.append("small", vec![of_web("w")]);
    harness.settle(
        wait(harness.outbox().take(&web, 1, at(0))).unwrap().remove(0).delivery.id,
        Settlement::Dead(refused()),
    );
    for number in 0..9 {
        harness.put(&format!("flood {number}"));
        harness.settle(harness.take_one(0), Settlement::Dead(refused()));
    }
    assert_eq!((usage(&harness, &web).dead, usage(&harness, &chat()).dead), (1, 3));
}

pub(super) fn beyond_a_providers_bound_its_oldest_waiting_delivery_dies(kind: OutboxKind) {
    let mut harness = Harness::bounded(kind, Bounds { records_per_provider: 2, ..Bounds::default() });
    for lane in ["a", "b", "c"] {
        harness.put(lane);
    }
    let dead = harness.dead();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].failure.as_ref().unwrap().class, FailureClass::Overflow);
    assert_eq!(dead[0].at, Some(noon()));
    harness.flush();
    harness.crash();
    assert_eq!(harness.dead().len(), 1);
    assert_eq!(messages(&harness.take(10, 0)), ["b", "c"]);
}

pub(super) fn overflow_spares_leases_and_other_providers(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { records_per_provider: 2, ..Bounds::default() });
    let other = ObjectKey::new("apps", "other");
    harness.append("other", vec![NewDelivery { provider: other.clone(), ..of_lane("a") }]);
    harness.put("a");
    let leased = ids(&harness.take(1, 0));
    harness.put("a");
    harness.put("a");
    let usage = harness.outbox().stats();
    assert_eq!(usage.providers[&chat()].dead, 1);
    assert_eq!(usage.providers[&ObjectKey::new("apps", "other")].dead, 0);
    harness.settle(leased[0], Settlement::Done);
    assert_eq!(harness.outbox().stats().total.pending, 2);
}

/// An event of two kilobytes and a half.
fn large(lane: &str) -> Append {
    entry(&lane.repeat(2500), vec![of_lane(lane)])
}

pub(super) fn beyond_a_providers_bytes_its_oldest_waiting_deliveries_die(kind: OutboxKind) {
    let bounds = Bounds { bytes_per_provider: 8000, ..Bounds::default() };
    let mut harness = Harness::bounded(kind, bounds);
    let other = ObjectKey::new("apps", "other");
    for lane in ["a", "b", "c"] {
        let mut entry = large(lane);
        entry.plan = Planned::Deliveries(vec![
            of_lane(lane),
            NewDelivery { provider: other.clone(), ..of_lane(lane) },
        ]);
        wait(appended(harness.outbox(), entry)).unwrap();
    }
    let before = harness.outbox().stats();
    assert!(before.total.bytes > before.bytes, "an event counts for each of its providers: {before:?}");
    assert!(before.providers[&chat()].bytes <= 8000, "{before:?}");
    assert_eq!(before.providers[&other].dead, 1);
    harness.put("d");
    let usage = harness.outbox().stats().providers[&chat()];
    assert_eq!(usage.dead, 1, "{usage:?}");
    wait(appended(harness.outbox(), large("e"))).unwrap();
    assert_eq!(harness.outbox().stats().providers[&chat()].dead, 2);
    assert_eq!(harness.outbox().stats().providers[&other], before.providers[&other], "others are spared");
    harness.flush();
    harness.crash();
    let after = harness.outbox().stats().providers[&chat()];
    assert!(after.bytes > 5000 && after.bytes <= 8000, "{after:?}");
    let leases = harness.take(10, 0);
    let letters: Vec<_> = messages(&leases).iter().filter_map(|text| text.chars().next()).collect();
    assert_eq!(letters, ['c', 'd', 'e']);
    leases.into_iter().for_each(|lease| harness.settle(lease.delivery.id, Settlement::Done));
    assert_eq!(harness.outbox().stats().providers[&chat()].bytes, 0);
}

pub(super) fn what_overflowed_is_told_once_by_provider(kind: OutboxKind) {
    let harness = Harness::bounded(kind, Bounds { records_per_provider: 2, ..Bounds::default() });
    for lane in ["a", "b", "c", "d"] {
        harness.put(lane);
    }
    assert_eq!(harness.outbox().take_overflowed().into_iter().collect::<Vec<_>>(), [(chat(), 2)]);
    assert!(harness.outbox().take_overflowed().is_empty());
    harness.put("e");
    assert_eq!(harness.outbox().take_overflowed()[&chat()], 1);
    assert_eq!(harness.outbox().stats().overflowed, 3);
}

pub(super) fn dead_letters_are_bounded_in_bytes_and_leave_room_for_others(kind: OutboxKind) {
    let bounds = Bounds { bytes: 12_000, dead_letter_bytes: 7000, ..Bounds::default() };
    let mut harness = Harness::bounded(kind, bounds);
    for lane in ["a", "b", "c", "d", "e", "f"] {
        wait(appended(harness.outbox(), large(lane))).unwrap();
        harness.settle(harness.take_one(0), Settlement::Dead(refused()));
    }
    assert_eq!(harness.dead().len(), 2, "the newest that fit");
    assert!(harness.outbox().stats().bytes <= 7000);
    harness.flush();
    harness.crash();
    assert_eq!(harness.dead().len(), 2);
    let ids = harness.dead().into_iter().map(|letter| letter.id).collect();
    assert_eq!(wait(harness.outbox().redrive(ids, at(60))), Ok(2));
    let leases = harness.take(10, 0);
    let letters: Vec<_> = messages(&leases).iter().filter_map(|text| text.chars().next()).collect();
    assert_eq!(letters, ['e', 'f']);
}

pub(super) fn a_list_is_bounded_by_its_limit(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let other = ObjectKey::new("apps", "other");
    for lane in ["a", "b", "c"] {
        harness.append(lane, vec![NewDelivery { provider: other.clone(), ..of_lane(lane) }, of_lane(lane)]);
    }
    let list = |selection| wait(harness.outbox().list(selection)).unwrap();
    let all: Vec<_> = list(BrowseFilter::default()).into_iter().map(|view| view.id).collect();
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted());
    let some: Vec<_> =
        list(BrowseFilter { limit: 4, ..BrowseFilter::default() }).into_iter().map(|view| view.id).collect();
    assert_eq!(some, all[..4]);
    let of_other = list(BrowseFilter { provider: Some(other.clone()), limit: 2, ..BrowseFilter::default() });
    assert!(of_other.iter().all(|view| view.provider == other));
    assert_eq!(of_other.len(), 2);
    assert!(
        list(BrowseFilter { provider: Some(ObjectKey::new("apps", "nobody")), ..BrowseFilter::default() })
            .is_empty()
    );
    let elsewhere = ObjectKey::new("web", "chat");
    harness.append("d", vec![NewDelivery { provider: elsewhere.clone(), ..of_lane("d") }]);
    let of_web = list(BrowseFilter { namespace: Some("web".into()), limit: 1, ..BrowseFilter::default() });
    assert!(of_web.len() == 1 && of_web[0].provider == elsewhere);
}

pub(super) fn issue_18_a_list_finds_what_ids_name_however_much_waits_before_it(kind: OutboxKind) {
    let harness = Harness::new(kind);
    for lane in ["a", "b", "c", "d"] {
        harness.append(lane, vec![of_lane(lane)]);
    }
    let leased = ids(&harness.take(4, 0));
    harness.settle(leased[1], Settlement::Dead(refused()));
    let texts = [prefix(leased[3], SHORTEST_PREFIX), leased[1].to_string(), "no id".to_owned()];
    let named =
        |dead| BrowseFilter { dead, ids: Some(IdTexts::new(&texts)), limit: 1, ..BrowseFilter::default() };
    for (dead, id, message) in [(false, leased[3], "d"), (true, leased[1], "b")] {
        let list = wait(harness.outbox().list(named(dead))).unwrap();
        assert_eq!(list.iter().map(|view| view.id).collect::<Vec<_>>(), [id]);
        let events = wait(harness.outbox().events(named(dead))).unwrap();
        assert_eq!(events[0].0, list[0]);
        assert_eq!(events[0].1.as_ref().unwrap().message, message);
    }
    let of_other = BrowseFilter { provider: Some(ObjectKey::new("apps", "other")), ..named(false) };
    assert_eq!(wait(harness.outbox().list(of_other)).unwrap(), []);
}

pub(super) fn a_tally_counts_by_alert_up_to_its_limit(kind: OutboxKind) {
    let harness = Harness::new(kind);
    let second = AlertRef { key: ObjectKey::new("apps", "second"), uid: "u".into() };
    let of_second = |lane| NewDelivery { alert: second.clone(), ..of_lane(lane) };
    harness.append("1", vec![of_lane("a"), of_second("b")]);
    harness.append("2", vec![of_second("c"), of_second("d")]);
    let other = NewDelivery { provider: ObjectKey::new("apps", "other"), ..of_lane("e") };
    harness.append("3", vec![other]);
    let leased = ids(&harness.take(3, 0));
    harness.settle(leased[1], Settlement::Dead(refused()));
    harness.settle(leased[2], Settlement::Parked(at(60), refused()));
    let tally = wait(harness.outbox().tally(&chat(), 0)).unwrap();
    let first = of_lane("a").alert.key;
    assert_eq!(tally.len(), 2, "{tally:?}");
    assert_eq!(counts(tally[&first]), [1, 0, 0]);
    assert_eq!(counts(tally[&second.key]), [1, 1, 1]);
    let bounded = wait(harness.outbox().tally(&chat(), 1)).unwrap();
    assert_eq!(counts(bounded[&first]), [1, 0, 0]);
    assert_eq!(counts(bounded[&second.key]), [0, 0, 1]);
}
