//! Disks that are full or fail.

use campanile_testkit::noon;

use super::{Place, put, settle, take, wait};
use crate::sqlite::SqliteJournal;
use crate::suite::harness::{appended, entry, ids, messages, of_lane, refused};
use crate::{Browse, BrowseFilter, JournaledOutbox, Outbox, OutboxError, Scheduler, Settlement};

fn append(outbox: &JournaledOutbox, lane: &str) -> Result<(), OutboxError> {
    wait(appended(outbox, entry(&"x".repeat(2000), vec![of_lane(lane)])))
}

fn break_disk(outbox: &JournaledOutbox, broken: bool) {
    outbox.on_journal(move |store: &mut SqliteJournal| store.broken = broken);
}

#[test]
fn below_the_reserve_events_are_refused_and_outcomes_are_written() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    put(&outbox, "b");
    let leased = ids(&take(&outbox, 1));
    outbox.on_journal(|store: &mut SqliteJournal| store.space.set_reserve(u64::MAX));
    assert!(matches!(append(&outbox, "c"), Err(OutboxError::Full(_))));
    settle(&outbox, [leased[0]], &Settlement::Done);
    let trouble = outbox.stats().trouble;
    assert_eq!(trouble.unwrap(), "the outbox is full: the disk is down to its reserve of free space");
    outbox.on_journal(|store: &mut SqliteJournal| store.space.set_reserve(0));
    append(&outbox, "c").unwrap();
    assert_eq!(outbox.stats().trouble, None);
    wait(outbox.abandon()).unwrap();
    assert_eq!(take(&place.open(), 10).len(), 2);
}

#[test]
fn a_full_database_refuses_events_takes_outcomes_and_goes_on_when_there_is_space() {
    let place = Place::new();
    let outbox = place.open();
    outbox.on_journal(|store: &mut SqliteJournal| {
        store.connection.execute_batch("PRAGMA max_page_count = 60").unwrap();
    });
    let mut stored = 0;
    while append(&outbox, &format!("lane {stored}")).is_ok() {
        stored += 1;
    }
    assert!((5..100).contains(&stored));
    assert!(matches!(append(&outbox, "more"), Err(OutboxError::Full(_))));
    let leased = ids(&take(&outbox, 1000));
    assert_eq!(leased.len(), stored);
    settle(&outbox, leased, &Settlement::Done);
    append(&outbox, "again").unwrap();
    wait(outbox.abandon()).unwrap();
    assert_eq!(take(&place.open(), 10).len(), 1);
}

#[test]
fn opening_writes_nothing() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    wait(outbox.close()).unwrap();
    let outbox = place.open();
    assert_eq!(take(&outbox, 1).len(), 1);
    let log = place.path().join("outbox.db-wal");
    assert_eq!(log.metadata().map_or(0, |facts| facts.len()), 0, "a full disk would not take it");
}

#[test]
fn one_append_that_fails_takes_no_outcome_with_it() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    let leased = ids(&take(&outbox, 1));
    outbox.on_journal(|store: &mut SqliteJournal| {
        let sql = "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'no'); END";
        store.connection.execute_batch(sql).unwrap();
    });
    outbox.settle(leased[0], Settlement::Dead(refused()), noon());
    let settled = outbox.flushed();
    assert!(matches!(append(&outbox, "b"), Err(OutboxError::Store(_))));
    wait(settled).unwrap();
    wait(outbox.abandon()).unwrap();
    assert_eq!(place.open().stats().total.dead, 1);
}

#[test]
fn outcomes_that_the_disk_refuses_are_kept_and_written_later() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    wait(appended(&outbox, entry("second", vec![of_lane("a")]))).unwrap();
    let first = ids(&take(&outbox, 1));
    break_disk(&outbox, true);
    outbox.settle(first[0], Settlement::Dead(refused()), noon());
    let durable = outbox.flushed();
    assert!(matches!(append(&outbox, "b"), Err(OutboxError::Full(_))));
    // In memory it has happened.
    assert_eq!(messages(&take(&outbox, 10)), ["second"]);
    let letters = wait(outbox.list(BrowseFilter { dead: true, ..BrowseFilter::default() })).unwrap();
    assert_eq!(letters[0].failure, Some(refused()));
    assert!(outbox.stats().trouble.is_some());
    break_disk(&outbox, false);
    // Nothing else is written: the store tries again by itself.
    wait(durable).unwrap();
    assert_eq!(outbox.stats().trouble, None);
    wait(outbox.abandon()).unwrap();
    assert_eq!(place.open().stats().total.dead, 1);
}

#[test]
fn a_close_that_can_not_write_says_so_and_the_delivery_comes_again() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    let leased = ids(&take(&outbox, 1));
    break_disk(&outbox, true);
    outbox.settle(leased[0], Settlement::Done, noon());
    assert!(matches!(wait(outbox.close()), Err(OutboxError::Full(_))));
    assert_eq!(ids(&take(&place.open(), 10)), leased);
}

#[test]
fn a_close_after_a_refused_append_is_clean() {
    let place = Place::new();
    let outbox = place.open();
    break_disk(&outbox, true);
    assert!(append(&outbox, "a").is_err());
    assert_eq!(wait(outbox.close()), Ok(()));
}

#[test]
fn the_file_shrinks_after_a_backlog() {
    let place = Place::new();
    let outbox = place.open();
    let replies: Vec<_> = (0..8000)
        .map(|n| appended(&outbox, entry(&"x".repeat(1500), vec![of_lane(&n.to_string())])))
        .collect();
    replies.into_iter().for_each(|reply| wait(reply).unwrap());
    assert!(place.size() > 12 << 20);
    settle(&outbox, ids(&take(&outbox, 8000)), &Settlement::Done);
    outbox.on_journal(
        |store: &mut SqliteJournal| while super::super::upkeep::trim(&store.connection).unwrap() {},
    );
    outbox.on_journal(|store: &mut SqliteJournal| {
        store.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    });
    assert!(place.size() <= 5 << 20, "{} bytes are left", place.size());
}
