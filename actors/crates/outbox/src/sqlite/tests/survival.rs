//! What is left after a kill, and what happens between commits.

use std::collections::BTreeSet;
use std::fs;

use campanile_domain::{Failure, FailureClass};
use campanile_testkit::noon;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use super::{Place, flush, open_in, put, settle, take, wait};
use crate::sqlite::SqliteJournal;
use crate::suite::harness::{appended, chat, entry, ids, messages, of_lane};
use crate::{Bounds, Browse, OpenError, Outbox, OutboxError, Scheduler, Settlement};

/// The files as a kill leaves them, in a folder of their own.
fn copy_of(place: &Place) -> TempDir {
    let copy = TempDir::new().unwrap();
    for name in ["outbox.db", "outbox.db-wal"] {
        fs::copy(place.path().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[test]
fn what_was_answered_survives_a_kill() {
    let place = Place::new();
    let outbox = place.open();
    for lane in ["a", "b", "c"] {
        put(&outbox, lane);
    }
    let leased = ids(&take(&outbox, 1));
    settle(&outbox, [leased[0]], &Settlement::Done);
    let copy = copy_of(&place);
    let survivor = open_in(copy.path(), Bounds::default(), noon()).unwrap();
    assert_eq!(survivor.moved_aside, None);
    assert_eq!(messages(&take(&survivor.outbox, 10)), ["b", "c"]);
}

#[test]
fn a_log_that_was_cut_off_loses_its_end_only() {
    let place = Place::new();
    let outbox = place.open();
    for number in 0..20 {
        put(&outbox, &number.to_string());
    }
    let copy = copy_of(&place);
    let log = fs::File::options().write(true).open(copy.path().join("outbox.db-wal")).unwrap();
    log.set_len(log.metadata().unwrap().len() - 5000).unwrap();
    let survivor = open_in(copy.path(), Bounds::default(), noon()).unwrap().outbox;
    let found = take(&survivor, 100);
    let expected: Vec<_> = (0..found.len()).map(|number| number.to_string()).collect();
    assert!((10..20).contains(&found.len()));
    assert_eq!(messages(&found), expected);
}

#[test]
fn dropping_the_outbox_writes_what_is_in_memory() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    put(&outbox, "b");
    let leased = ids(&take(&outbox, 1));
    outbox.settle(leased[0], Settlement::Done, noon());
    let durable = outbox.flushed();
    drop(outbox);
    wait(durable).unwrap();
}

#[test]
fn nobody_waits_for_a_thread_that_has_panicked() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    let leased = ids(&take(&outbox, 1));
    outbox.on_journal(|store: &mut SqliteJournal| store.broken = true);
    outbox.settle(leased[0], Settlement::Done, noon());
    let pending = outbox.flushed();
    let closed = outbox.closed();
    outbox.send_to_journal(Box::new(|_| panic!("a test ends the thread")));
    assert_eq!(wait(closed), Err(OutboxError::Closed));
    assert_eq!(wait(pending), Err(OutboxError::Closed));
    assert_eq!(wait(appended(&outbox, entry("b", vec![of_lane("b")]))), Err(OutboxError::Closed));
    assert_eq!(wait(outbox.flushed()), Err(OutboxError::Closed));
    // The folder gets free: whoever supervises can open it again.
    let begun = std::time::Instant::now();
    let reopened = loop {
        match open_in(place.path(), place.bounds, noon()) {
            Err(OpenError::Locked { .. }) if begun.elapsed().as_secs() < 20 => std::thread::yield_now(),
            opened => break opened.unwrap().outbox,
        }
    };
    assert_eq!(messages(&take(&reopened, 10)), ["a"]);
}

#[test]
fn appends_that_are_not_waited_for_keep_their_order() {
    let place = Place::new();
    let outbox = place.open();
    let numbers: Vec<_> = (0..3000).map(|number| number.to_string()).collect();
    let replies: Vec<_> =
        numbers.iter().map(|number| appended(&outbox, entry(number, vec![of_lane(number)]))).collect();
    replies.into_iter().for_each(|reply| wait(reply).unwrap());
    let leases = take(&outbox, 5000);
    assert_eq!(messages(&leases), numbers);
    assert!(ids(&leases).is_sorted());
}

#[test]
fn dead_letters_of_many_are_written_in_parts() {
    let place = Place::new();
    let outbox = place.open();
    for _ in 0..10 {
        wait(appended(&outbox, entry("x", vec![of_lane("a"); 1000]))).unwrap();
    }
    let failure = Failure::new(FailureClass::ProviderDeleted, "find the provider");
    assert_eq!(outbox.dead_letter_all(&chat(), &failure, noon()), 10_000);
    flush(&outbox);
    wait(outbox.abandon()).unwrap();
    let outbox = place.open();
    assert_eq!(outbox.stats().total.dead, 10_000);
    assert_eq!(super::dead(&outbox)[9999].failure, Some(failure));
}

/// Rounds of appends, takes and settlements, each round ended by a crash at an arbitrary moment.
#[test]
fn nothing_is_lost_and_nothing_that_was_done_durably_comes_back() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rounds = vec((1..30_usize, 0..20_usize, 0..20_usize), 1..6);
    let outcome = TestRunner::new(config).run(&rounds, |rounds| {
        let place = Place::new();
        let (mut accepted, mut done, mut delivered) = (0, BTreeSet::new(), BTreeSet::new());
        for (appends, takes, awaited) in rounds {
            let outbox = place.open();
            for _ in 0..appends {
                put(&outbox, &accepted.to_string());
                accepted += 1;
            }
            for (number, lease) in take(&outbox, takes).into_iter().enumerate() {
                let message = lease.delivery.event.message.clone();
                assert!(!done.contains(&message), "{message} came back");
                outbox.settle(lease.delivery.id, Settlement::Done, noon());
                let durable = outbox.flushed();
                if number < awaited {
                    wait(durable).unwrap();
                    done.insert(message.clone());
                }
                delivered.insert(message);
            }
            wait(outbox.abandon()).unwrap();
        }
        delivered
            .extend(take(&place.open(), 1000).into_iter().map(|lease| lease.delivery.event.message.clone()));
        assert_eq!(delivered.len(), accepted);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
