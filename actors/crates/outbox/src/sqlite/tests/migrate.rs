//! Folders of earlier versions. What `tests/fixtures/state` holds was written by the programs of those versions.

use std::fs;
use std::path::Path;

use campanile_domain::{DeliveryId, ObjectKey};
use jiff::Timestamp;
use rusqlite::Connection;

use super::{Place, open_in};
use crate::sqlite::schema;
use crate::suite::harness::{appended, entry, of_lane, refused, wait};
use crate::suite::reconciles::postponed;
use crate::{
    Acceptance, Browse, BrowseFilter, DeliveryState, DeliveryView, JournaledOutbox, MemoStore, Outbox,
    ReconcileStore, Scheduler, Settlement,
};

/// A copy of the folder that version 0.1.0 left.
fn left_by_0_1_0() -> Place {
    left_by("0.1.0")
}

/// A copy of a folder that an earlier program left.
fn left_by(version: &str) -> Place {
    let place = Place::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/state");
    fs::copy(fixtures.join(version).join("outbox.db"), place.path().join("outbox.db")).unwrap();
    place
}

/// A delivery as the rows of format 1 have it: number, state, attempts, namespace and name of the Provider, failure.
type Row = (i64, i64, u32, String, String, Option<String>);

fn rows(place: &Place) -> Vec<Row> {
    let connection = Connection::open(place.path().join("outbox.db")).unwrap();
    let sql =
        "SELECT id, state, attempts, provider_namespace, provider_name, failure FROM deliveries ORDER BY id";
    let mut statement = connection.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    };
    let rows = statement.query_map([], row).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The day on which the folder was left.
fn that_day(place: &Place) -> Timestamp {
    let connection = Connection::open(place.path().join("outbox.db")).unwrap();
    let last = connection.query_row("SELECT max(accepted_at) FROM events", [], |row| row.get(0)).unwrap();
    Timestamp::from_microsecond(last).unwrap()
}

fn all(outbox: &JournaledOutbox) -> Vec<DeliveryView> {
    let of = |dead| wait(outbox.list(BrowseFilter { dead, ..BrowseFilter::default() })).unwrap();
    let mut all = of(false);
    all.extend(of(true));
    all.sort_unstable_by_key(|view| view.id);
    all
}

/// A view with nothing but what its row in format 1 says.
fn row(view: &DeliveryView) -> Row {
    let state = match view.state {
        DeliveryState::Ready | DeliveryState::Leased => 0,
        DeliveryState::Retry => 1,
        DeliveryState::Parked => 2,
        DeliveryState::Dead => 3,
    };
    let ObjectKey { namespace, name } = &view.provider;
    let failure = view.failure.as_ref().map(|failure| serde_json::to_string(failure).unwrap());
    (view.id.0.number(), state, view.attempts, namespace.to_string(), name.to_string(), failure)
}

#[test]
fn a_folder_of_0_1_0_is_taken_over_as_it_is() {
    let place = left_by_0_1_0();
    let (rows, day) = (rows(&place), that_day(&place));
    assert_eq!(rows.len(), 100);
    let opened = open_in(place.path(), place.bounds, day).unwrap();
    assert_eq!(opened.moved_aside, None);
    let outbox = opened.outbox;
    let views = all(&outbox);
    assert_eq!(views.iter().map(row).collect::<Vec<_>>(), rows);
    assert!(views.iter().all(|view| view.id.to_string() == view.id.0.number().to_string()), "the ids stay");
    assert!(
        views.iter().all(|view| view.object.starts_with("Kustomization/flux-system/")),
        "the texts are sound"
    );
    let waiting = wait(outbox.unplanned(10)).unwrap();
    assert_eq!(waiting.len(), 3);
    assert!(waiting.iter().all(|waiting| waiting.event.action.is_none()), "T07: there was no action then");
    assert_eq!(wait(outbox.recall(&ObjectKey::new("flux-system", "git"))).unwrap().len(), 10);
    assert_eq!(outbox.stats().damaged, 0);
}

#[test]
fn old_and_new_deliveries_live_side_by_side() {
    let place = left_by_0_1_0();
    let day = that_day(&place);
    let open = || open_in(place.path(), place.bounds, day).unwrap().outbox;
    let outbox = open();
    wait(appended(&outbox, entry("new", vec![of_lane("new")]))).unwrap();
    let (retry, dead) = (ObjectKey::new("flux-system", "retry"), ObjectKey::new("flux-system", "dead"));
    let leases = wait(outbox.take(&retry, 2, day)).unwrap();
    outbox.settle(leases[0].delivery.id, Settlement::Done, day);
    outbox.settle(leases[1].delivery.id, Settlement::Dead(refused()), day);
    let letter = DeliveryId::numbered(92);
    let deadline = day + jiff::SignedDuration::from_hours(1);
    assert_eq!(wait(outbox.redrive(vec![letter], deadline)), Ok(1));
    wait(outbox.close()).unwrap();
    let outbox = open();
    let views = all(&outbox);
    let found = |id| views.iter().find(|view| view.id == id);
    assert_eq!(views.len(), 100, "one is done, one is new");
    assert!(found(leases[0].delivery.id).is_none());
    assert_eq!(found(leases[1].delivery.id).unwrap().failure, Some(refused()));
    assert_eq!(found(letter).unwrap().state, DeliveryState::Ready);
    assert_eq!(wait(outbox.take(&dead, 10, day)).unwrap()[0].delivery.id, letter);
    let new = views.iter().find(|view| view.id.0.origin() != 0).unwrap();
    assert!(new.id.0.number() > 220, "{new:?}");
    assert_eq!(outbox.stats().damaged, 0);
}

#[test]
fn issue_20_a_folder_of_format_2_is_taken_over_as_it_is() {
    let place = left_by("format-2");
    let (rows, day) = (rows(&place), that_day(&place));
    assert_eq!(rows.len(), 40);
    let opened = open_in(place.path(), place.bounds, day).unwrap();
    assert_eq!(opened.moved_aside, None);
    let outbox = opened.outbox;
    assert_eq!(all(&outbox).iter().map(row).collect::<Vec<_>>(), rows);
    assert!(all(&outbox).iter().all(|view| view.id.0.origin() != 0), "the ids stay");
    assert_eq!(wait(outbox.reconciles()), Ok(Vec::new()));
    let number = wait(outbox.postpone(vec![postponed("a", 0)])).unwrap();
    wait(outbox.close()).unwrap();
    let outbox = open_in(place.path(), place.bounds, day).unwrap().outbox;
    assert_eq!(wait(outbox.reconciles()), Ok(vec![(number[0], postponed("a", 0))]));
    assert_eq!((all(&outbox).len(), outbox.stats().damaged), (40, 0));
}

#[test]
fn a_migration_that_a_crash_cut_off_begins_again() {
    for (version, format, count) in [("0.1.0", 1, 5), ("format-2", 2, 3)] {
        cut_off(&|| left_by(version), format, count);
    }
}

fn cut_off(left: &dyn Fn() -> Place, format: i64, count: usize) {
    let steps = schema::migration(format);
    let steps: Vec<&str> = steps.split_inclusive(';').filter(|step| !step.trim().is_empty()).collect();
    assert_eq!(steps.len(), count);
    for done in 1..=steps.len() {
        let place = left();
        let (rows, day) = (rows(&place), that_day(&place));
        let connection = Connection::open(place.path().join("outbox.db")).unwrap();
        // So small a cache that pages are written before the end.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA cache_size = 1").unwrap();
        connection.execute_batch(&steps[..done].concat()).unwrap();
        let copy = Place::new();
        for name in ["outbox.db", "outbox.db-wal"] {
            fs::copy(place.path().join(name), copy.path().join(name)).unwrap();
        }
        let opened = open_in(copy.path(), copy.bounds, day).unwrap();
        assert_eq!(opened.moved_aside, None);
        assert_eq!(all(&opened.outbox).iter().map(row).collect::<Vec<_>>(), rows, "after {done} steps");
    }
}

#[test]
fn a_damaged_folder_of_0_1_0_is_mended_and_migrated() {
    let place = left_by_0_1_0();
    let (rows, day) = (rows(&place), that_day(&place));
    let path = place.path().join("outbox.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 0x55;
    fs::write(&path, bytes).unwrap();
    let opened = open_in(place.path(), place.bounds, day).unwrap();
    assert!(opened.moved_aside.is_some());
    assert_eq!(all(&opened.outbox).iter().map(row).collect::<Vec<_>>(), rows);
    assert_eq!(wait(opened.outbox.unplanned(10)).unwrap().len(), 3);
    assert_eq!(opened.outbox.stats().damaged, 0);
}

/// Earlier versions refuse a file with their message when its version is higher than theirs and confirmed by the application id.
#[test]
fn a_migrated_folder_says_to_earlier_versions_that_it_is_newer() {
    for version in ["0.1.0", "format-2"] {
        let place = left_by(version);
        let day = that_day(&place);
        wait(open_in(place.path(), place.bounds, day).unwrap().outbox.close()).unwrap();
        let header = fs::read(place.path().join("outbox.db")).unwrap();
        assert_eq!(header[60..64], [0, 0, 0, 3]);
        assert_eq!(header[68..72], *b"CMP\x03");
    }
}
