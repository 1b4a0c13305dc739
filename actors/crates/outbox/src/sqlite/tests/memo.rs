//! Memos on a disk that fails or was changed.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use rusqlite::Connection;

use super::{Place, flush, put, take, wait};
use crate::sqlite::SqliteJournal;
use crate::suite::harness::{chat, messages};
use crate::{Browse, JournaledOutbox, MemoStore, Outbox, OutboxError};

fn remember(outbox: &JournaledOutbox, place: u128, look: Option<u128>) {
    wait(outbox.remember(&chat(), place, look)).unwrap();
}

fn recall(outbox: &JournaledOutbox) -> Vec<(u128, u128)> {
    wait(outbox.recall(&chat())).unwrap()
}

/// A closed store with three entries and one delivery.
fn stored() -> Place {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    for number in 1..=3 {
        remember(&outbox, number, Some(number * 10));
    }
    wait(outbox.close()).unwrap();
    place
}

#[test]
fn a_damaged_entry_is_left_out() {
    let changes = [
        "look = x'00000000000000000000000000000063'",
        "look = x'63'",
        "place = x'00000000000000000000000000000063'",
        "provider = provider + 1",
        "checksum = checksum + 1",
    ];
    for change in changes {
        let place = stored();
        place.edit(&format!("UPDATE memo SET {change} WHERE age = 2"));
        let outbox = place.open();
        assert_eq!(recall(&outbox), [(1, 10), (3, 30)], "after {change}");
        remember(&outbox, 2, Some(21));
        assert_eq!(recall(&outbox), [(1, 10), (3, 30), (2, 21)]);
    }
}

#[test]
fn a_table_that_is_gone_is_begun_anew() {
    costs_the_memo_and_no_delivery(|place| place.edit("DROP TABLE memo"), &[(5, 50)]);
}

#[test]
fn a_table_beyond_help_costs_the_memo_and_no_delivery() {
    for name in ["memo", "memo_by_place", "memo_by_age"] {
        costs_the_memo_and_no_delivery(|place| overwrite(place, name), &[]);
    }
}

fn costs_the_memo_and_no_delivery(damage: impl Fn(&Place), left: &[(u128, u128)]) {
    for reads_first in [true, false] {
        let place = stored();
        damage(&place);
        let opened = place.opened();
        assert_eq!(opened.moved_aside, None);
        let outbox = opened.outbox;
        if reads_first {
            assert!(recall(&outbox).iter().all(|entry| (1..=3).contains(&entry.0)));
        }
        put(&outbox, "b");
        remember(&outbox, 1, None);
        remember(&outbox, 5, Some(50));
        assert!(outbox.stats().failed_writes <= 1);
        assert_eq!(recall(&outbox), left);
        wait(outbox.abandon()).unwrap();
        let outbox = place.open();
        assert_eq!(recall(&outbox), left);
        assert_eq!(messages(&take(&outbox, 10)), ["a", "b"]);
    }
}

/// Fills the first page of a table or an index with nonsense.
fn overwrite(place: &Place, name: &str) {
    let path = place.path().join("outbox.db");
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: u64 = connection.query_row(sql, [name], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned();
    connection.close().unwrap();
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start((page - 1) * 4096)).unwrap();
    file.write_all(&[0xA5; 4096]).unwrap();
}

#[test]
fn what_waits_for_a_failing_disk_is_recalled_bounded_and_written_later() {
    let place = stored();
    let outbox = place.open();
    outbox.on_journal(|store: &mut SqliteJournal| store.broken = true);
    let forgotten = outbox.remember(&chat(), 1, None);
    assert_eq!(recall(&outbox), [(2, 20), (3, 30)]);
    let refused = (100..20_000).find_map(|number| {
        // A refusal comes at once; what is taken waits for the disk.
        let mut reply = outbox.remember(&chat(), number, Some(number));
        match reply.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(answer) => Some(answer),
            std::task::Poll::Pending => None,
        }
    });
    assert!(matches!(refused, Some(Err(OutboxError::Full(_)))));
    outbox.on_journal(|store: &mut SqliteJournal| store.broken = false);
    wait(forgotten).unwrap();
    flush(&outbox);
    let memo = recall(&outbox);
    wait(outbox.abandon()).unwrap();
    assert_eq!(recall(&place.open()), memo);
    assert_eq!(memo[..3], [(2, 20), (3, 30), (100, 100)]);
}
