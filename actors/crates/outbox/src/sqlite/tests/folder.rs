//! Opening and closing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use campanile_testkit::noon;
use jiff::SignedDuration;
use tempfile::TempDir;

use super::{Place, open_in, put, take, wait};
use crate::suite::harness::messages;
use crate::{Bounds, Browse, OpenError, Outbox, Stats};

#[test]
fn a_folder_that_is_held_is_named_and_free_after_a_close() {
    let place = Place::new();
    let outbox = place.open();
    let error = open_in(place.path(), Bounds::default(), noon()).err().unwrap();
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(error.to_string().contains(place.path().to_str().unwrap()));
    wait(outbox.close()).unwrap();
    place.open();
}

#[test]
fn a_folder_that_can_not_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = open_in(&file.join("state"), Bounds::default(), noon()).err().unwrap();
    assert!(matches!(error, OpenError::NotWritable { .. }));
}

#[test]
fn what_is_made_is_for_this_user_alone_and_so_is_what_an_earlier_version_made() {
    let above = TempDir::new().unwrap();
    let folder = above.path().join("state");
    let opened = open_in(&folder, Bounds::default(), noon()).unwrap();
    put(&opened.outbox, "a");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["lock", "outbox.db", "outbox.db-wal"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    wait(opened.outbox.close()).unwrap();
    fs::set_permissions(folder.join("outbox.db"), fs::Permissions::from_mode(0o644)).unwrap();
    open_in(&folder, Bounds::default(), noon()).unwrap();
    assert_eq!(mode(&folder.join("outbox.db")), 0o600);
}

#[test]
fn a_link_or_a_pipe_in_the_place_of_a_file_is_refused_and_not_followed() {
    for name in ["lock", "outbox.db", "outbox.db-wal"] {
        for is_pipe in [false, true] {
            let place = Place::new();
            let (path, target) = (place.path().join(name), place.path().join("elsewhere"));
            if is_pipe {
                let mode = rustix::fs::Mode::from_raw_mode(0o600);
                rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            } else {
                std::os::unix::fs::symlink(&target, &path).unwrap();
            }
            let error = open_in(place.path(), Bounds::default(), noon()).err().unwrap();
            assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
            assert!(
                error.to_string().contains(&format!("'{name}' is a link, a pipe or a folder")),
                "{error}"
            );
            assert!(!target.exists());
        }
    }
}

#[test]
fn a_missing_folder_is_made() {
    let folder = TempDir::new().unwrap();
    let deep = folder.path().join("a/b");
    let opened = open_in(&deep, Bounds::default(), noon()).unwrap();
    assert_eq!(opened.moved_aside, None);
    put(&opened.outbox, "a");
    assert!(deep.join("outbox.db").exists());
}

#[test]
fn a_file_that_is_no_database_is_moved_aside_and_three_are_kept() {
    let place = Place::new();
    for round in 0..5 {
        fs::write(
            place.path().join("outbox.db"),
            format!("this is file number {round} and no database at all"),
        )
        .unwrap();
        let now = noon() + SignedDuration::from_secs(round);
        let opened = open_in(place.path(), place.bounds, now).unwrap();
        let aside = opened.moved_aside.unwrap();
        assert_eq!(aside, place.path().join(format!("outbox.db.damaged-{}", now.as_second())));
        assert!(fs::read_to_string(&aside).unwrap().contains(&format!("number {round}")));
        // Its one page cannot be read.
        assert_eq!(opened.outbox.stats(), Stats { damaged: 1, ..Stats::default() });
        put(&opened.outbox, "a");
        wait(opened.outbox.close()).unwrap();
    }
    let aside = fs::read_dir(place.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().contains("damaged"));
    assert_eq!(aside.count(), 3);
}

#[test]
fn two_files_of_one_second_are_both_kept() {
    let place = Place::new();
    let aside = || {
        fs::write(place.path().join("outbox.db"), "no database at all, whoever looks at it").unwrap();
        let opened = place.opened();
        wait(opened.outbox.close()).unwrap();
        opened.moved_aside.unwrap()
    };
    let (first, second) = (aside(), aside());
    assert!(first != second && first.exists() && second.exists());
}

#[test]
fn a_database_of_something_else_is_moved_aside() {
    let place = Place::new();
    place.edit("CREATE TABLE songs (name TEXT)");
    let opened = place.opened();
    assert!(opened.moved_aside.is_some());
    put(&opened.outbox, "a");
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    wait(outbox.close()).unwrap();
    place.edit("PRAGMA user_version = 4; PRAGMA application_id = 0x434D5004");
    let error = open_in(place.path(), place.bounds, noon()).err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 4, .. }));
    place.edit("PRAGMA user_version = 3; PRAGMA application_id = 0x434D5003");
    assert_eq!(messages(&take(&place.open(), 10)), ["a"]);
}

#[test]
fn an_operator_can_read_the_file() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    wait(outbox.close()).unwrap();
    let connection = rusqlite::Connection::open(place.path().join("outbox.db")).unwrap();
    let sql = "SELECT state, provider, accepted, event ->> 'message', plan ->> 'lane' FROM overview";
    let shown: [String; 5] = connection
        .query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]))
        .unwrap();
    assert_eq!(shown, ["ready", "apps/chat", "2026-08-07 12:00:00", "a", "a"]);
}
