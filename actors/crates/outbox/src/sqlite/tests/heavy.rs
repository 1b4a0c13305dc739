//! Events with many deliveries beside events with few.

use std::sync::mpsc;

use super::*;
use crate::Outbox;
use crate::sqlite::SqliteJournal;
use crate::suite::harness::messages;
use crate::{Acceptance, OutboxError, Planned};

/// Holds the store's thread until the answer is dropped.
fn hold(outbox: &JournaledOutbox) -> mpsc::Sender<()> {
    let (held, hold) = mpsc::channel();
    outbox.send_to_journal(Box::new(move |_| hold.recv().unwrap_or_default()));
    held
}

/// An entry that takes several batches.
fn many(name: &str) -> crate::Append {
    entry(name, (0..300).map(|number| of_lane(&number.to_string())).collect())
}

/// Appends `heavy` with a small entry, and ends the store as a crash does when the small one is stored: a part of `heavy` is.
fn crash_within(place: &Place, heavy: impl FnOnce(&JournaledOutbox)) {
    let outbox = Arc::new(place.open());
    let held = hold(&outbox);
    heavy(&outbox);
    let (ended, end) = mpsc::channel();
    let crashing = outbox.clone();
    let crash = move |stored: Result<(), OutboxError>| {
        stored.unwrap();
        ended.send(crashing.abandon()).unwrap();
    };
    outbox.append(entry("few", vec![of_lane("few")]), Box::new(crash));
    drop(held);
    wait(end.recv().unwrap()).unwrap();
    assert_eq!(outbox.stats().total.pending, 1, "nobody sees a part of an event");
}

#[test]
fn issue_17_a_crash_within_an_event_with_many_deliveries_leaves_nothing_of_it() {
    let place = Place::new();
    crash_within(&place, |outbox| {
        outbox.append(many("many"), Box::new(|stored| unreachable!("answered with {stored:?}")));
    });
    let outbox = place.open();
    assert_eq!((outbox.stats().total.pending, outbox.stats().unplanned), (1, 0));
    assert_eq!(messages(&take(&outbox, 10)), ["few"]);
    wait(appended(&outbox, many("again"))).unwrap();
    assert_eq!(outbox.stats().total.pending, 301);
    wait(outbox.abandon()).unwrap();
    assert_eq!(place.open().stats().total.pending, 301);
}

#[test]
fn issue_17_a_crash_within_the_plan_of_a_stored_event_leaves_it_to_be_planned() {
    let place = Place::new();
    let outbox = place.open();
    let later = crate::Append { plan: Planned::Later, ..entry("many", Vec::new()) };
    wait(appended(&outbox, later)).unwrap();
    let id = wait(outbox.unplanned(1)).unwrap()[0].id;
    wait(Outbox::close(&outbox)).unwrap();
    crash_within(&place, |outbox| {
        let crate::Append { plan: Planned::Deliveries(plans), .. } = many("many") else { unreachable!() };
        drop(outbox.plan(id, plans));
    });
    let outbox = place.open();
    assert_eq!((outbox.stats().total.pending, outbox.stats().unplanned), (1, 1));
    let waiting = wait(outbox.unplanned(10)).unwrap();
    assert_eq!(waiting.iter().map(|event| event.id).collect::<Vec<_>>(), [id]);
    wait(outbox.plan(id, vec![of_lane("a")])).unwrap();
    wait(outbox.abandon()).unwrap();
    assert_eq!(place.open().stats().total.pending, 2);
}

#[test]
fn issue_17_an_event_that_does_not_fit_is_refused_as_a_whole_and_its_room_given_back() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "before");
    // Room for its first part.
    outbox.on_journal(|store: &mut SqliteJournal| {
        let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        store.connection.execute_batch(&format!("PRAGMA max_page_count = {}", pages + 10)).unwrap();
    });
    let refused = wait(appended(&outbox, many("many")));
    assert!(matches!(refused, Err(OutboxError::Full(_))), "{refused:?}");
    assert_eq!(outbox.stats().total.pending, 1);
    put(&outbox, "after");
    outbox.on_journal(|store: &mut SqliteJournal| {
        let rows = "SELECT (SELECT count(*) FROM deliveries), (SELECT count(*) FROM events)";
        let counted = store.connection.query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(counted, Ok((2_i64, 2_i64)), "nothing is left of it");
    });
    wait(outbox.abandon()).unwrap();
    assert_eq!(messages(&take(&place.open(), 10)), ["before", "after"]);
}

#[test]
fn issue_17_an_event_with_few_deliveries_does_not_wait_for_those_with_many() {
    let place = Place::new();
    let outbox = place.open();
    let held = hold(&outbox);
    let (told, order) = mpsc::channel();
    for (name, deliveries) in
        [("first", 2_000), ("second", 2_000), ("third", 2_000), ("few", 1), ("also few", 3)]
    {
        let plans = (0..deliveries).map(|number| of_lane(&number.to_string())).collect();
        let told = told.clone();
        let stored = Box::new(move |stored: Result<(), _>| told.send((name, stored)).unwrap());
        outbox.append(entry(name, plans), stored);
    }
    // All wait now: let the thread go on.
    drop(held);
    let order: Vec<_> = order.iter().take(5).collect();
    assert!(order.iter().all(|(_, stored)| stored.is_ok()), "{order:?}");
    let names: Vec<_> = order.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["few", "also few", "first", "second", "third"]);
    assert_eq!(outbox.stats().total.pending, 6_004);
    flush(&outbox);
    wait(outbox.abandon()).unwrap();
    assert_eq!(place.open().stats().total.pending, 6_004);
}

#[test]
fn events_with_many_deliveries_that_wait_are_stored_before_a_close() {
    let place = Place::new();
    let outbox = place.open();
    let held = hold(&outbox);
    let replies: Vec<_> = ["a", "b", "c"].map(|name| appended(&outbox, many(name))).into();
    let closed = Outbox::close(&outbox);
    drop(held);
    replies.into_iter().for_each(|reply| wait(reply).unwrap());
    wait(closed).unwrap();
    assert_eq!(place.open().stats().total.pending, 900);
}
