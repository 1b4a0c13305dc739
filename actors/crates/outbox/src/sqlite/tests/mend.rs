//! Files whose structure is damaged: what can be read is taken over.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use campanile_testkit::noon;

use super::{Place, dead, flush, open_in, put, settle, take, wait};
use crate::sqlite::SqliteJournal;
use crate::suite::harness::{appended, chat, entry, ids, of_lane, refused};
use crate::{
    Acceptance, Append, Browse, JournaledOutbox, OpenError, Opened, Outbox, OutboxError, Planned, Scheduler,
    Settlement,
};

const ROWS: usize = 120;
const PAGE: u64 = 4096;
/// What one spoiled page may cost: the events or deliveries on it.
const A_PAGE: usize = 24;

/// A store that was left by a crash (`killed`) or closed, with `ROWS` deliveries, some tried before.
fn filled(killed: bool) -> Place {
    let place = Place::new();
    let outbox = place.open();
    // All of it in the log, as long as the store runs.
    outbox.on_journal(|store: &mut SqliteJournal| {
        store.connection.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
    });
    for number in 0..ROWS {
        put(&outbox, &format!("lane {number}"));
    }
    let tried = ids(&take(&outbox, 10));
    settle(&outbox, tried, &Settlement::RetryAt(noon(), refused()));
    if killed {
        return copy(&place);
    }
    wait(outbox.close()).unwrap();
    place
}

/// A copy of the files; of a running store it is what a kill leaves.
fn copy(place: &Place) -> Place {
    let copy = Place::new();
    for log in [false, true].into_iter().filter(|log| place.file(*log).exists()) {
        fs::copy(place.file(log), copy.file(log)).unwrap();
    }
    copy
}

/// Opens the store again after it has ended by itself; its thread lets go of the folder last.
fn reopened(place: &Place, outbox: JournaledOutbox) -> Opened {
    assert_eq!(wait(outbox.closed()), Err(OutboxError::Closed));
    drop(outbox);
    loop {
        match open_in(place.path(), place.bounds, noon()) {
            Err(OpenError::Locked { .. }) => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
}

impl Place {
    fn file(&self, log: bool) -> PathBuf {
        self.path().join(if log { "outbox.db-wal" } else { "outbox.db" })
    }

    fn flip(&self, log: bool, at: u64) {
        let file = fs::File::options().read(true).write(true).open(self.file(log)).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x55], at).unwrap();
    }

    fn length(&self, log: bool) -> u64 {
        self.file(log).metadata().map_or(0, |facts| facts.len())
    }
}

/// Takes everything; how many deliveries came.
fn taken(outbox: &JournaledOutbox) -> usize {
    take(outbox, 10 * ROWS).len()
}

#[test]
fn a_byte_that_flips_in_the_log_hides_nothing_that_was_written_later() {
    let template = filled(true);
    let length = template.length(true);
    // The header, a frame's header, and pages; the last transaction could as well be one that was not finished.
    for at in [0, 3, 17, 25, 33, 41, 49, 60, 3000, length / 3, length / 2, length * 3 / 4] {
        let place = copy(&template);
        place.flip(true, at);
        let opened = place.opened();
        assert!(opened.moved_aside.is_some(), "a flip at {at} was not noticed");
        let found = taken(&opened.outbox);
        assert!(found + A_PAGE >= ROWS, "{found} of {ROWS} were left by a flip at {at}");
        wait(opened.outbox.close()).unwrap();
        assert!(place.opened().moved_aside.is_none(), "the new file is sound");
    }
}

#[test]
fn a_log_that_a_crash_cut_short_is_not_damaged() {
    let template = filled(true);
    for missing in [1, 100, PAGE, 3 * PAGE] {
        let place = copy(&template);
        let log = fs::File::options().write(true).open(place.file(true)).unwrap();
        log.set_len(place.length(true) - missing).unwrap();
        assert!(place.opened().moved_aside.is_none());
    }
}

#[test]
fn a_byte_that_flips_in_the_header_costs_nothing() {
    let template = filled(false);
    for at in 0..100 {
        let place = copy(&template);
        place.flip(false, at);
        let (outbox, found) = at_work(&place);
        assert_eq!(found, ROWS, "after a flip at {at}");
        wait(outbox.close()).unwrap();
    }
}

/// Opens the store, takes everything and appends. The damage may show only then, and is mended at the next opening.
fn at_work(place: &Place) -> (JournaledOutbox, usize) {
    let outbox = place.open();
    let works = |outbox: &JournaledOutbox| {
        let found = wait(outbox.take(&chat(), 10 * ROWS, noon()))?.len();
        wait(appended(outbox, entry("more", vec![of_lane("more")]))).map(|()| found)
    };
    match works(&outbox) {
        Ok(found) => (outbox, found),
        Err(error) => {
            assert!(matches!(error, OutboxError::Damaged | OutboxError::Closed), "{error}");
            let outbox = reopened(place, outbox).outbox;
            let found = works(&outbox).unwrap();
            (outbox, found)
        }
    }
}

#[test]
fn every_page_but_one_is_taken_over() {
    let template = filled(false);
    let pages = template.length(false) / PAGE;
    assert!(pages > 20);
    let mut worst = 0;
    for page in 0..pages {
        let place = copy(&template);
        let file = fs::File::options().write(true).open(place.file(false)).unwrap();
        file.write_all_at(&[0xA5; PAGE as usize], page * PAGE).unwrap();
        let (outbox, found) = at_work(&place);
        flush(&outbox);
        let said = outbox.stats().damaged > 0;
        worst = worst.max(ROWS.saturating_sub(found));
        assert!(found + A_PAGE >= ROWS, "{found} of {ROWS} were left by page {page}");
        assert!(said || found >= ROWS, "page {page} cost {} silently", ROWS - found);
    }
    assert!(worst > 0, "a spoiled page costs what stood on it");
}

#[test]
fn a_file_that_was_cut_off_gives_what_is_left() {
    let template = filled(false);
    for part in [0, 1, 2, 3] {
        let place = copy(&template);
        let file = fs::File::options().write(true).open(place.file(false)).unwrap();
        file.set_len(place.length(false) * part / 4 + 7 * part).unwrap();
        let opened = place.opened();
        let found = taken(&opened.outbox);
        assert!(opened.moved_aside.is_some() || part == 0);
        assert!(found < ROWS && (part < 2 || found > 0), "{found} of {part} quarters");
        put(&opened.outbox, "more");
    }
}

#[test]
fn a_log_without_its_file_is_not_thrown_away() {
    let place = filled(true);
    assert!(place.length(true) > 100 * PAGE, "it holds everything");
    fs::File::options().write(true).open(place.file(false)).unwrap().set_len(0).unwrap();
    let opened = place.opened();
    assert!(opened.moved_aside.is_some());
    assert_eq!(taken(&opened.outbox), ROWS);
}

#[test]
fn what_was_delivered_does_not_come_back_and_numbers_go_on() {
    let place = Place::new();
    let outbox = place.open();
    for number in 0..ROWS {
        put(&outbox, &format!("lane {number}"));
    }
    let leased = ids(&take(&outbox, ROWS - 1));
    let last = *leased.last().unwrap();
    settle(&outbox, leased.into_iter().take(ROWS - 2), &Settlement::Done);
    settle(&outbox, [last], &Settlement::Dead(refused()));
    wait(appended(&outbox, Append { plan: Planned::Later, ..entry("later", Vec::new()) })).unwrap();
    let place = copy(&place);
    place.flip(false, 20);
    let opened = place.opened();
    assert!(opened.moved_aside.is_some());
    assert_eq!(taken(&opened.outbox), 1);
    assert_eq!(dead(&opened.outbox)[0].failure, Some(refused()));
    assert_eq!(wait(opened.outbox.unplanned(10)).unwrap()[0].event.message, "later");
    put(&opened.outbox, "next");
    assert!(ids(&take(&opened.outbox, 1))[0].0.number() > last.0.number());
    assert_eq!(opened.outbox.stats().damaged, 0);
}

#[test]
fn an_event_that_lost_its_deliveries_is_planned_again() {
    let place = filled(false);
    place.edit("DELETE FROM deliveries WHERE id % 3 = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    place.flip(false, 20);
    let outbox = place.open();
    let again = wait(outbox.unplanned(ROWS)).unwrap();
    assert_eq!(again.len() + taken(&outbox), ROWS);
    assert!(!again.is_empty());
}

#[test]
fn a_crash_between_moving_aside_and_taking_the_place_loses_nothing() {
    let place = filled(false);
    fs::rename(place.file(false), place.path().join("outbox.db.mended")).unwrap();
    fs::write(place.file(true), "the log of the file that was moved aside").unwrap();
    assert_eq!(taken(&place.open()), ROWS);
    // One that was not finished is thrown away.
    let place = filled(false);
    fs::write(place.path().join("outbox.db.mended"), "half of it").unwrap();
    assert_eq!(taken(&place.open()), ROWS);
    assert!(!place.path().join("outbox.db.mended").exists());
}

#[test]
fn a_long_text_is_read_from_all_its_pages() {
    let place = Place::new();
    let outbox = place.open();
    let long = "0123456789".repeat(3000);
    wait(appended(&outbox, entry(&long, vec![of_lane("a")]))).unwrap();
    wait(outbox.close()).unwrap();
    place.flip(false, 20);
    assert_eq!(take(&place.open(), 1)[0].delivery.event.message, long);
}

#[test]
fn damage_that_shows_while_running_ends_the_store_and_is_mended_at_the_next_start() {
    let place = filled(false);
    // The root of the events' tree, which opening does not read.
    let root: i64 = rusqlite::Connection::open(place.file(false))
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'events'", [], |row| row.get(0))
        .unwrap();
    let file = fs::File::options().write(true).open(place.file(false)).unwrap();
    file.write_all_at(&[0; PAGE as usize], (root.cast_unsigned() - 1) * PAGE).unwrap();
    let outbox = place.open();
    assert_eq!(wait(appended(&outbox, entry("more", vec![of_lane("more")]))), Err(OutboxError::Damaged));
    let opened = reopened(&place, outbox);
    assert!(opened.moved_aside.is_some());
    assert_eq!(taken(&opened.outbox), ROWS);
    assert_eq!(opened.outbox.providers_with_work(), [chat()]);
    wait(opened.outbox.close()).unwrap();
    assert!(place.opened().moved_aside.is_none());
}
