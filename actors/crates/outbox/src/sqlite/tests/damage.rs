//! Files that were changed behind the store's back.

use campanile_domain::FailureClass;

use super::{Place, dead, flush, put, settle, take, wait};
use crate::sqlite::SqliteJournal;
use crate::suite::harness::{appended, chat, entry, messages, of_lane, refused};
use crate::{Acceptance, Append, Browse, BrowseFilter, Outbox, OutboxError, Planned, Scheduler, Settlement};

/// A closed store with the lanes `a`, `b` and `c`, changed by `sql`.
fn damaged_by(sql: &str) -> Place {
    let place = Place::new();
    let outbox = place.open();
    for lane in ["a", "b", "c"] {
        put(&outbox, lane);
    }
    wait(outbox.close()).unwrap();
    place.edit(sql);
    place
}

/// The delivery of lane `b` must be dead and the others be delivered, now and after another opening.
fn costs_only_that_delivery(sql: &str) {
    let place = damaged_by(sql);
    let outbox = place.open();
    assert_eq!(messages(&take(&outbox, 10)), ["a", "c"], "after {sql}");
    let letters = dead(&outbox);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].failure.as_ref().unwrap().class, FailureClass::Damaged);
    assert_eq!(outbox.stats().damaged, 1);
    flush(&outbox);
    wait(outbox.abandon()).unwrap();
    let outbox = place.open();
    assert_eq!(dead(&outbox).len(), 1);
    assert_eq!(messages(&take(&outbox, 10)), ["a", "c"]);
}

const B: &str = "WHERE plan ->> 'lane' = 'b'";

#[test]
fn a_changed_plan_costs_only_its_delivery() {
    costs_only_that_delivery(&format!(
        "UPDATE deliveries SET plan = replace(plan, 'on-call', 'on-cell') {B}"
    ));
}

#[test]
fn a_plan_that_is_cut_off_costs_only_its_delivery() {
    costs_only_that_delivery(&format!("UPDATE deliveries SET plan = substr(plan, 1, 20) {B}"));
}

#[test]
fn changed_columns_cost_only_their_delivery() {
    for column in
        ["event", "event_bytes", "state", "at", "deadline", "attempts", "lane", "checksum", "origin"]
    {
        costs_only_that_delivery(&format!("UPDATE deliveries SET {column} = {column} + 1 {B}"));
    }
    costs_only_that_delivery(&format!("UPDATE deliveries SET state = 77, attempts = -3 {B}"));
}

#[test]
fn a_changed_event_costs_only_its_deliveries() {
    costs_only_that_delivery(
        "UPDATE events SET body = replace(body, 'podinfo', 'podinfa') WHERE body ->> 'message' = 'b'",
    );
    costs_only_that_delivery(
        "UPDATE events SET accepted_at = accepted_at + 1 WHERE body ->> 'message' = 'b'",
    );
    costs_only_that_delivery("DELETE FROM events WHERE body ->> 'message' = 'b'");
}

#[test]
fn a_dead_letter_whose_reason_is_gone_still_has_one() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    let leased = take(&outbox, 1)[0].delivery.id;
    let dead_now = Settlement::Dead(refused());
    settle(&outbox, [leased], &dead_now);
    wait(outbox.close()).unwrap();
    place.edit("UPDATE deliveries SET failure = NULL");
    let letters = dead(&place.open());
    assert_eq!(letters[0].failure.as_ref().unwrap().class, FailureClass::Damaged);
}

#[test]
fn a_changed_provider_is_not_notified() {
    let place = damaged_by(&format!("UPDATE deliveries SET provider_name = 'chot' {B}"));
    let outbox = place.open();
    assert_eq!(outbox.providers_with_work(), [chat()]);
    assert_eq!(dead(&outbox).len(), 1);
}

#[test]
fn what_is_damaged_stays_listed_and_does_not_come_back_by_a_redrive() {
    let place = damaged_by(&format!("UPDATE deliveries SET plan = '{{}}' {B}"));
    let outbox = place.open();
    take(&outbox, 10);
    let letter = dead(&outbox).remove(0);
    assert_eq!(letter.object, "");
    assert_eq!(wait(outbox.redrive(vec![letter.id], letter.accepted_at)), Ok(1));
    assert!(take(&outbox, 10).is_empty());
    assert_eq!(dead(&outbox).len(), 1);
    assert_eq!(outbox.stats().damaged, 2);
}

#[test]
fn a_damaged_event_without_a_plan_is_set_aside() {
    let place = Place::new();
    let outbox = place.open();
    for message in ["one", "two"] {
        wait(appended(&outbox, Append { plan: Planned::Later, ..entry(message, Vec::new()) })).unwrap();
    }
    wait(outbox.close()).unwrap();
    place.edit("UPDATE events SET body = replace(body, 'one', 'eno')");
    let outbox = place.open();
    let found = wait(outbox.unplanned(10)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].event.message, "two");
    let stats = outbox.stats();
    assert_eq!((stats.unplanned, stats.damaged), (1, 1));
    wait(outbox.abandon()).unwrap();
    assert_eq!(place.open().stats().unplanned, 1);
}

#[test]
fn damage_that_shows_while_running_is_an_error_and_no_panic() {
    let place = Place::new();
    let outbox = place.open();
    put(&outbox, "a");
    outbox.on_journal(|store: &mut SqliteJournal| {
        store.connection.execute_batch("DROP TABLE deliveries").unwrap();
    });
    assert!(matches!(wait(appended(&outbox, entry("b", vec![of_lane("b")]))), Err(OutboxError::Store(_))));
    assert_eq!(outbox.stats().failed_writes, 1);
    assert_eq!(messages(&take(&outbox, 10)), ["a"]);
    assert!(wait(outbox.list(BrowseFilter::default())).is_err());
    assert_eq!(outbox.stats().providers[&campanile_domain::ObjectKey::new("apps", "chat")].pending, 1);
    drop(wait(outbox.close()));
    let reopened = place.opened();
    assert!(reopened.moved_aside.is_some());
}
