//! Postponed reconciles on a disk that is full, fails or was changed.

use super::{Place, dead, flush, put, take, wait};
use crate::sqlite::SqliteJournal;
use crate::suite::harness::messages;
use crate::suite::reconciles::postponed;
use crate::{Browse, JournaledOutbox, Outbox, OutboxError, ReconcileStore};

fn names(outbox: &JournaledOutbox) -> Vec<String> {
    wait(outbox.reconciles()).unwrap().into_iter().map(|(_, reconcile)| reconcile.resource).collect()
}

/// A closed store with one delivery and three requests.
fn stored() -> Place {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "delivery");
    wait(outbox.postpone(["a", "b", "c"].map(|name| postponed(name, 0)).to_vec())).unwrap();
    wait(outbox.close()).unwrap();
    place
}

#[test]
fn issue_20_a_damaged_row_costs_itself_and_is_told_once() {
    for change in [
        "resource = 'GitRepository/x'",
        "receiver_name = 'x'",
        "accepted_at = accepted_at + 1",
        "request = '{}'",
        "checksum = checksum + 1",
    ] {
        let place = stored();
        place.edit(&format!("UPDATE reconciles SET {change} WHERE resource = 'b'"));
        let opened = place.opened();
        assert_eq!(opened.moved_aside, None);
        assert_eq!(names(&opened.outbox), ["a", "c"], "after {change}");
        assert_eq!(opened.outbox.stats().damaged, 1);
        flush(&opened.outbox);
        wait(opened.outbox.close()).unwrap();
        let again = place.open();
        assert_eq!((names(&again).len(), again.stats().damaged), (2, 0));
    }
}

#[test]
fn issue_20_a_damaged_file_is_mended_with_its_requests() {
    let place = stored();
    let path = place.path().join("outbox.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 0x55;
    std::fs::write(&path, bytes).unwrap();
    let opened = place.opened();
    assert!(opened.moved_aside.is_some());
    assert_eq!(names(&opened.outbox), ["a", "b", "c"]);
    assert_eq!(messages(&take(&opened.outbox, 10)), ["delivery"]);
    assert_eq!(opened.outbox.stats().damaged, 0);
}

#[test]
fn issue_20_a_disk_down_to_its_reserve_postpones_nothing_and_still_settles() {
    let place = stored();
    let outbox = place.open();
    outbox.on_journal(|journal: &mut SqliteJournal| journal.space.set_reserve(u64::MAX));
    assert!(matches!(wait(outbox.postpone(vec![postponed("d", 0)])), Err(OutboxError::Full(_))));
    let numbers = wait(outbox.reconciles()).unwrap().into_iter().map(|(number, _)| number);
    wait(outbox.settle_reconciles(numbers.take(2).collect())).unwrap();
    wait(outbox.abandon()).unwrap();
    assert_eq!(names(&place.open()), ["c"]);
}

#[test]
fn issue_20_what_is_settled_while_the_disk_fails_is_settled_when_it_works() {
    let place = stored();
    let outbox = place.open();
    outbox.on_journal(|journal: &mut SqliteJournal| journal.broken = true);
    let first = wait(outbox.reconciles()).unwrap()[0].0;
    let settled = outbox.settle_reconciles(vec![first]);
    assert!(matches!(wait(outbox.postpone(vec![postponed("d", 0)])), Err(OutboxError::Full(_))));
    assert_eq!(names(&outbox), ["b", "c"]);
    outbox.on_journal(|journal: &mut SqliteJournal| journal.broken = false);
    wait(settled).unwrap();
    wait(outbox.abandon()).unwrap();
    let outbox = place.open();
    assert_eq!(names(&outbox), ["b", "c"]);
    assert!(dead(&outbox).is_empty());
}
