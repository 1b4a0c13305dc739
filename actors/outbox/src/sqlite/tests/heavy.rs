//! Events with many deliveries beside events with few.

use std::sync::mpsc;

use super::*;
use crate::Acceptance;

#[test]
fn issue_17_an_event_with_few_deliveries_does_not_wait_for_those_with_many() {
    let place = Place::new();
    let outbox = place.open();
    let (held, hold) = mpsc::channel::<()>();
    outbox.send_to_journal(Box::new(move |_| hold.recv().unwrap_or_default()));
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
    let (held, hold) = mpsc::channel::<()>();
    outbox.send_to_journal(Box::new(move |_| hold.recv().unwrap_or_default()));
    let many = |name: &str| entry(name, (0..300).map(|number| of_lane(&number.to_string())).collect());
    let replies: Vec<_> = ["a", "b", "c"].map(|name| appended(&outbox, many(name))).into();
    let closed = crate::Outbox::close(&outbox);
    drop(held);
    replies.into_iter().for_each(|reply| wait(reply).unwrap());
    wait(closed).unwrap();
    assert_eq!(place.open().stats().total.pending, 900);
}
